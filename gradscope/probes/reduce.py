"""Sums, norms and counts over a whole tensor, written so that XLA runs them at memory speed.

XLA:CPU turns `reduce_sum(x * x)` into one scalar chain of additions (1.3 to 2.3 ms for 2M floats);
the same sum as a matrix-vector product with ones takes 0.3 ms, as do `reduce_max` and `reduce_min`
(benchmarks/reductions.py). On a GPU the plain form is best: XLA fuses sibling reductions of one
tensor into a single pass.
"""

import math

import tensorflow as tf

_SMALL = 4096
"""Elements. Below this a second pass for exact scaling costs less than the kernel's launch."""

_ROW = 1024
"""Elements. Longest row of the matrix-vector form."""

_SHORT = 64
"""Elements. Shorter rows leave vector lanes idle; then the rows cut across axes."""

_PACK = 4096.0
"""Above _ROW, so that two counts of one row fit into one float32."""


def real(x: tf.Tensor) -> tf.Tensor:
    """x as a real tensor wide enough to compute with: float64 stays, all else becomes float32."""
    if x.dtype.is_complex:
        x = tf.abs(x)
    return x if x.dtype == tf.float64 else tf.cast(x, tf.float32)


def total(x: tf.Tensor) -> tf.Tensor:
    """The sum of all elements, a scalar of x's dtype."""
    rows = _rows(x)
    if rows is None:
        return tf.reduce_sum(x)
    return tf.reduce_sum(tf.linalg.matvec(tf.reshape(x, rows), tf.ones([rows[1]], x.dtype)))


def counts(first: tf.Tensor, second: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """How many elements of each of two bool tensors of one shape are True; two float32 scalars."""
    rows = _rows(first)
    if rows is None:
        return tuple(tf.reduce_sum(tf.cast(mask, tf.float32)) for mask in (first, second))
    # One pass counts both: a row's sum is a + _PACK · b, exact in float32 for rows of up to _ROW.
    packed = tf.cast(first, tf.float32) + _PACK * tf.cast(second, tf.float32)
    sums = tf.linalg.matvec(tf.reshape(packed, rows), tf.ones([rows[1]]))
    high = tf.floor(sums / _PACK)
    return tf.reduce_sum(sums - _PACK * high), tf.reduce_sum(high)


def sum_of_squares(x: tf.Tensor) -> tf.Tensor:
    """Σ xᵢ², a scalar of x's dtype."""
    return total(x * x)


def max_abs(x: tf.Tensor) -> tf.Tensor:
    """max |xᵢ|, NaN where an element is NaN, 0 for an empty tensor; a scalar of x's dtype."""
    # Two plain reductions are vectorized on XLA:CPU, reduce_max(abs(x)) is not always.
    largest = tf.maximum(tf.reduce_max(x), -tf.reduce_min(x))
    return tf.where(tf.equal(tf.size(x), 0), tf.zeros([], x.dtype), largest)


def norm(x: tf.Tensor, largest: tf.Tensor | None = None) -> tf.Tensor:
    """‖x‖₂, a scalar of x's dtype.

    largest: max |xᵢ| where it is known. With it, and for small tensors, elements are divided by it
        before they are squared, so that the norm neither overflows nor underflows in float32;
        without it elements beyond about 1e±19 are lost.
    """
    if largest is None and x.shape.is_fully_defined() and math.prod(x.shape) <= _SMALL:
        largest = max_abs(x)
    if largest is None:
        return tf.sqrt(sum_of_squares(x))
    usable = tf.logical_and(largest > 0, tf.math.is_finite(largest))
    scale = tf.where(usable, largest, tf.ones_like(largest))
    return scale * tf.sqrt(sum_of_squares(x / scale))


def share(mask: tf.Tensor) -> tf.Tensor:
    """The share of elements that are True, a float32 scalar; NaN for an empty tensor."""
    return total(tf.cast(mask, tf.float32)) / tf.cast(tf.size(mask), tf.float32)


def _rows(x: tf.Tensor) -> list[int] | None:
    """[rows, length] to which x is reshaped for the matrix-vector form, None for the plain one."""
    size = math.prod(x.shape) if x.shape.is_fully_defined() else 0
    if size <= _ROW or _on_gpu(x):
        return None
    length = 1
    for axis in reversed(x.shape.as_list()):
        if length * axis > _ROW:
            break
        length *= axis
    if length < _SHORT:
        length = next(n for n in range(_ROW, 0, -1) if size % n == 0)
    return [size // length, length] if length > 1 else None


def _on_gpu(x: tf.Tensor) -> bool:
    # In a graph being traced a tensor has no device yet; a visible GPU is where XLA will put it.
    device = getattr(x, "device", "") or ""
    return "GPU" in device or ("CPU" not in device and bool(tf.config.list_logical_devices("GPU")))
