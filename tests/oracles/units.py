"""Statistics of one layer's output `a`, whose last axis holds its units."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.oracles.gradients import float64, grad_norm

SELU_SLOPE = 1.7580993408473766
"""scale · alpha of selu: minus its limit far below 0."""

FIRES_ABOVE = {
    "relu": 0.0,
    "relu6": 0.0,
    "gelu": 0.0,
    "silu": 0.0,
    "elu": -0.99,
    "selu": -0.99 * SELU_SLOPE,
    "softplus": 0.01,
}
"""A rectifier's unit fires where its output exceeds this."""

OUTSIDE = ("sigmoid", "hard_sigmoid", "softmax")
BEYOND = ("tanh", "softsign")


def _samples(a: ArrayLike) -> NDArray[np.float64]:
    """float64[samples, units]."""
    array = float64(a)
    return array.reshape(int(np.prod(array.shape[:-1])), array.shape[-1])


def fired(a: ArrayLike, kind: str) -> NDArray[np.bool_]:
    """bool[units]: which units fired for at least one sample of this output."""
    return np.any(_samples(a) > FIRES_ABOVE[kind], axis=0)


def activation_mean(a: ArrayLike) -> float:
    """The mean over all elements; NaN for none."""
    return float(float64(a).mean()) if np.size(a) else np.nan


def activation_rms(a: ArrayLike) -> float:
    """The square root of the mean square over all elements; NaN for none."""
    return float(np.sqrt((float64(a) ** 2).mean())) if np.size(a) else np.nan


def dead_fraction(outputs: Sequence[ArrayLike], kind: str) -> float:
    """Share of units that fired for no sample of any of these outputs.

    outputs: the activation's output at each recorded step of the window, oldest first.
    """
    alive = np.any([fired(a, kind) for a in outputs], axis=0)
    return float(1 - alive.mean())


def saturated_fraction(a: ArrayLike, kind: str) -> float:
    """Share of saturated elements (sigmoid, tanh, ...) or of units without slope (rectifiers)."""
    array = float64(a)
    if kind in OUTSIDE:
        return float(((array < 0.01) | (array > 0.99)).mean())
    if kind in BEYOND:
        return float((np.abs(array) > 0.99).mean())
    if kind == "relu6":
        return float(1 - np.any((_samples(a) > 0) & (_samples(a) < 6), axis=0).mean())
    return float(1 - fired(a, kind).mean())


def activation_grad_norm(g: ArrayLike | None) -> float:
    """‖∂loss/∂a‖; NaN for None."""
    return grad_norm(g)
