"""What the two runs were fed: the statistics of their batches, and whether they differ.

A statistic differs where three things hold (`differs` of `gradscope.comparison.result.Datum`):

1. it is no chance: Yuen's t over the recorded steps has p below CHANCE, divided by the number of
   statistics looked at (Bonferroni). Steps are taken as independent; of unshuffled data they are
   not, for which there is 2;
2. it shows from batch to batch: the means lie LARGE standard deviations of a batch apart;
3. it is no trifle: it is LEAST of the numbers' own scale.

False alarms: tests/unit/comparison/test_real_runs.py compares 45 pairs of small real trainings that
differ in nothing but the seed; none differs (docs/compare.md).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradscope.comparison.matching import Match
from gradscope.comparison.result import Datum
from gradscope.comparison.welch import difference
from gradscope.records import RunView

CHANCE = 1e-4
"""Probability of one false alarm among all statistics of a pair of runs."""

LARGE = 0.8
"""Standard deviations: a large effect (Cohen 1988, Statistical power analysis, §2.2)."""

LEAST = 0.1
"""Of the scale of the numbers: inputs that are a tenth larger train like those that aren't, and so
far may another sample of the same distribution be."""

FEW_STEPS = 5
"""Steps below which a spread can't be estimated: then only a factor of FAR differs."""
FAR = 10.0
"""A decade: no batch is that far from the next one of the same data."""

ENOUGH_SHARED = 20
"""Steps that both recorded from which on only those are compared, so that data that change over a
training are compared at the same age."""

_STD = {"input_mean": "input_std", "target_mean": "target_std"}
"""The scale of a mean is the standard deviation of what it is the mean of."""

_SIZED = ("input_std", "input_feature_rms_max", "input_feature_rms_min", "target_std",
          "input_max_abs")  # fmt: skip
"""Statistics that are themselves a scale."""

_COUNTING = ("input_max_abs", "input_feature_rms_max", "input_feature_rms_min", "label_entropy",
             "target_min", "target_max")  # fmt: skip
"""What depends on how many samples a batch has: extremes, and the entropy, which few samples
underestimate (Miller 1955). Not judged where batch sizes differ."""

_NUMBERS = ("input_mean", "input_std", "target_mean", "target_std")
"""What is NaN or infinite exactly where a number of the batch is."""

FINGERPRINT = (
    "input_std",
    "input_mean",
    "input_max_abs",
    "input_feature_rms_max",
    "input_feature_rms_min",
    "label_entropy",
    "target_mean",
    "target_std",
    "target_min",
    "target_max",
    "class_share",
    "batch_size",
)
"""The statistics that are compared, most telling first."""


@dataclass(frozen=True)
class _Column:
    """One statistic, or one class of it, of both runs: float64[S] each, NaN and Inf included."""

    what: str
    statistic: str
    a: NDArray[np.float64]
    b: NDArray[np.float64]


def compare_data(match: Match) -> tuple[Datum, ...]:
    """The statistics of the batches, those that differ first, else in the order of FINGERPRINT."""
    columns = _columns(match)
    middle = {column.what: (_median(column.a), _median(column.b)) for column in columns}
    sizes = middle.get("batch_size", (math.nan, math.nan))
    alike = sizes[0] == sizes[1] or math.isnan(sizes[0]) or math.isnan(sizes[1])
    chance = CHANCE / max(len(columns), 1)
    found: list[Datum] = []
    for column in columns:
        datum = _judge(column, _scale(column, middle), chance)
        if column.statistic in _COUNTING and not alike:
            datum = replace(datum, differs=False)
        found += [datum, *_nonfinite(column)]
    known = [datum for datum in found if not (math.isnan(datum.a) and math.isnan(datum.b))]
    return tuple(sorted(known, key=lambda datum: not datum.differs))


def _columns(match: Match) -> list[_Column]:
    found: list[_Column] = []
    for statistic in FINGERPRINT:
        by_class = statistic == "class_share"
        names_a, names_b = match.a.names(statistic), match.b.names(statistic)
        if by_class and not (names_a and names_b):
            continue
        ours, theirs = (_values(run, statistic, match.steps) for run in (match.a, match.b))
        found += [
            _Column(
                f"{statistic}.{name}" if by_class else statistic,
                statistic,
                _column(ours, names_a, name),
                _column(theirs, names_b, name),
            )
            for name in dict.fromkeys((*names_a, *names_b))
        ]
    return found


def _values(run: RunView, statistic: str, shared: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32[S, L]: at the shared steps where there are enough of them, else at all."""
    if not run.names(statistic):
        return np.empty((0, 0), np.float32)
    steps, values = run.series(statistic)
    if ENOUGH_SHARED <= len(shared) < len(steps):
        return values[np.searchsorted(steps, shared)]
    return values


def _column(values: NDArray[np.float32], names: tuple[str, ...], name: str) -> NDArray[np.float64]:
    """float64[S]; zeros for a class that the run doesn't know."""
    if name not in names:
        return np.zeros(len(values))
    return values[:, names.index(name)].astype(np.float64)


def _judge(column: _Column, scale: float, chance: float) -> Datum:
    a, b = column.a[np.isfinite(column.a)], column.b[np.isfinite(column.b)]
    if not len(a) or not len(b):
        # labels that are classes in one run only; a run without the statistic says nothing
        one_sided = bool(len(a)) != bool(len(b)) and len(column.a) > 0 and len(column.b) > 0
        return Datum(column.what, _median(a), _median(b), one_sided)
    if column.statistic == "batch_size":
        return Datum(column.what, _median(a), _median(b), _median(a) != _median(b))
    if min(len(a), len(b)) < FEW_STEPS:
        far = column.statistic in _SIZED and _far(_median(a), _median(b))
        return Datum(column.what, _median(a), _median(b), far)
    found = difference(a, b, robust=column.statistic != "class_share")
    differs = found.p < chance and found.effect > LARGE and abs(found.b - found.a) > LEAST * scale
    return Datum(column.what, found.a, found.b, bool(differs))


def _nonfinite(column: _Column) -> Sequence[Datum]:
    """The share of steps at which a number of the batch is NaN or infinite, where one run has any.

    One such step is no chance: the other run saw none.
    """
    if column.statistic not in _NUMBERS or not len(column.a) or not len(column.b):
        return ()
    shares = [1 - float(np.isfinite(values).mean()) for values in (column.a, column.b)]
    if not any(shares) or all(share == 1 for share in shares):
        return ()
    if column.statistic.startswith("target") and 1 in shares:
        return ()  # labels that are classes
    return (Datum(f"{column.what}.nonfinite", shares[0], shares[1], not all(shares)),)


def _scale(column: _Column, middle: Mapping[str, tuple[float, float]]) -> float:
    """What a difference is small or large against, in the statistic's unit."""
    if column.statistic in _STD:
        return float(np.nanmax([0.0, *middle.get(_STD[column.statistic], ())]))
    if column.statistic in ("target_min", "target_max"):
        ends = [*middle.get("target_min", ()), *middle.get("target_max", ())]
        return float(np.nanmax(ends) - np.nanmin(ends)) if np.isfinite(ends).any() else 0.0
    if column.statistic == "label_entropy":
        return 1.0
    return float(np.nanmax(np.abs([0.0, *middle[column.what]])))


def _far(a: float, b: float) -> bool:
    low, high = sorted((abs(a), abs(b)))
    return high > FAR * low


def _median(values: NDArray[np.float64]) -> float:
    """The median of the finite values; NaN where there are none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan
