"""Many steps in few columns, so that no spike, NaN or Inf gets lost."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Columns:
    """Where the columns of a picture begin and end.

    starts: int64[C], the place in the steps at which each column begins, ascending.
    begin, end: the places of the range, end excluded; the last column ends there.
    """

    starts: Steps
    begin: int
    end: int


def columns(steps: Steps, first: int | None, last: int | None, most: int) -> Columns:
    """The columns of the steps from `first` to `last`, both included.

    steps: int64[S], ascending.
    first, last: None for the first and the last step there is.
    most: at least 1. Where the range holds no more steps than that, each has a column of its own.
        Else all columns are equally wide in steps, and those without a recorded step are left
        out: on a linear axis of steps each is as wide as a pixel, wherever more was recorded.

    >>> columns(np.array([0, 1, 2, 3, 10]), None, None, 3).starts
    array([0, 4])
    """
    begin = 0 if first is None else int(np.searchsorted(steps, first, "left"))
    end = len(steps) if last is None else int(np.searchsorted(steps, last, "right"))
    end = max(begin, end)
    if end - begin <= most:
        return Columns(np.arange(begin, end, dtype=np.int64), begin, end)
    inside = steps[begin:end]
    offsets = (inside - inside[0]).astype(np.float64)
    number = np.floor(offsets * (most / (offsets[-1] + 1))).astype(np.int64)
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    return Columns(starts.astype(np.int64) + begin, begin, end)


def largest(values: Floats, where: Columns) -> Floats:
    """float32[L, C]: the largest value of each column of steps.

    values: float32[S, L]. NaN where any value of the column is NaN, else Inf where any is
    infinite, be it −Inf.
    """
    inside = values[where.begin : where.end]
    if not len(where.starts):
        return np.empty((values.shape[1], 0), np.float32)
    binned = _reduce(np.maximum, inside, where)
    if np.isneginf(inside.min(initial=np.inf)) or np.isnan(binned).any():
        # Seldom: −Inf hides behind any number, and np.min can't be asked beside NaN.
        infinite = _reduce(np.logical_or, np.isneginf(inside), where)
        binned[infinite & ~np.isnan(binned)] = np.inf
    return np.ascontiguousarray(binned.T)


def smallest(values: Floats, where: Columns) -> Floats:
    """float32[L, C]: the smallest finite value of each column of steps, NaN where there is none.

    values: float32[S, L].
    """
    inside = values[where.begin : where.end]
    if not len(where.starts):
        return np.empty((values.shape[1], 0), np.float32)
    binned = _reduce(np.minimum, np.where(np.isfinite(inside), inside, np.float32(np.inf)), where)
    binned[np.isinf(binned)] = np.nan
    return np.ascontiguousarray(binned.T)


def extent(values: Floats, positive: bool) -> tuple[float | None, float | None]:
    """(lowest, highest) of all finite values, of the positive ones where `positive`; or None, None.

    >>> extent(np.array([[0.0, 0.5], [np.inf, 2.0]], np.float32), positive=True)
    (0.5, 2.0)
    """
    counts = np.isfinite(values)
    if positive:
        counts &= values > 0
    if not counts.any():
        return None, None
    lowest = np.min(values, where=counts, initial=np.inf)
    highest = np.max(values, where=counts, initial=-np.inf)
    return float(lowest), float(highest)


def _reduce(function: np.ufunc, inside: NDArray[Any], where: Columns) -> NDArray[Any]:
    """[C, L]: a function over the steps of each column."""
    starts = where.starts - where.begin
    if len(starts) == len(inside):
        return inside.copy()
    ends = np.append(starts[1:], len(inside))
    result = np.empty((len(starts), inside.shape[1]), inside.dtype)
    # Not reduceat: along the first axis of an array of 500 columns it takes four times as long.
    for column, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        function.reduce(inside[start:end], axis=0, out=result[column])
    return result
