"""The values under TensorBoard's tags, put together to one array a statistic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Datum(Protocol):
    """One value under a tag, as TensorBoard's data provider hands it out."""

    @property
    def step(self) -> int:
        """The optimizer step."""
        ...

    @property
    def wall_time(self) -> float:
        """Seconds since the epoch."""
        ...

    @property
    def numpy(self) -> Any:
        """The value, an array of any shape and type."""
        ...


@dataclass(frozen=True)
class Track:
    """Values over the steps.

    steps: int64[S], strictly ascending.
    wall_times: float64[S], seconds since the epoch.
    values: float32[S, L].
    misfits: how many values were left out because they were of another shape.
    """

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32]
    misfits: int = 0

    @property
    def nbytes(self) -> int:
        """Of all arrays."""
        return self.steps.nbytes + self.wall_times.nbytes + self.values.nbytes


def track(data: Sequence[Datum], width: int) -> Track:
    """The values of one tag, of which each has `width` numbers.

    data: in the order in which they were written. Where steps go back, the later write wins.
    """
    fitting = [one for one in data if one.numpy.shape == (width,) and one.numpy.dtype == np.float32]
    steps = np.fromiter((one.step for one in fitting), np.int64, len(fitting))
    wall_times = np.fromiter((one.wall_time for one in fitting), np.float64, len(fitting))
    rows = [one.numpy for one in fitting]
    flat = np.concatenate(rows, dtype=np.float32) if rows else np.empty(0, np.float32)
    values = flat.reshape(len(rows), width)
    holds = _written_last(steps)
    if not holds.all():
        steps, wall_times, values = steps[holds], wall_times[holds], values[holds]
    return Track(steps, wall_times, values, len(data) - len(fitting))


def merged(
    parts: Sequence[tuple[Track, tuple[str, ...]]],
    names: tuple[str, ...],
    steps: NDArray[np.int64] | None = None,
) -> Track:
    """One track of what sessions with different layouts recorded of one statistic.

    parts: (track, its names), in any order.
    names: the L names of the result; NaN where a part lacks one of them.
    steps: further steps that the result is to have, as rows of NaN, or None.

    Of values of one step, the one written later wins.
    """
    if len(parts) == 1 and parts[0][1] == names and _covers(parts[0][0].steps, steps):
        return parts[0][0]
    rows = [part.steps for part, _ in parts] + ([] if steps is None else [steps])
    every = np.unique(np.concatenate(rows)) if rows else np.empty(0, np.int64)
    values = np.full((len(every), len(names)), np.nan, np.float32)
    wall_times = np.full(len(every), -np.inf)
    place = {name: column for column, name in enumerate(names)}
    for part, held in parts:
        shared = [index for index, name in enumerate(held) if name in place]
        columns = [place[held[index]] for index in shared]
        where = np.searchsorted(every, part.steps)
        later = part.wall_times > wall_times[where]
        where = where[later]
        wall_times[where] = part.wall_times[later]
        values[where] = np.nan
        values[where[:, None], columns] = part.values[later][:, shared]
    wall_times[np.isneginf(wall_times)] = np.nan
    return Track(every, wall_times, values, sum(part.misfits for part, _ in parts))


def _covers(own: NDArray[np.int64], others: NDArray[np.int64] | None) -> bool:
    return others is None or bool(np.isin(others, own).all())


def _written_last(steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[S]: False for a step that was written again, or gone back behind, later on."""
    holds = np.ones(len(steps), np.bool_)
    if len(steps) > 1:
        least_after = np.minimum.accumulate(steps[:0:-1])[::-1]
        holds[:-1] = steps[:-1] < least_after
    return holds
