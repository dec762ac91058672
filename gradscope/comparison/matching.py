"""Which steps and which rows of two runs belong together."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gradscope.records import RunView

Values = NDArray[np.float32]

_COUNTED = re.compile(r"(?P<base>.*?)(?:_(?P<count>\d+))?(?P<rest>[@\[#].*)?")
"""A part of a path: a name, the counter that Keras gave it, and which call or output it is."""


@dataclass(frozen=True)
class Match:
    """Two runs side by side.

    names: name in b -> name in a, of the variables and layers that both have.
    only_a, only_b: the names of the others, in depth order.
    """

    a: RunView
    b: RunView
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """int64[S], the steps that both recorded, ascending."""
        return np.intersect1d(_steps(self.a), _steps(self.b), assume_unique=True)

    @cached_property
    def _rows(self) -> tuple[NDArray[np.intp] | None, NDArray[np.intp] | None]:
        """Where the shared steps are in each run; None for all of them."""
        found: list[NDArray[np.intp] | None] = []
        for run in (self.a, self.b):
            steps = _steps(run)
            same = len(steps) == len(self.steps)
            found.append(None if same else np.searchsorted(steps, self.steps))
        return found[0], found[1]

    def shared(self, statistic: str) -> tuple[tuple[str, ...], Values, Values]:
        """(names as a has them, float32[S, L] of a, float32[S, L] of b) at the shared steps.

        No names where one of the runs doesn't record the statistic.
        """
        ours = self.a.names(statistic)
        theirs = {
            self.names.get(name, name): place for place, name in enumerate(self.b.names(statistic))
        }
        common = tuple(name for name in ours if name in theirs)
        if not common:
            empty = np.empty((len(self.steps), 0), np.float32)
            return (), empty, empty
        place = {name: index for index, name in enumerate(ours)}
        columns = ([place[name] for name in common], [theirs[name] for name in common])
        pair = [
            _cut(run.series(statistic)[1], rows, chosen)
            for run, rows, chosen in zip((self.a, self.b), self._rows, columns, strict=True)
        ]
        return common, pair[0], pair[1]


def match(a: RunView, b: RunView) -> Match:
    """The two runs side by side.

    Names that both have belong together. Keras counts the names that it gives, so that the second
    model of a process has `sequential_1/dense_3/kernel` for `sequential/dense/kernel`. Where the
    names differ, they are compared with each counter replaced by its place among its equals
    (`dense_3`, `dense_5` -> 1st, 2nd). If then all names are the same, they belong together. If
    not, the model's own name, the first part of all paths, is left out, and what then has one name
    belongs together.
    """
    ours, theirs = _paths(a), _paths(b)
    names = _ranked(ours, theirs) or _without_model(ours, theirs)
    matched = set(names.values())
    # dropout has no row; a run without it still matches one with it
    dropping = _dropping(a), _dropping(b)
    return Match(
        a,
        b,
        {**(_ranked(*dropping) or _without_model(*dropping)), **names},
        tuple(name for name in ours if name not in matched),
        tuple(name for name in theirs if name not in names),
    )


def _paths(run: RunView) -> tuple[str, ...]:
    """The names of the variables and layers, each once, in depth order."""
    found: dict[str, None] = {}
    for statistic in ("grad_norm", "weight_norm", "activation_rms", "activation_mean"):
        found |= dict.fromkeys(run.names(statistic))
    return tuple(found)


def _dropping(run: RunView) -> tuple[str, ...]:
    """The layers of the run that drop values."""
    facts = run.info.get("dropout")
    return tuple(map(str, cast(Mapping[str, Any], facts))) if isinstance(facts, Mapping) else ()


def _ranked(ours: tuple[str, ...], theirs: tuple[str, ...]) -> dict[str, str]:
    """name in b -> name in a, where the names are the same but for counters; else empty."""
    if set(ours) == set(theirs):
        return {name: name for name in theirs}
    left, right = _ranks(ours), _ranks(theirs)
    if set(left.values()) != set(right.values()):
        return {}
    back = {key: name for name, key in left.items()}
    if len(back) < len(ours) or len(set(right.values())) < len(theirs):
        return {}
    return {name: back[key] for name, key in right.items()}


def _ranks(paths: Iterable[str]) -> dict[str, str]:
    """path -> the path with each counter replaced by its rank among those of its equals."""
    split = {path: [_part(part) for part in path.split("/")] for path in paths}
    counts: dict[tuple[str, ...], set[int]] = {}
    for parts in split.values():
        for depth, (base, count, _) in enumerate(parts):
            counts.setdefault(_key(parts, depth, base), set()).add(count)
    ranks = {
        key: {count: rank for rank, count in enumerate(sorted(found))}
        for key, found in counts.items()
    }
    return {
        path: "/".join(
            f"{base}:{ranks[_key(parts, depth, base)][count]}{rest}"
            for depth, (base, count, rest) in enumerate(parts)
        )
        for path, parts in split.items()
    }


def _key(parts: list[tuple[str, int, str]], depth: int, base: str) -> tuple[str, ...]:
    return (*(f"{name}_{count}" for name, count, _ in parts[:depth]), base)


def _part(text: str) -> tuple[str, int, str]:
    """(name, counter or 0, which call or output) of one part of a path."""
    found = _COUNTED.fullmatch(text)
    if found is None:
        return text, 0, ""
    return found["base"], int(found["count"] or 0), found["rest"] or ""


def _without_model(ours: tuple[str, ...], theirs: tuple[str, ...]) -> dict[str, str]:
    """name in b -> name in a, the same but for the model's own name, which leads all paths."""
    first, second = _model(ours), _model(theirs)
    if first is None or second is None:
        known = set(ours)
        return {name: name for name in theirs if name in known}
    short = {name.removeprefix(first): name for name in ours}
    renamed = {name: name.removeprefix(second) for name in theirs}
    ranked = _ranked(tuple(short), tuple(renamed.values()))
    common = ranked or {name: name for name in renamed.values() if name in short}
    return {name: short[common[new]] for name, new in renamed.items() if new in common}


def _model(paths: tuple[str, ...]) -> str | None:
    """The first part of all paths, or None where they don't share it."""
    firsts = {path.partition("/")[0] for path in paths}
    nested = all("/" in path for path in paths)
    return firsts.pop() if nested and len(firsts) == 1 else None


def _steps(run: RunView) -> NDArray[np.int64]:
    statistics = run.statistics
    return run.series(statistics[0])[0] if statistics else np.empty(0, np.int64)


def _cut(values: Values, rows: NDArray[np.intp] | None, columns: list[int]) -> Values:
    """Some rows (None: all) and columns; a view where nothing has to be copied."""
    if columns != list(range(values.shape[1])):
        values = values[:, columns]
    return values if rows is None else values[rows]
