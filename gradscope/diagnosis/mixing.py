"""How well the samples are mixed: whether the labels of a batch resemble each other.

The intraclass correlation of labels within batches (Donner 1986, International Statistical
Review 54): 0 where batches are drawn at random, 1 where all labels of a batch are the same. Between
batches of n random samples the class shares p vary by p(1 − p)/n, the mean of a target by σ²/n;
where samples of a batch resemble each other by ρ, 1 + (n − 1)ρ times as much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.posterior import StudentT
from gradscope.diagnosis.progress import class_shares, target_variance
from gradscope.diagnosis.reading import Floats, Steps, read, scalar
from gradscope.records import RunView

LEAST_SAMPLES = 8
"""Samples: smaller batches are joined with their neighbours until they have as many, since in a
batch of one nothing resembles anything."""

LEAST_GROUPS = 10
"""Batches, or groups of them, that a correlation is estimated from: nine degrees of freedom."""


@dataclass(frozen=True)
class Mixing:
    """The correlation of labels within batches.

    correlation: its posterior. group: samples in a batch or group of batches, median.
    steps: int64[S]. borders: indices of the records whose batch is of another sort than that
        before: of another largest class, or with a mean that is a standard deviation away.
    """

    correlation: StudentT
    group: float
    steps: Steps
    borders: NDArray[np.intp]


def mixing(run: RunView) -> Mixing | None:
    """How well a run's samples are mixed; None where that isn't known."""
    shares = read(run, "class_share")
    if len(shares):
        _, pooled = class_shares(run)
        return _mixing(run, shares.steps, shares.values, pooled, (pooled * (1 - pooled)).sum())
    means = read(run, "target_mean")
    if not len(means):
        return None
    known = means.values[np.isfinite(means.values)]
    pooled = np.array([known.mean() if len(known) else np.nan])
    return _mixing(run, means.steps, means.values, pooled, target_variance(run))


def _mixing(
    run: RunView, steps: Steps, values: Floats, pooled: Floats, variance: float
) -> Mixing | None:
    sizes = scalar(run, "batch_size", steps)
    good = np.isfinite(values).all(axis=1) & (sizes >= 1)
    if not good.any() or not len(pooled) or not variance > 0:
        return None
    steps, values, sizes = steps[good], values[good], sizes[good]
    means, counts = _groups(values, sizes)
    if len(means) < LEAST_GROUPS:
        return None
    excess = ((means - pooled) ** 2).sum(axis=1) * counts / variance
    each = (excess - 1) / (counts - 1)
    error = each.std(ddof=1) / np.sqrt(len(each))
    posterior = StudentT(np.array(each.mean()), np.array(error), np.array(len(each) - 1.0))
    if values.shape[1] > 1:
        changed = np.diff(np.argmax(values, axis=1)) != 0
    else:
        changed = np.abs(np.diff(values[:, 0])) >= np.sqrt(variance)
    borders = np.flatnonzero(changed) + 1
    return Mixing(posterior, float(np.median(counts)), steps, borders)


def _groups(values: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Means and sample counts of neighbouring batches joined to `LEAST_SAMPLES` or more."""
    join = max(1, int(np.ceil(LEAST_SAMPLES / np.median(sizes))))
    whole = len(sizes) // join * join
    weights = sizes[:whole].reshape(-1, join)
    parts = values[:whole].reshape(len(weights), join, values.shape[1])
    counts = weights.sum(axis=1)
    means = (parts * weights[:, :, None]).sum(axis=1) / np.maximum(counts, 1)[:, None]
    some = counts > 1
    return means[some], counts[some]
