"""What the sessions of a run say of its columns and settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradscope.errors import RunError
from gradscope.layout import Layout
from gradscope.tensorboard import metadata
from gradscope.tensorboard.tracks import Datum


@dataclass(frozen=True)
class Sessions:
    """All sessions of a run, from its tag `_gradscope_/run`.

    layouts: what a tag ends with -> the columns under such tags.
    suffix: what the tags of the last session end with.
    info: the facts of the start of the last session.
    notes: one sentence for each thing that could not be read.
    """

    layouts: Mapping[str, Layout]
    suffix: str
    info: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        """The columns of the last session."""
        return self.layouts.get(self.suffix, Layout({}))

    @property
    def pulses(self) -> tuple[str, ...]:
        """The tags in which the progress of a run is seen, the last session's first."""
        own = [self.suffix, *(suffix for suffix in self.layouts if suffix != self.suffix)]
        found = (pulse(self.layouts[suffix], suffix) for suffix in own if suffix in self.layouts)
        return tuple(tag for tag in found if tag is not None)


def pulse(layout: Layout, suffix: str) -> str | None:
    """The tag that is written last of each record, or None for a layout without columns.

    Whoever sees a step there finds it under all other tags as well.
    """
    held = [statistic for statistic, names in layout.columns.items() if names]
    return metadata.statistic_tag(held[-1], suffix) if held else None


def read_sessions(values: Sequence[Datum]) -> Sessions:
    """What the values of `_gradscope_/run` say, in the order of writing.

    What can't be read is left out and noted.

    Raises NewerSchemaError where a newer gradscope wrote one of them.
    """
    layouts: dict[str, Layout] = {}
    suffix = ""
    info: dict[str, Any] = {}
    notes: list[str] = []
    for one in values:
        try:
            data = json.loads(text_of(one))
            metadata.check_version(data["version"])
            info = dict(data["info"])
            suffix = str(data["suffix"])
            layouts[suffix] = Layout.from_json(json.dumps(data["layout"]))
        except metadata.NewerSchemaError:
            raise
        except (RunError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            notes.append(f"{metadata.RUN_TAG!r} of step {one.step} can't be read.")
    return Sessions(layouts, suffix, info, tuple(notes))


def text_of(value: Datum) -> bytes:
    """The text that a tag holds as a string.

    Raises ValueError where the value is no single string.
    """
    text = value.numpy.item()
    if not isinstance(text, bytes):
        raise ValueError(f"expected text, got {type(text).__name__}")
    return text
