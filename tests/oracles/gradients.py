"""Statistics of one variable's gradient. `g` is an array, or None where no gradient arrives."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def float64(array: ArrayLike) -> NDArray[np.float64]:
    """The array in float64; also from bfloat16, which NumPy alone doesn't know."""
    return np.asarray(array).astype(np.float64)


def densified(values: ArrayLike, indices: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """float64[shape]: the dense gradient of `IndexedSlices`, rows of repeated indices summed.

    values: [K, ...], indices: int[K] into the first axis of `shape`.
    """
    dense = np.zeros(shape)
    np.add.at(dense, np.asarray(indices, np.int64), float64(values))
    return dense


def grad_norm(g: ArrayLike | None) -> float:
    """‖g‖; NaN for None."""
    return np.nan if g is None else float(np.sqrt(np.sum(float64(g) ** 2)))


def grad_max_abs(g: ArrayLike | None) -> float:
    """max |gᵢ|, NaN where any element is; 0 for no elements; NaN for None."""
    return np.nan if g is None else float(np.max(np.abs(float64(g)), initial=0.0))


def grad_zero_fraction(g: ArrayLike | None) -> float:
    """Share of elements that are exactly 0; NaN for no elements and for None."""
    if g is None:
        return np.nan
    zero = float64(g) == 0
    return float(zero.mean()) if zero.size else np.nan


def nonfinite_count(g: ArrayLike | None) -> float:
    """How many elements are NaN or infinite; 0 for None."""
    return 0.0 if g is None else float(np.sum(~np.isfinite(float64(g))))
