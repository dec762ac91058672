"""What a loss function is, found by asking it: on which labels it works, on logits or shares."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

ALIKE = 1e-3
"""Relative difference below which two values of a loss are the same: float32 sums and Keras'
clipping of probabilities at 1e-7 differ by less, different losses by far more."""

_SEED = 0
"""Of a generator of its own: what is asked is the same each time, and no other draws change."""


@dataclass(frozen=True)
class Loss:
    """What a loss takes, as far as asking it tells.

    logits: whether a cross-entropy takes its input for logits; None for any other loss.
    """

    logits: bool | None


def ask(loss: Callable[..., Any], y: Any, shape: tuple[int, ...], kind: str | None) -> Loss:
    """What a loss of labels `y` and an output of some shape takes."""
    if kind not in ("sparse", "onehot", "binary"):
        return Loss(None)
    scores = np.random.default_rng(_SEED).normal(size=shape).astype(np.float32)
    labels = np.asarray(y)
    if alike(value(loss, y, scores), cross_entropy(labels, scores, kind, logits=True)):
        return Loss(True)
    shares = shares_of(scores, kind)
    if alike(value(loss, y, shares), cross_entropy(labels, shares, kind, logits=False)):
        return Loss(False)
    return Loss(None)


def broadcasts(loss: Callable[..., Any], y: Any, shape: tuple[int, ...]) -> bool:
    """Whether the loss pairs each label with each output: (n,) and (n, 1), or the other way."""
    rank = len(y.shape)
    if abs(rank - len(shape)) != 1 or (shape[-1] if len(shape) > rank else y.shape[-1]) != 1:
        return False
    p = np.random.default_rng(_SEED).uniform(0.1, 0.9, size=shape).astype(np.float32)
    asked = value(loss, y, p)
    paired = value(loss, y[..., None], p) if len(shape) > rank else value(loss, y[..., 0], p)
    return bool(np.isfinite(asked) and np.isfinite(paired) and not alike(asked, paired))


def value(loss: Callable[..., Any], y: Any, p: Any) -> float:
    """The mean of a loss, NaN where it can't be computed."""
    try:
        given = loss(tf.convert_to_tensor(y), tf.convert_to_tensor(p))
        return float(tf.reduce_mean(tf.cast(given, tf.float32)))
    except Exception:
        return float("nan")


def alike(one: float, other: float) -> bool:
    """Whether two values of a loss are the same; NaN is like nothing."""
    return abs(one - other) <= ALIKE * max(abs(one), abs(other), ALIKE)


def shares_of(scores: NDArray[Any], kind: str) -> NDArray[Any]:
    """The probabilities that belong to logits."""
    if kind == "binary":
        return 1.0 / (1.0 + np.exp(-scores))
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def are_shares(p: NDArray[Any], kind: str) -> bool:
    """Whether an output may be probabilities: in [0, 1], and of classes with sum 1."""
    if not np.isfinite(p).all() or p.min() < 0 or p.max() > 1 + 1e-4:
        return False
    return kind == "binary" or bool(np.allclose(p.sum(axis=-1), 1.0, atol=1e-3))


def cross_entropy(y: NDArray[Any], p: NDArray[Any], kind: str, logits: bool) -> float:
    """The mean cross-entropy in nats, float64; NaN where labels don't fit the output."""
    scores = np.asarray(p, np.float64)
    with np.errstate(all="ignore"):
        if kind == "binary":
            labels = np.asarray(y, np.float64).reshape(scores.shape)
            if logits:
                losses = np.logaddexp(0.0, scores) - labels * scores
            else:
                shares = np.clip(scores, 1e-7, 1 - 1e-7)
                losses = -(labels * np.log(shares) + (1 - labels) * np.log(1 - shares))
            return float(losses.mean())
        if logits:
            logs = scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)
        else:
            logs = np.log(np.clip(scores, 1e-7, None))
        if kind == "onehot":
            return float(-(np.asarray(y, np.float64) * logs).sum(axis=-1).mean())
        index = np.asarray(y).astype(int).reshape(scores.shape[:-1])
        if index.min() < 0 or index.max() >= scores.shape[-1]:
            return float("nan")
        return float(-np.take_along_axis(logs, index[..., None], axis=-1).mean())
