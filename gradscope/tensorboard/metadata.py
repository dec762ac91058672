"""How a run's tensors are named and described on disk; shared by the run's writer and the tab.

| tag | value | step |
|---|---|---|
| `_gradscope_/run` | string: JSON of layout and info | a session's first |
| `_gradscope_/<statistic>` | float32[L] | each recorded one |
| `_gradscope_/<statistic>.<digest>` | the same, once the layout changed | each recorded one |
| `_gradscope_/validation/<metric>` | float64 scalar | as given to `Scope.validate` |
| `_gradscope_/verdicts` | string: JSON list of verdicts | each diagnosis |
| `_gradscope_/overhead` | string: JSON of what recording costs | when it changed |
| `_gradscope_detail_/watch` | string: JSON list of layers watched closely | each change |
| `_gradscope_detail_/<kind>/<path>` | float32[n]; see `gradscope.detail` | some recorded |

Details have a prefix of their own: a reader that doesn't know them takes them for nothing of ours.
TensorBoard keeps a tag's metadata from its first value only, hence the digest.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gradscope.catalog import BY_NAME
from gradscope.detail import BY_NAME as KINDS
from gradscope.detail import parts_of
from gradscope.errors import RunError
from gradscope.layout import Layout
from gradscope.tensorboard.protos import DATA_CLASS_TENSOR, SummaryMetadata

PLUGIN_NAME = "gradscope"
SCHEMA_VERSION = 1
"""Raised by one when an older reader would misread what is written."""

PREFIX = "_gradscope_/"
"""Tags are unique per run over all plugins, so ours have a prefix that nobody else writes."""

RUN_TAG = PREFIX + "run"
VERDICTS_TAG = PREFIX + "verdicts"
OVERHEAD_TAG = PREFIX + "overhead"
VALIDATION_PREFIX = PREFIX + "validation/"
DETAIL_PREFIX = "_gradscope_detail_/"
WATCH_TAG = DETAIL_PREFIX + "watch"


@dataclass(frozen=True)
class Content:
    """What the metadata of a tag says about its values.

    kind: "layers" for statistics per variable or layer, "classes", "step", "validation", "run",
        "verdicts", "watch", "detail" for a series of details.
    names: the L names of the values; empty where the value is a string.
    statistic: the statistic or metric, or "".
    scale: how to draw it: "log", "linear" or "share".
    unit: of one value.
    """

    kind: str
    names: tuple[str, ...] = ()
    statistic: str = ""
    scale: str = "linear"
    unit: str = ""

    def to_bytes(self) -> bytes:
        """The content as JSON, with the schema version."""
        return json.dumps({"version": SCHEMA_VERSION, **asdict(self)}).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Content":
        """The content written by `to_bytes`.

        Raises RunError where it comes from a newer schema or is no such content.
        """
        try:
            data = json.loads(raw)
            check_version(data["version"])
            return cls(
                kind=str(data["kind"]),
                names=tuple(map(str, data["names"])),
                statistic=str(data["statistic"]),
                scale=str(data["scale"]),
                unit=str(data["unit"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"Content.from_bytes: not a gradscope tag: {raw[:80]!r}") from error


def check_version(version: Any) -> None:
    """Nothing for a schema version that this gradscope reads.

    Raises NewerSchemaError for a newer one, ValueError for anything that is no version.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ValueError(f"expected a schema version, got {version!r}")
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"The run was written by a newer gradscope (schema version {version}; this one reads "
            f"up to {SCHEMA_VERSION}). Upgrade with: pip install --upgrade gradscope"
        )


class NewerSchemaError(RunError):
    """A run was written by a newer gradscope than the one that reads it."""


def statistic_tag(statistic: str, suffix: str = "") -> str:
    """The tag of a statistic.

    >>> statistic_tag("grad_norm"), statistic_tag("grad_norm", ".0a1b2c3d")
    ('_gradscope_/grad_norm', '_gradscope_/grad_norm.0a1b2c3d')
    """
    return f"{PREFIX}{statistic}{suffix}"


def statistic_content(statistic: str, names: tuple[str, ...]) -> Content:
    """What a statistic's tag says of itself, with scale and unit from the catalogue."""
    entry = BY_NAME.get(statistic)
    if entry is None:
        return Content("layers", names, statistic)
    kind = {"step": "step", "class": "classes"}.get(entry.per, "layers")
    return Content(kind, names, statistic, entry.scale, entry.unit)


def detail_content(key: str, names: tuple[str, ...]) -> Content:
    """What the tag of a series of details says of itself, with scale and unit of its kind."""
    kind, _ = parts_of(key)
    entry = KINDS.get(kind)
    return Content("detail", names, kind, *((entry.scale, entry.unit) if entry else ()))


def layouts_of(contents: Mapping[str, Content]) -> dict[str, Layout]:
    """What a tag ends with -> layout, from the tags' own descriptions, for a damaged start."""
    columns: dict[str, dict[str, tuple[str, ...]]] = {}
    for tag, content in contents.items():
        if content.kind in ("layers", "classes", "step"):
            suffix = tag.removeprefix(statistic_tag(content.statistic))
            columns.setdefault(suffix, {})[content.statistic] = content.names
    return {suffix: Layout(found) for suffix, found in columns.items()}


def summary_metadata(content: Content) -> SummaryMetadata:
    """TensorBoard's metadata of a tag of ours."""
    metadata = SummaryMetadata()
    metadata.plugin_data.plugin_name = PLUGIN_NAME
    metadata.plugin_data.content = content.to_bytes()
    # Without a data class the data server does not list the tag at all.
    metadata.data_class = DATA_CLASS_TENSOR
    return metadata
