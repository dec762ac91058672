"""Do weights and statistics agree, but for rounding?

XLA fuses a recorded step otherwise than the plain one, and a GPU sums in another order than a CPU:
results differ in their last digits, and training makes such differences grow. Adam divides a
gradient by its own size, so that one of pure rounding noise moves a weight as far as any other. How
far rounding alone gets is measured, not guessed: runs that begin with weights nudged by one unit in
the last place are compared with the run itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.gpu.state import Array

WEIGHTS = 1e-6
"""Relative difference of weights that is rounding in any case."""

STATISTICS = 1e-3
"""Relative difference of a statistic that is rounding in any case: 10⁵ float32 additions in two
orders differ by about this at worst."""

BESIDE = 1e-6
"""The same for a statistic that nearly vanishes beside that of other layers."""

SHARE = 1e-3
"""The same for a share of elements, absolute."""

TIMES_NUDGED = 4.0
"""How many times as far as the nudged runs a run may be: there are few of those."""

NO_GRADIENT = 1e-6
"""A gradient whose norm is smaller than this share of the largest one is taken for 0 but for
rounding, as that of the bias of an attention's keys, or of a convolution before a normalization:
what it is and where it moves its variable depends on the order of every addition."""

STRAY = 0.002
"""Share of statistics that may lie beyond their limit, one at least: a maximum that changes its
place, an element on the edge of being counted."""


@dataclass(frozen=True)
class Weights:
    """How far two trainings are apart, in the variable that comes nearest to its limit.

    relative: max |a − b| / max |a|; 0 where all variables are the same to the bit.
    nudged: the same of the first training and its nudged runs; limit: what is taken for rounding.
        Of this one variable: where the true gradient is 0, rounding alone decides how it moves.
    """

    relative: float
    variable: str
    nudged: float
    limit: float

    @property
    def agree(self) -> bool:
        """True within the limit."""
        return self.relative <= self.limit


@dataclass(frozen=True)
class Stray:
    """A statistic beyond its limit; step counts from 0."""

    statistic: str
    name: str
    step: int
    found: float
    expected: float
    limit: float


@dataclass(frozen=True)
class Statistics:
    """How two tables of statistics compare.

    values: compared ones; median: of their relative differences.
    undetermined: those left out, of variables whose true gradient is 0.
    stray: those beyond their limits, the farthest first.
    """

    values: int
    median: float
    undetermined: int
    stray: tuple[Stray, ...]

    @property
    def agree(self) -> bool:
        """True where no more are beyond their limits than may be."""
        return self.values > 0 and len(self.stray) <= max(1, STRAY * self.values)


def weights(
    one: Mapping[str, Array], other: Mapping[str, Array], nudged: Sequence[Mapping[str, Array]]
) -> Weights:
    """Whether two trainings end alike.

    one, other: variable -> its values at the end.
    nudged: the ends of `one` after a nudge of its beginning.
    """
    worst = Weights(0.0, "", 0.0, WEIGHTS)
    for name, values in one.items():
        relative = apart(values, other.get(name))
        drifts = [apart(values, end.get(name)) for end in nudged]
        # A run that went to NaN says nothing of rounding.
        nudge = max((drift for drift in drifts if np.isfinite(drift)), default=0.0)
        found = Weights(relative, name, nudge, max(WEIGHTS, TIMES_NUDGED * nudge))
        if relative / found.limit > worst.relative / worst.limit:
            worst = found
    return worst


def apart(one: Array, other: Array | None) -> float:
    """max |one − other| / max |one|; ∞ without the other or where either has a NaN."""
    if other is None or one.shape != other.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        difference = float(np.max(np.abs(one.astype(np.float64) - other), initial=0.0))
    size = float(np.max(np.abs(one), initial=0.0))
    return difference / (size or 1.0) if np.isfinite(difference) else np.inf


def statistics(
    found: Array,
    expected: Array,
    nudged: Sequence[Array],
    columns: Mapping[str, tuple[str, ...]],
    scales: Mapping[str, str],
) -> Statistics:
    """Whether two tables of statistics are those of one training.

    found, expected: float32[steps, slots].
    nudged: tables like `found`, of nudged runs.
    columns: statistic -> names of its slots, in their order.
    scales: statistic -> "log", "linear" or "share".
    """
    noise = np.zeros(found.shape)
    for table in nudged:
        with np.errstate(invalid="ignore"):
            moved = np.abs(table.astype(np.float64) - found)
        noise = np.fmax(noise, np.where(np.isfinite(moved), moved, 0.0))
    relative, strays, undetermined = [], [], 0
    idle = _without_gradient(expected, columns)
    start = 0
    for statistic, names in columns.items():
        here = slice(start, start := start + len(names))
        got, want = (table[:, here].astype(np.float64) for table in (found, expected))
        limit = _limits(want, scales.get(statistic, ""), noise[:, here])
        same = (got == want) | (np.isnan(got) & np.isnan(want))
        with np.errstate(invalid="ignore", divide="ignore"):
            off = np.where(same, 0.0, np.abs(got - want))
            share = np.where(same, 0.0, off / np.abs(want))
        judged = np.array([name not in idle for name in names], bool)
        undetermined += len(got) * int((~judged).sum())
        relative.append(share[:, judged].ravel())
        for step, place in np.argwhere(~(off <= limit) & judged):
            values = (float(x[step, place]) for x in (got, want, limit))
            strays.append(Stray(statistic, names[place], int(step), *values))
    ordered = np.concatenate(relative) if relative else np.zeros(0)
    strays.sort(key=_excess, reverse=True)
    median = float(np.median(ordered)) if ordered.size else 0.0
    return Statistics(ordered.size, median, undetermined, tuple(strays))


def _limits(want: Array, scale: str, noise: Array) -> Array:
    """How far each value of one statistic may be off, [steps, names]."""
    size = np.nan_to_num(np.abs(want), posinf=0.0)
    limit = STATISTICS * size + BESIDE * np.max(size, axis=1, initial=0.0, keepdims=True)
    return limit + (SHARE if scale == "share" else 0.0) + TIMES_NUDGED * noise


def _without_gradient(rows: Array, columns: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The variables whose gradient is rounding alone, in some step."""
    start = 0
    for statistic, names in columns.items():
        here = slice(start, start := start + len(names))
        if statistic == "grad_norm":
            norms = np.nan_to_num(rows[:, here])
            # 0 to the bit is no rounding.
            idle = (norms < NO_GRADIENT * norms.max(axis=1, initial=0.0, keepdims=True)) & (
                norms > 0
            )
            return {name for name, is_idle in zip(names, idle.any(axis=0), strict=True) if is_idle}
    return set()


def _excess(stray: Stray) -> float:
    ratio = abs(stray.found - stray.expected) / (stray.limit or 1e-300)
    return np.inf if np.isnan(ratio) else ratio
