"""What a closer look at one layer shows: gradient elements by size, and each unit by itself."""

import math

import tensorflow as tf

from gradscope import detail
from gradscope.probes import gradients, reduce, units

_MANTISSA_BITS, _BIAS, _NO_SIGN = 23, 127, 0x7FFFFFFF
"""Of a float32 as IEEE 754 lays it out."""

_BINS = len(detail.bin_names())

_MOST_DENSE = 1 << 22
"""Elements up to which a sparse gradient is laid out whole, so that its zeros are counted."""


def grad_histogram(grad: gradients.Grad, scale: tf.Tensor | None = None) -> tf.Tensor:
    """How many elements of a gradient have which size, float32[len(detail.bin_names())].

    grad: float tensor of any shape, or IndexedSlices. Of a large embedding only the rows that the
        batch touched are counted.
    scale: scalar by which the loss was multiplied, or None; divided out.

    The binary exponent is read from the number itself, so no bin's bound is a matter of rounding.
    """
    values = _narrow(_dense(grad), scale)
    bits = tf.bitwise.bitwise_and(tf.bitcast(tf.reshape(values, [-1]), tf.int32), _NO_SIGN)
    exponent = tf.bitwise.right_shift(bits, _MANTISSA_BITS) - _BIAS
    # Below are 0 and what is too small, above what is too large.
    place = tf.clip_by_value(exponent - detail.LEAST_EXPONENT + 2, 1, _BINS - 2)
    place = tf.where(tf.equal(bits, 0), 0, place)
    place = tf.where(exponent > _BIAS, _BINS - 1, place)
    # One pass; comparing with each bin takes twenty times as long on a CPU.
    counts = tf.math.unsorted_segment_sum(tf.ones_like(place), place, _BINS)
    return tf.cast(counts, tf.float32)


def grad_unit_rms(grad: gradients.Grad, scale: tf.Tensor | None = None) -> tf.Tensor:
    """√ mean g² over the weights of each unit that `detail.unit_indices` names, float32[U].

    grad, scale: as for `grad_histogram`; the last axis, of a known size, holds the units.
    """
    values = _of_units(_narrow(_dense(grad), scale))
    # Scaled before squaring: a vanishing gradient's squares are below what float32 holds.
    largest = tf.reduce_max(tf.abs(values), 0)
    factor = tf.clip_by_value(tf.math.reciprocal(largest), 1e-37, 1e37)
    return tf.sqrt(tf.reduce_mean(tf.square(values * factor), 0)) / factor


def unit_sizes(output: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(unit_mean, unit_rms) of the units that `detail.unit_indices` names, each float32[U].

    output: float tensor [..., units] with a known number of units. NaN where it has no samples.
    """
    samples = tf.cast(_of_units(output), tf.float32)
    return tf.reduce_mean(samples, 0), tf.sqrt(tf.reduce_mean(tf.square(samples), 0))


def unit_shares(output: tf.Tensor, kind: str) -> dict[str, tf.Tensor]:
    """Those of "unit_firing" and "unit_saturated" that an activation function has, float32[U].

    output: float tensor [..., units] with a known number of units. NaN where it has no samples.
    kind: its activation function, one of `units.KINDS`.
    """
    samples, rule = tf.cast(_of_units(output), tf.float32), units.KINDS[kind]
    shares: dict[str, tf.Tensor] = {}
    if rule.fires_above is not None:
        shares["unit_firing"] = _share(samples > rule.fires_above)
    if rule.bounds is not None:
        low, high = rule.bounds
        shares["unit_saturated"] = _share(tf.logical_or(samples < low, samples > high))
    return shares


def _share(mask: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(mask, tf.float32), 0)


def _of_units(values: tf.Tensor) -> tf.Tensor:
    """[samples, U]: the recorded units' columns."""
    count = values.shape[-1]
    flat = tf.reshape(values, [-1, count])
    return flat[:, :: detail.unit_indices(count).step]


def _narrow(values: tf.Tensor, scale: tf.Tensor | None) -> tf.Tensor:
    """The values in float32, the loss scale divided out."""
    values = reduce.real(values)
    if scale is not None:
        values = values / tf.cast(scale, values.dtype)
    return tf.cast(values, tf.float32)


def _dense(grad: gradients.Grad) -> tf.Tensor:
    """A gradient's elements; slices of the same index are summed, as the optimizer does."""
    if not isinstance(grad, tf.IndexedSlices):
        return grad
    shape = None if grad.dense_shape is None else tf.get_static_value(grad.dense_shape)
    if shape is not None and math.prod(map(int, shape)) <= _MOST_DENSE:
        return tf.math.unsorted_segment_sum(grad.values, grad.indices, int(shape[0]))
    return gradients.distinct(grad)[0]
