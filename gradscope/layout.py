"""Which column of a row holds which number: (statistic, name) <-> column of float32[slots]."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gradscope.errors import RunError


@dataclass(frozen=True)
class Layout:
    """The columns of one run's rows, statistic after statistic.

    columns: statistic -> the names its values belong to: `Variable.path` for statistics per
        variable, layer paths for those per layer, class numbers for those per class, the
        statistic's own name for those per step.

    >>> layout = Layout({"grad_norm": ("dense/kernel", "dense/bias"), "loss": ("loss",)})
    >>> layout.slots
    3
    >>> layout.where("loss")
    slice(2, 3, None)
    >>> Layout.from_json(layout.to_json()) == layout
    True
    """

    columns: Mapping[str, tuple[str, ...]]

    def names(self, statistic: str) -> tuple[str, ...]:
        """The names of a statistic's columns; empty where the run doesn't record it."""
        return self.columns.get(statistic, ())

    @cached_property
    def slots(self) -> int:
        """The number of columns."""
        return sum(len(names) for names in self.columns.values())

    @cached_property
    def _slices(self) -> dict[str, slice]:
        slices: dict[str, slice] = {}
        start = 0
        for statistic, names in self.columns.items():
            slices[statistic] = slice(start, start + len(names))
            start += len(names)
        return slices

    def where(self, statistic: str) -> slice:
        """The slice of a row that holds a statistic.

        Raises KeyError for a statistic that the layout lacks.
        """
        return self._slices[statistic]

    @cached_property
    def digest(self) -> str:
        """Eight hex digits that differ where the columns differ."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:8]

    def to_json(self) -> str:
        """The columns as JSON text, order kept."""
        return json.dumps({key: list(names) for key, names in self.columns.items()})

    @classmethod
    def from_json(cls, text: str) -> "Layout":
        """The layout written by `to_json`.

        Raises RunError where the text is no layout.
        """
        try:
            raw = json.loads(text)
            return cls({str(key): tuple(map(str, names)) for key, names in raw.items()})
        except (ValueError, AttributeError, TypeError) as error:
            raise RunError(
                f"Layout.from_json: expected an object of lists, got {text[:80]!r}"
            ) from error

    def __hash__(self) -> int:
        return hash(self.digest)


def model_prefix(paths: Sequence[str]) -> str:
    """The model's own name with a slash, where it begins all paths; else "".

    It differs from run to run, and in a table it says nothing.

    >>> model_prefix(["net/first/kernel", "net/last/kernel"])
    'net/'
    >>> model_prefix(["dense/kernel", "dense/bias"])
    ''
    """
    first = {path.partition("/")[0] for path in paths}
    nested = all("/" in path for path in paths) and any(path.count("/") > 1 for path in paths)
    return first.pop() + "/" if nested and len(first) == 1 else ""
