"""A layer watched closely: gradient elements by size, and each unit by itself, in float64."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.oracles.gradients import float64
from tests.oracles.units import BEYOND, FIRES_ABOVE, OUTSIDE


def grad_histogram(g: ArrayLike) -> dict[str, int]:
    """Name of a bin -> how many elements are in it; bins without any are left out."""
    counts: dict[str, int] = {}
    for element in np.abs(float64(g)).ravel().tolist():
        name = _bin(element)
        counts[name] = counts.get(name, 0) + 1
    return counts


def _bin(size: float) -> str:
    if not math.isfinite(size):
        return "nonfinite"
    if size == 0:
        return "0"
    if size < 2.0**-64:
        return "<2^-64"
    if size >= 2.0**16:
        return ">=2^16"
    return f"2^{math.floor(math.log2(size))}"


def grad_unit_rms(g: ArrayLike) -> NDArray[np.float64]:
    """√ mean g² of each index of the last axis."""
    return np.sqrt((_columns(g) ** 2).mean(0))


def unit_mean(a: ArrayLike) -> NDArray[np.float64]:
    """Mean a of each index of the last axis."""
    return _columns(a).mean(0)


def unit_rms(a: ArrayLike) -> NDArray[np.float64]:
    """√ mean a² of each index of the last axis."""
    return np.sqrt((_columns(a) ** 2).mean(0))


def unit_firing(a: ArrayLike, kind: str) -> NDArray[np.float64]:
    """Share of samples for which each unit of a rectifier fires."""
    return (_columns(a) > FIRES_ABOVE[kind]).mean(0)


def unit_saturated(a: ArrayLike, kind: str) -> NDArray[np.float64]:
    """Share of samples for which each unit is saturated."""
    columns = _columns(a)
    if kind in OUTSIDE:
        return ((columns < 0.01) | (columns > 0.99)).mean(0)
    assert kind in BEYOND
    return (np.abs(columns) > 0.99).mean(0)


def _columns(x: ArrayLike) -> NDArray[np.float64]:
    array = float64(x)
    return array.reshape(-1, array.shape[-1])
