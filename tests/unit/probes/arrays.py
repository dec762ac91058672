"""Arrays for property tests: all shapes, zeros, infinities, NaN, no elements, narrow floats."""

import math

import ml_dtypes
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

few = settings(max_examples=25, deadline=None, derandomize=True)
"""Each example runs a dozen TensorFlow operations, one by one."""

SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)

SQUARE_FLOOR = 2e-19
"""The square of anything smaller is 0 in float32; gradients are scaled first, outputs and inputs
aren't."""


def floats(limit: float | None, *, special: bool) -> st.SearchStrategy[float]:
    """float32 numbers up to a limit, 0 often among them; NaN and infinities where special."""
    bound = None if limit is None else float(np.float32(limit))
    low = None if bound is None else -bound
    numbers = st.floats(
        low, bound, width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False
    )
    odd = [0.0, -0.0, *([math.nan, math.inf, -math.inf] if special else [])]
    return st.one_of(numbers, numbers, st.sampled_from(odd))


def arrays(
    limit: float | None = None, *, special: bool = False, shapes: st.SearchStrategy = SHAPES
) -> st.SearchStrategy[np.ndarray]:
    """float32 arrays."""
    return npst.arrays(np.float32, shapes, elements=floats(limit, special=special))


def narrow(dtype: str) -> st.SearchStrategy[np.ndarray]:
    """Arrays of "bfloat16" or "float16"."""
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.float16
    return arrays(1e3).map(lambda array: array.astype(kind))


def same(got: object, want: float, rtol: float = 1e-4, floor: float = 2e-38) -> bool:
    """Whether a float32 scalar is the number, as far as float32 can tell."""
    value = float(np.asarray(got))
    with np.errstate(over="ignore"):
        narrowed = float(np.float32(want))
    if not math.isfinite(narrowed) or not math.isfinite(value):
        return value == narrowed or (math.isnan(value) and math.isnan(narrowed))
    return math.isclose(value, narrowed, rel_tol=rtol, abs_tol=floor)
