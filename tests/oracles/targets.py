"""Statistics of targets and predictions. NaN for None."""

import numpy as np
from numpy.typing import ArrayLike

from tests.oracles.gradients import float64


def target_mean(y: ArrayLike | None) -> float:
    """The mean over all elements of targets that are no classes."""
    return np.nan if y is None else float(float64(y).mean())


def target_std(y: ArrayLike | None) -> float:
    """The population standard deviation over the same elements."""
    return np.nan if y is None else float(float64(y).std())


def target_min(y: ArrayLike | None) -> float:
    """The smallest element of labels of any kind; NaN where their sum is."""
    return np.nan if y is None or np.isnan(float64(y).sum()) else float(float64(y).min())


def target_max(y: ArrayLike | None) -> float:
    """The largest element of labels of any kind; NaN where their sum is."""
    return np.nan if y is None or np.isnan(float64(y).sum()) else float(float64(y).max())


def output_mean(p: ArrayLike | None) -> float:
    """The mean over all elements of the predictions."""
    return target_mean(p)


def output_std(p: ArrayLike | None) -> float:
    """The population standard deviation over the same elements."""
    return target_std(p)


def output_min(p: ArrayLike | None) -> float:
    """The smallest element; NaN where the sum of all is."""
    return target_min(p)


def output_max(p: ArrayLike | None) -> float:
    """The largest element; NaN where the sum of all is."""
    return target_max(p)


def output_spread(p: ArrayLike | None) -> float:
    """The mean over all places of one sample's prediction of the deviation over the first axis."""
    if p is None or len(float64(p)) < 2:
        return np.nan
    return float(float64(p).std(axis=0).mean())


def residual_rms(y: ArrayLike | None, p: ArrayLike | None) -> float:
    """√ mean (y − p)² over all elements; NaN where either is None."""
    if y is None or p is None:
        return np.nan
    return float(np.sqrt(((float64(y).ravel() - float64(p).ravel()) ** 2).mean()))
