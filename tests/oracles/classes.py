"""Statistics of class labels. Predictions are logits or probabilities, as the loss takes them."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.oracles.gradients import float64

Kind = Literal["sparse", "onehot", "binary"]

EPSILON = 1e-7
MOST = float(np.float32(1 - EPSILON))  # the nearest float32, which Keras clips to


def _numbers(labels: ArrayLike, kind: Kind) -> NDArray[np.int64]:
    array = np.asarray(labels)
    if kind == "onehot":
        rows = array.reshape(-1, array.shape[-1])
        return np.where(rows.max(-1) > 0, rows.argmax(-1), -1)
    if kind == "binary":
        return (array.ravel() > 0.5).astype(np.int64)
    return array.ravel().astype(np.int64)


def _probabilities(p: ArrayLike, kind: Kind, logits: bool) -> NDArray[np.float64]:
    """float64[samples, classes]."""
    values = float64(p)
    if kind == "binary":
        column = values.ravel()
        with np.errstate(over="ignore"):
            one = 1 / (1 + np.exp(-column)) if logits else np.clip(column, EPSILON, MOST)
            other = 1 / (1 + np.exp(column)) if logits else 1 - one
        return np.stack([other, one], 1)
    rows = values.reshape(-1, values.shape[-1])
    if logits:
        rows = np.exp(rows - rows.max(-1, keepdims=True))
    else:
        rows = np.clip(rows, EPSILON, MOST)
    return rows / rows.sum(-1, keepdims=True)


def class_share(labels: ArrayLike, classes: int, kind: Kind) -> list[float]:
    """Each class' share of all samples, those of no known class included."""
    numbers = _numbers(labels, kind)
    return [float(np.mean(numbers == c)) for c in range(classes)]


def class_loss(
    labels: ArrayLike, p: ArrayLike, classes: int, kind: Kind, logits: bool
) -> list[float]:
    """Mean −ln p_c over the samples of class c; NaN for absent ones."""
    numbers, rows = _numbers(labels, kind), _probabilities(p, kind, logits)
    with np.errstate(divide="ignore"):
        lost = -np.log(rows)
    held = [lost[numbers == c, c] for c in range(classes)]
    return [float(values.mean()) if values.size else np.nan for values in held]


def accuracy(labels: ArrayLike, p: ArrayLike, kind: Kind | None, logits: bool) -> float:
    """The share of samples whose predicted class is the label's; NaN without classes or for NaN."""
    if kind is None or np.isnan(float64(p).sum()):
        return np.nan
    if kind == "binary":
        predicted = (float64(p).ravel() > (0 if logits else 0.5)).astype(np.int64)
    else:
        predicted = float64(p).reshape(-1, np.shape(p)[-1]).argmax(-1)
    return float(np.mean(predicted == _numbers(labels, kind)))
