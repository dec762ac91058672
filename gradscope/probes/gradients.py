"""What one variable's gradient is: norm, largest element, zeros, non-finite elements."""

from typing import NamedTuple

import tensorflow as tf

from gradscope.probes import reduce

Grad = tf.Tensor | tf.IndexedSlices
_NAN = float("nan")


class Gradient(NamedTuple):
    """Four float32 scalars; see the catalogue for their formulas."""

    grad_norm: tf.Tensor
    grad_max_abs: tf.Tensor
    grad_zero_fraction: tf.Tensor
    nonfinite_count: tf.Tensor


def gradient(grad: Grad | None, scale: tf.Tensor | None = None) -> Gradient:
    """The statistics of one variable's gradient.

    grad: float tensor of the variable's shape, or IndexedSlices with possibly repeated indices,
        or None where no gradient reaches the variable.
    scale: scalar by which the loss was multiplied, or None; norm and maximum are divided by it.
    """
    if grad is None:
        nan = tf.constant(_NAN, tf.float32)
        return Gradient(nan, nan, nan, tf.constant(0.0))
    values, size = distinct(grad)
    values = reduce.real(values)
    largest = reduce.max_abs(values)
    length = reduce.norm(values, largest)
    nonzero, nonfinite = reduce.counts(
        tf.not_equal(values, 0), tf.logical_not(tf.math.is_finite(values))
    )
    # The maximum of a tensor with NaN is NaN on XLA only; the norm is NaN everywhere.
    largest = tf.where(tf.math.is_nan(length), length, largest)
    if scale is not None:
        factor = tf.cast(scale, values.dtype)
        length, largest = length / factor, largest / factor
    elements = tf.cast(size, tf.float32)
    zero = (elements - nonzero) / elements
    return Gradient(tf.cast(length, tf.float32), tf.cast(largest, tf.float32), zero, nonfinite)


def distinct(grad: Grad) -> tuple[tf.Tensor, tf.Tensor | int]:
    """(values, size): a tensor with the dense gradient's nonzero elements, and the dense size.

    Slices with the same index are summed, as the optimizer does (tensorflow's own `global_norm`
    doesn't: it takes the norm of the unsummed slices).
    """
    if not isinstance(grad, tf.IndexedSlices):
        return grad, tf.size(grad)
    rows = grad.dense_shape[0] if grad.dense_shape is not None else None
    static_rows = tf.get_static_value(rows) if rows is not None else None
    per_row = tf.reduce_prod(tf.shape(grad.values)[1:])
    count = grad.indices.shape[0]
    if rows is not None and (count is None or (static_rows or 0) <= count):
        summed = tf.math.unsorted_segment_sum(grad.values, grad.indices, rows)
        return summed, tf.size(summed)
    # Sorting n indices and summing into n rows never builds the dense [vocabulary, width] tensor.
    order = tf.argsort(grad.indices)
    sorted_indices = tf.gather(grad.indices, order)
    first = tf.zeros_like(order[:1])  # one 0, none where there are no slices
    fresh = tf.concat([first, tf.cast(sorted_indices[1:] != sorted_indices[:-1], tf.int32)], 0)
    summed = tf.math.unsorted_segment_sum(
        tf.gather(grad.values, order), tf.cumsum(fresh), tf.shape(grad.indices)[0]
    )
    size = tf.cast(rows, tf.int32) * per_row if rows is not None else tf.size(summed)
    return summed, size
