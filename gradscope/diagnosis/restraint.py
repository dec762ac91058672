"""What holds a net back beside its loss: decay by the optimizer, and the noise of dropout."""

import numpy as np

from gradscope.diagnosis.facts import dropout, optimizer
from gradscope.diagnosis.reading import Floats, Steps, kernels, medians, read, scalar
from gradscope.records import RunView

RISING = 0.6
"""Dropout rate: up to it the error is flat, beyond it rises, on training data, too (Srivastava et
al. 2014, Dropout, section 7.3)."""


def weight_decay(run: RunView) -> float:
    """The factor of decoupled weight decay; 0 without, and where it isn't known."""
    value = optimizer(run).get("weight_decay")
    if not isinstance(value, int | float) or not np.isfinite(value):
        return 0.0
    return max(0.0, float(value))


def decay_share(run: RunView, steps: Steps) -> Floats:
    """float64[len(steps)]: the part of an update that is decay, of the middle kernel.

    rate · decay / update ratio, up to 1: decay shrinks weights by rate · decay of themselves at
    each step (Loshchilov & Hutter 2019). NaN where unknown.
    """
    ratios, names = read(run, "update_ratio"), read(run, "grad_norm").names
    columns = kernels(run)
    if not columns or ratios.names != names:
        return np.full(len(steps), np.nan)
    updates = medians(ratios.at(steps)[:, columns], axis=1)
    decay = scalar(run, "learning_rate", steps) * weight_decay(run)
    with np.errstate(all="ignore"):
        return np.minimum(np.where(updates > 0, decay / updates, np.nan), 1.0)


def decayed(run: RunView) -> float:
    """Σ rate · decay over all steps: decay alone shrinks weights by exp of minus that."""
    series = read(run, "learning_rate")
    if not len(series):
        return 0.0
    rates = np.nan_to_num(series.values[:, 0], posinf=0.0, neginf=0.0)
    gaps = np.append(np.diff(series.steps), 1)
    return float((gaps * rates).sum()) * weight_decay(run)


def dropout_noise(run: RunView) -> float:
    """Σ p / (1 − p) over the layers of a rate of `RISING` or more: noise over signal, squared.

    A unit that is kept with probability 1 − p and scaled by 1 / (1 − p) has that variance over its
    square (Srivastava et al. 2014, section 10). Infinite where nothing is kept.
    """
    rates = [min(rate, 1.0) for rate in dropout(run).values() if rate >= RISING]
    return float(sum(rate / (1 - rate) if rate < 1 else np.inf for rate in rates))
