"""Statistics of the batch: the model's inputs and the labels."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.oracles.gradients import float64

Kind = Literal["classes", "onehot", "none"]


def _elements(inputs: Sequence[ArrayLike]) -> NDArray[np.float64]:
    return np.concatenate([float64(x).ravel() for x in inputs])


def input_mean(inputs: Sequence[ArrayLike]) -> float:
    """The mean over all elements of all inputs."""
    return float(_elements(inputs).mean())


def input_std(inputs: Sequence[ArrayLike]) -> float:
    """The population standard deviation over the same elements."""
    return float(_elements(inputs).std())


def input_max_abs(inputs: Sequence[ArrayLike]) -> float:
    """max |x| over the same elements."""
    return float(np.abs(_elements(inputs)).max())


def _feature_rms(inputs: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """The root mean square of each feature of each input, one after the other."""
    parts = []
    for x in inputs:
        array = float64(x)
        rows = array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1)
        parts.append(np.sqrt((rows**2).mean(0)))
    return np.concatenate(parts)


def input_feature_rms_max(inputs: Sequence[ArrayLike]) -> float:
    """The largest root mean square of a feature, an index of the last axis."""
    return float(_feature_rms(inputs).max())


def input_feature_rms_min(inputs: Sequence[ArrayLike]) -> float:
    """The smallest one that isn't 0; NaN where all are, or one is NaN."""
    rms = _feature_rms(inputs)
    used = rms[rms != 0]
    return float(used.min()) if used.size else np.nan


def input_feature_max(inputs: Sequence[ArrayLike]) -> float:
    """Which feature has the largest one, the first of equals; NaN where one is NaN."""
    rms = _feature_rms(inputs)
    return np.nan if np.isnan(rms).any() else float(rms.argmax())


def batch_size(first: ArrayLike) -> float:
    """The length of the first axis."""
    return float(len(np.asarray(first)))


def label_entropy(labels: ArrayLike, kind: Kind) -> float:
    """−Σ p ln p in nats of the class shares p; NaN for "none".

    kind: "classes" for a class number each, "onehot" for rows with a single 1, "none" for labels
        that are no classes.
    """
    if kind == "none":
        return np.nan
    array = np.asarray(labels)
    if kind == "onehot":
        array = array.reshape(-1, array.shape[-1]).argmax(axis=-1)
    _, counts = np.unique(array, return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())
