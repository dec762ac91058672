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
