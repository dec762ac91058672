"""What the gradients are: norm, largest element, zeros, non-finite elements."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from gradscope.probes import reduce
from gradscope.probes.bundle import Bundle

Grad = tf.Tensor | tf.IndexedSlices


class Gradient(NamedTuple):
    """Four float32 tensors of one shape; see the catalogue for their formulas."""

    grad_norm: tf.Tensor
    grad_max_abs: tf.Tensor
    grad_zero_fraction: tf.Tensor
    nonfinite_count: tf.Tensor


def gradients(grads: Sequence[Grad | None], scale: tf.Tensor | None = None) -> Gradient:
    """The statistics of V variables' gradients, each float32[V].

    grads: for each variable a float tensor of its shape, or IndexedSlices with possibly repeated
        indices, or None where no gradient reaches it (then NaN, and 0 non-finite elements).
    scale: scalar by which the loss was multiplied, or None; norm and maximum are divided by it.
    """
    reached = [place for place, grad in enumerate(grads) if grad is not None]
    parts = [distinct(grads[place]) for place in reached]
    tensors, sizes = [values for values, _ in parts], [size for _, size in parts]
    largest, length, nonzero, nonfinite = _reduced(tensors)
    # The maximum of a tensor with NaN is NaN on XLA only; the norm is NaN everywhere.
    largest = tf.where(tf.math.is_nan(length), length, largest)
    if scale is not None:
        factor = tf.cast(scale, tf.float32)
        length, largest = length / factor, largest / factor
    size = tf.stack([tf.cast(n, tf.float32) for n in sizes]) if sizes else tf.zeros([0])
    found = Gradient(length, largest, (size - nonzero) / size, nonfinite)
    if len(reached) == len(grads):
        return found
    missing = (*(float("nan"),) * 3, 0.0)
    where = [reached.index(i) if i in reached else len(reached) for i in range(len(grads))]
    return Gradient(
        *(tf.gather(tf.concat([x, [y]], 0), where) for x, y in zip(found, missing, strict=True))
    )


def gradient(grad: Grad | None, scale: tf.Tensor | None = None) -> Gradient:
    """The statistics of one variable's gradient, each a float32 scalar; see `gradients`."""
    return Gradient(*(column[0] for column in gradients([grad], scale)))


def _reduced(tensors: Sequence[tf.Tensor]) -> tuple[tf.Tensor, ...]:
    """max |x|, ‖x‖ and the numbers of nonzero and of non-finite elements, each float32[L]."""
    bundle = Bundle(tensors)
    stacks = bundle.stacks(tensors)
    largest = [reduce.max_abs(x) for x in stacks]
    squares = [
        reduce.squares(x, reduce.factor(most)) for x, most in zip(stacks, largest, strict=True)
    ]
    counts = [
        reduce.counts(tf.not_equal(x, 0), tf.logical_not(tf.math.is_finite(x))) for x in stacks
    ]
    (most,) = bundle.columns(largest)
    total, nonzero, nonfinite = bundle.sums(
        squares, [pair[0] for pair in counts], [pair[1] for pair in counts]
    )
    return most, tf.sqrt(total) / reduce.factor(most), nonzero, nonfinite


_LEAST_NORMAL = 2.0**-14
"""The least normal number of float16; below it digits are lost, below 2⁻²⁴ the number itself."""


def underflow_share(grads: Sequence[Grad | None]) -> tf.Tensor:
    """The share of elements under float16's normal numbers, a float32 scalar; NaN without any.

    grads: as `gradients` takes them, the loss scale not divided out.
    """
    parts = [distinct(grad) for grad in grads if grad is not None]
    if not parts:
        return tf.constant(float("nan"), tf.float32)
    tensors = [values for values, _ in parts]
    bundle = Bundle(tensors)
    (small,) = bundle.sums(
        [
            reduce.parts(tf.cast(tf.abs(x) < _LEAST_NORMAL, tf.float32))
            for x in bundle.stacks(tensors)
        ]
    )
    sizes = tf.stack([tf.cast(size, tf.float32) for _, size in parts])
    held = tf.stack([tf.cast(tf.size(values), tf.float32) for values, _ in parts])
    # What slices leave out of a dense gradient is zero.
    return tf.reduce_sum(small + (sizes - held)) / tf.reduce_sum(sizes)


def distinct(grad: Grad) -> tuple[tf.Tensor, tf.Tensor | int]:
    """(values, size): a tensor with the dense gradient's nonzero elements, and the dense size.

    Slices with the same index are summed, as the optimizer does (tensorflow's own `global_norm`
    doesn't: it takes the norm of the unsummed slices).
    """
    if not isinstance(grad, tf.IndexedSlices):
        return grad, grad.shape.num_elements() if grad.shape.is_fully_defined() else tf.size(grad)
    rows = grad.dense_shape[0] if grad.dense_shape is not None else None
    static_rows = tf.get_static_value(rows) if rows is not None else None
    # As float: an embedding may have more than 2³¹ elements.
    per_row = tf.cast(tf.reduce_prod(tf.shape(grad.values)[1:]), tf.float32)
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
    return summed, tf.cast(rows, tf.float32) * per_row if rows is not None else tf.size(summed)
