"""Statistics of one variable: how large it is, and how far a step moves it."""

import numpy as np
from numpy.typing import ArrayLike

from tests.oracles.gradients import float64


def weight_norm(w: ArrayLike) -> float:
    """‖w‖ of the weights before the step."""
    return float(np.sqrt(np.sum(float64(w) ** 2)))


def update_norm(before: ArrayLike, after: ArrayLike) -> float:
    """‖after − before‖."""
    return weight_norm(float64(after) - float64(before))


def update_ratio(before: ArrayLike, after: ArrayLike) -> float:
    """‖after − before‖ / ‖before‖; 0 where both are 0, infinite where only ‖before‖ is."""
    moved, size = update_norm(before, after), weight_norm(before)
    if size == 0:
        return moved if np.isnan(moved) else 0.0 if moved == 0 else np.inf
    return moved / size
