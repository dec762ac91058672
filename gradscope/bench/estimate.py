"""From pairs of times to ratios, and how sure they are. NumPy alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 2000
_INTERVAL = (2.5, 97.5)
"""Percentiles: a 95 % bootstrap interval (Efron 1979, percentile method)."""

Times = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """Recorded to plain time over the pairs of blocks.

    median: of the pairs' ratios, with its 95 % interval `low` to `high`.
    quartile_1, quartile_3: of the pairs' ratios: how noisy the machine was.
    whole, whole_low, whole_high: all recorded time to all plain time; what comes now and then
        counts here, even where no block in two holds it.
    """

    median: float
    low: float
    high: float
    quartile_1: float
    quartile_3: float
    whole: float
    whole_low: float
    whole_high: float


def ratio(plain: Sequence[float], recorded: Sequence[float]) -> Ratio:
    """The ratio of paired times, each in seconds; at least one pair.

    The resampling has a fixed seed: the same times always give the same interval.

    >>> round(ratio([1.0, 2.0, 4.0], [1.1, 2.2, 4.4]).median, 3)
    1.1
    """
    before, after = np.asarray(plain, float), np.asarray(recorded, float)
    ratios = after / before
    first, middle, third = np.percentile(ratios, [25, 50, 75])
    low, high = _interval(lambda at: np.median(ratios[at], axis=-1), len(ratios))
    whole_low, whole_high = _interval(
        lambda at: after[at].sum(-1) / before[at].sum(-1), len(ratios)
    )
    whole = after.sum() / before.sum()
    figures = (middle, low, high, first, third, whole, whole_low, whole_high)
    return Ratio(*(float(figure) for figure in figures))


def _interval(figure: Callable[[NDArray[np.int64]], Times], count: int) -> tuple[float, float]:
    """The interval of a figure of `count` pairs, resampled with replacement."""
    at = np.random.default_rng(0).integers(0, count, (_RESAMPLES, count))
    low, high = np.percentile(figure(at), _INTERVAL)
    return float(low), float(high)
