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
"""Elements. Row length of the matrix-vector form; short rows leave vector lanes idle."""


def real(x: tf.Tensor) -> tf.Tensor:
    """x as a real tensor wide enough to compute with: float64 stays, all else becomes float32."""
    if x.dtype.is_complex:
        x = tf.abs(x)
    return x if x.dtype == tf.float64 else tf.cast(x, tf.float32)


def total(x: tf.Tensor) -> tf.Tensor:
    """The sum of all elements, a scalar of x's dtype."""
    size = math.prod(x.shape) if x.shape.is_fully_defined() else None
    if size is None or size <= _ROW or _on_gpu(x):
        return tf.reduce_sum(x)
    row = _row_length(x.shape.as_list(), size)
    if row < 2:
        return tf.reduce_sum(x)
    return tf.reduce_sum(tf.linalg.matvec(tf.reshape(x, [-1, row]), tf.ones([row], x.dtype)))


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


def _row_length(shape: list[int], size: int) -> int:
    """The longest row of at most _ROW elements: whole trailing axes, or a divisor of size."""
    row = 1
    for length in reversed(shape):
        if row * length > _ROW:
            break
        row *= length
    if row >= 64:
        return row
    return next((n for n in range(min(_ROW, size), 1, -1) if size % n == 0), 1)


def _on_gpu(x: tf.Tensor) -> bool:
    # In a graph being traced a tensor has no device yet; a visible GPU is where XLA will put it.
    device = getattr(x, "device", "") or ""
    return "GPU" in device or ("CPU" not in device and bool(tf.config.list_logical_devices("GPU")))
