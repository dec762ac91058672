"""What an output activation can reach, and what of the targets lies beyond."""

import math
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import Objective
from gradscope.diagnosis.progress import target_variance
from gradscope.diagnosis.reading import read
from gradscope.records import RunView

RANGES: dict[str, tuple[float, float]] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "exponential": (0.0, math.inf),
    "elu": (-1.0, math.inf),
    "selu": (-1.7581, math.inf),
}
"""Activation -> least and largest output (Keras' definitions)."""


@dataclass(frozen=True)
class Beyond:
    """Targets that the output can't reach.

    low, high: of the output. least, largest: of the targets. lost: share of the targets' variance
    that no weights can explain.
    """

    low: float
    high: float
    least: float
    largest: float
    lost: float


def beyond(run: RunView, facts: Objective) -> Beyond | None:
    """How far the targets exceed what the output activation can give; None where unknown.

    `lost` takes the targets for normally distributed around their mean, cut at their least and
    largest value.
    """
    if facts.activation not in RANGES:
        return None
    low, high = RANGES[facts.activation]
    means = _finite(run, "target_mean")
    leasts, largests = _finite(run, "target_min"), _finite(run, "target_max")
    variance = target_variance(run)
    if not len(means) or not len(leasts) or not len(largests) or not variance > 0:
        return None
    least, largest = float(leasts.min()), float(largests.max())
    mean, sigma = float(means.mean()), math.sqrt(variance)
    quantiles = np.clip(mean + sigma * _NORMAL, least, largest)
    missed = np.mean((quantiles - np.clip(quantiles, low, high)) ** 2)
    return Beyond(low, high, least, largest, float(missed) / variance)


def _quantiles(count: int) -> np.ndarray:
    """The quantiles of the standard normal distribution at the middles of `count` equal parts."""
    from statistics import NormalDist

    normal = NormalDist()
    return np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])


_NORMAL = _quantiles(200)


def _finite(run: RunView, statistic: str) -> np.ndarray:
    values = read(run, statistic).values
    return values[np.isfinite(values)]
