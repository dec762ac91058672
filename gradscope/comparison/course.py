"""Where two runs part that don't begin alike: the first row that leaves what another seed explains.

Another seed makes the same training a little faster or slower, and every step noisier. So a row
parts where, over PERSISTENT bins of steps in a row, one run is out of the *range* of the other: a
factor FACTOR above the largest, or below the smallest, of all values that the other has within a
factor LAG of the step. The step that is told is the first since which the values themselves stay
that factor apart.

Steps are binned: each for itself at first, then RESOLUTION of the steps that lie behind. A bin
holds the mean logarithm of at most SAMPLES of its steps.

False alarms: tests/unit/comparison/test_real_runs.py compares 45 pairs of small real trainings that
differ in nothing but the seed; none parts (docs/compare.md).

A number that is NaN or infinite in one run and finite in the other parts at once, except under loss
scaling, which makes such steps on purpose: there it has to last.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from gradscope.comparison.matching import Match, Values
from gradscope.comparison.result import Place
from gradscope.comparison.rows import Rows

Curves = NDArray[np.float64]
"""float64[K, L]: K bins of L rows, logarithms."""

FACTOR = 3.0
"""How far apart, beyond noise and lag: about half a decade."""

OWN_FACTOR = {"activation_rms": 10.0}
"""What a narrow layer puts out goes with the draw of its few weights: as long as a loss stands
still, two seeds were up to 4.6 times apart."""

LAG = 2.0
"""How much faster or slower another seed may make a training."""

PERSISTENT = 5
"""Bins in a row; of as many the chance that noise keeps them apart is nil."""

RESOLUTION = 0.03
"""Share of the steps behind it that a bin is wide: far finer than LAG."""

SAMPLES = 8
"""Steps of a bin that are looked at."""

_TINY = float(np.finfo(np.float32).tiny)
"""Stands for 0, so that it has a logarithm: 1.2e-38."""

_LINEAR = 0.1
"""Share of the median magnitude below which a loss that may be negative is taken linearly."""


@dataclass(frozen=True)
class _Bins:
    """The shared steps in bins.

    first: int[K], where each bin begins among the shared steps; end: where it ends.
    picked: int[P], the steps that are looked at; starts: int[K], where each bin begins in them.
    age: float64[K], the steps since the first one, and one.
    """

    first: NDArray[np.intp]
    end: NDArray[np.intp]
    picked: NDArray[np.intp]
    starts: NDArray[np.intp]
    age: NDArray[np.float64]


def places(match: Match, tables: Sequence[Rows]) -> list[Place]:
    """Each row's first step since which the runs part; nothing for rows that don't."""
    if not len(match.steps):
        return []
    bins = _bins(match.steps)
    patience = PERSISTENT if _scales_loss(match) else 1
    found: list[Place] = []
    for table in tables:
        broken = _broken(table, patience)
        drifted = _drifted(table, bins)
        drifted[_begins_at_zero(match, table)] = len(match.steps)
        for row, name in enumerate(table.names):
            place = min(broken[row], drifted[row])
            if place < len(match.steps):
                a, b = float(table.a[place, row]), float(table.b[place, row])
                found.append(Place(table.statistic, name, int(match.steps[place]), a, b))
    return found


def _begins_at_zero(match: Match, table: Rows) -> NDArray[np.bool_]:
    """bool[L]: weights that are 0 in both runs at first, as biases: they go where the seed leads.

    Of their norm, and of updates relative to it.
    """
    names, a, b = match.shared("weight_norm")
    if table.statistic not in ("weight_norm", "update_ratio") or names != table.names:
        return np.zeros(len(table.names), bool)
    return (a[0] == 0) & (b[0] == 0)


def _bins(steps: NDArray[np.int64]) -> _Bins:
    age: NDArray[np.float64] = np.asarray(steps - steps[0] + 1, np.float64)
    first: list[int] = []
    place = 0
    while place < len(steps):
        first.append(place)
        place = max(int(np.searchsorted(age, float(age[place]) * (1 + RESOLUTION))), place + 1)
    end = [*first[1:], len(steps)]
    chosen = [
        sorted({low + (high - 1 - low) * pick // (SAMPLES - 1) for pick in range(SAMPLES)})
        for low, high in zip(first, end, strict=True)
    ]
    starts = [0, *accumulate(map(len, chosen))][:-1]
    picked = [place for picks in chosen for place in picks]
    begin = np.array(first, np.intp)
    return _Bins(
        begin,
        np.array(end, np.intp),
        np.array(picked, np.intp),
        np.array(starts, np.intp),
        age[begin],
    )


def _broken(table: Rows, patience: int) -> NDArray[np.intp]:
    """intp[L]: where a row is first a number in one run only; beyond the end where it never is.

    patience: for how many recorded steps in a row.
    """
    # an update of a weight that is 0 is infinitely large, in a healthy run, too
    lost = np.isnan if table.statistic == "update_ratio" else _not_finite
    differ = lost(table.a) != lost(table.b)
    result = np.full(len(table.names), len(differ), np.intp)
    for row in np.flatnonzero(differ.any(axis=0)):
        column = differ[:, row]
        if patience > 1:
            last = min(patience, len(column))
            column = np.convolve(column.astype(np.float64), np.ones(last), "valid") >= last
        if column.any():
            result[row] = int(np.argmax(column))
    return result


def _drifted(table: Rows, bins: _Bins) -> NDArray[np.intp]:
    """intp[L]: where a row's courses part; beyond the end where they don't."""
    scale = _scale(table)
    a, b = (_curves(values, bins, scale) for values in (table.a, table.b))
    with np.errstate(invalid="ignore"):
        lows, highs = zip(*(_ranges(curves, bins.age) for curves in (a, b)), strict=True)
    margin = _margin(table)
    end = len(table.a)
    result = np.full(len(table.names), end, np.intp)
    near_a, near_b = _smooth(a), _smooth(b)
    higher = np.fmax(near_b - highs[0], lows[1] - near_a)
    lower = np.fmax(lows[0] - near_b, near_a - highs[1])
    for sign, gap in ((1, higher), (-1, lower)):
        with np.errstate(invalid="ignore"):
            lasting = _lasting(gap > margin)
        beyond = sign * _smooth(b - a) > margin
        rows: list[int] = np.flatnonzero(lasting.any(axis=0)).tolist()
        for row in rows:
            place = int(np.argmax(lasting[:, row]))
            # before that, the ranges of this bin would still meet
            earliest = int(np.searchsorted(bins.age, float(bins.age[place]) / LAG))
            before = np.flatnonzero(~beyond[earliest:place, row])
            bin_ = earliest + (int(before[-1]) + 1 if len(before) else 0)
            span = (max(bin_ - 1, earliest), min(bin_ + 1, len(bins.end) - 1))
            result[row] = min(result[row], _onset(table, bins, row, span, sign, scale))
    return result


def _curves(values: Values, bins: _Bins, scale: float) -> Curves:
    """float64[K, L]: the mean of the finite logarithms in each bin, NaN where there is none."""
    logs = _log(values[bins.picked], scale)
    known = np.isfinite(logs)
    counts = np.add.reduceat(known.astype(np.float64), bins.starts, axis=0)
    logs[~known] = 0
    with np.errstate(invalid="ignore"):
        return np.add.reduceat(logs, bins.starts, axis=0) / counts


def _log(values: Values, scale: float) -> Curves:
    """ln |x|, of 0 that of the smallest float; asinh (x / scale) where a scale is given."""
    wide = values.astype(np.float64)
    with np.errstate(all="ignore"):
        logs = np.arcsinh(wide / scale) if scale else np.log(np.maximum(np.abs(wide), _TINY))
    logs[~np.isfinite(wide)] = np.nan
    return logs


def _scale(table: Rows) -> float:
    """What separates linear from logarithmic for a loss that isn't always positive; else 0."""
    if table.statistic != "loss":
        return 0.0
    both = np.concatenate([table.a.ravel(), table.b.ravel()]).astype(np.float64)
    both = both[np.isfinite(both)]
    if not len(both) or both.min() > 0:
        return 0.0
    return _LINEAR * float(np.median(np.abs(both))) or 1.0


def _ranges(curves: Curves, age: NDArray[np.float64]) -> tuple[Curves, Curves]:
    """(float64[K, L], float64[K, L]): smallest and largest within a factor LAG of each bin's age.

    At least the bins next to it. Where that is beyond the last step, the range reaches to where the
    trend leads.
    """
    count = np.arange(len(age))
    low = np.minimum(np.searchsorted(age, age / LAG), np.maximum(count - 1, 0))
    high = np.maximum(np.searchsorted(age, age * LAG, "right"), np.minimum(count + 2, len(age)))
    smallest, largest = np.empty_like(curves), np.empty_like(curves)
    for place, (first, last) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        smallest[place] = np.fmin.reduce(curves[first:last], axis=0)
        largest[place] = np.fmax.reduce(curves[first:last], axis=0)
        missing = math.log(max(float(age[place]) * LAG / float(age[-1]), 1)) / math.log(LAG)
        if missing and place > first + 1:
            ahead = missing * _ahead(curves[first : place + 1], age[first : place + 1])
            smallest[place] += np.fmin(ahead, 0)
            largest[place] += np.fmax(ahead, 0)
    return smallest, largest


def _ahead(curves: Curves, age: NDArray[np.float64]) -> Curves:
    """float64[L]: how far the trend leads from the last of these bins to LAG times its age.

    From the medians of the earlier and the later half, in steps; 0 where one isn't a number.
    """
    middle = int(np.searchsorted(age, (float(age[0]) + float(age[-1])) / 2))
    middle = min(max(middle, 1), len(age) - 1)
    earlier, later = np.median(curves[:middle], axis=0), np.median(curves[middle:], axis=0)
    slope = (later - earlier) / (age[middle:].mean() - age[:middle].mean())
    return np.nan_to_num(slope * age[-1] * (LAG - 1))


def _lasting(beyond: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[K', L]: true where the PERSISTENT bins from here on, or all there are, are true."""
    length = min(PERSISTENT, len(beyond))
    total = np.cumsum(np.vstack([np.zeros_like(beyond[:1]), beyond]), axis=0, dtype=np.int64)
    return total[length:] - total[:-length] == length


def _smooth(curves: Curves) -> Curves:
    """The median of each bin and its neighbours: one odd bin tells nothing."""
    if len(curves) < 3:
        return curves
    middle = np.median(np.stack([curves[:-2], curves[1:-1], curves[2:]]), axis=0)
    return np.concatenate([curves[:1], middle, curves[-1:]])


def _onset(
    table: Rows, bins: _Bins, row: int, span: tuple[int, int], sign: int, scale: float
) -> int:
    """Where, from the first to the last bin of a span, the values are FACTOR apart from then on.

    Page's cumulative sum (Page 1954, Continuous inspection schemes) of how much farther apart they
    are, each step held to at most FACTOR either way: it is smallest where they part.
    """
    first, end = int(bins.first[span[0]]), int(bins.end[span[1]])
    margin = _margin(table)
    a, b = (_log(values[first:end, row], scale) for values in (table.a, table.b))
    excess = np.clip(np.nan_to_num(sign * (b - a), nan=margin) - margin, -margin, margin)
    return first + int(np.argmin(np.concatenate([[0.0], np.cumsum(excess)[:-1]])))


def _margin(table: Rows) -> float:
    return math.log(OWN_FACTOR.get(table.statistic, FACTOR))


def _scales_loss(match: Match) -> bool:
    _, a, b = match.shared("loss_scale")
    return bool((a != 1).any() or (b != 1).any())


def _not_finite(values: Values) -> NDArray[np.bool_]:
    return ~np.isfinite(values)
