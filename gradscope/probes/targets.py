"""What is to be predicted and what is predicted: range and spread of targets and outputs."""

from typing import NamedTuple

import tensorflow as tf

from gradscope.probes import reduce

_NAN = float("nan")


class Target(NamedTuple):
    """Four float32 scalars over all elements of the labels."""

    target_mean: tf.Tensor
    target_std: tf.Tensor
    target_min: tf.Tensor
    target_max: tf.Tensor


class Predicted(NamedTuple):
    """Five float32 scalars over all elements of the predictions."""

    output_mean: tf.Tensor
    output_std: tf.Tensor
    output_min: tf.Tensor
    output_max: tf.Tensor
    output_spread: tf.Tensor


def target(labels: tf.Tensor | None, kind: str | None) -> Target:
    """The range of the labels; mean and deviation only where they are no classes.

    labels: a tensor of numbers or booleans of any shape; None gives NaN.
    kind: as in `classes.of_classes`.
    """
    nan = tf.constant(_NAN, tf.float32)
    if labels is None:
        return Target(nan, nan, nan, nan)
    values = reduce.real(labels)
    mean = tf.reduce_mean(values)
    low, high = _range(values, mean)
    if kind in ("sparse", "onehot", "binary"):
        return Target(nan, nan, low, high)
    centred = reduce.entry(values - mean)
    size = tf.cast(tf.size(values), centred.dtype)
    std = tf.sqrt(reduce.sums(centred * centred)[0] / size)
    return Target(tf.cast(mean, tf.float32), tf.cast(std, tf.float32), low, high)


def predicted(outputs: tf.Tensor | None) -> Predicted:
    """Range, deviation and spread over the batch of the predictions.

    outputs: a float tensor whose first axis is the batch; None gives NaN.
    """
    nan = tf.constant(_NAN, tf.float32)
    if outputs is None:
        return Predicted(nan, nan, nan, nan, nan)
    values = reduce.real(outputs)
    rows = (values.shape[0] if values.shape.rank else 1) or tf.shape(values)[0]
    wide = tf.reshape(values, [rows, -1])
    count = tf.cast(rows, values.dtype)
    # One pass for the means of all places and one around them give both deviations.
    means = tf.reduce_sum(wide, 0) / count
    apart = wide - means
    variances = tf.reduce_sum(apart * apart, 0) / count
    mean = tf.reduce_mean(means)
    std = tf.sqrt(tf.reduce_mean(variances) + tf.reduce_mean(tf.square(means - mean)))
    spread = tf.where(count > 1, tf.reduce_mean(tf.sqrt(variances)), tf.cast(_NAN, wide.dtype))
    low, high = _range(values, mean)
    mean, std, spread = (tf.cast(x, tf.float32) for x in (mean, std, spread))
    return Predicted(mean, std, low, high, spread)


def residual_rms(labels: tf.Tensor | None, outputs: tf.Tensor, kind: str | None) -> tf.Tensor:
    """√ mean (y − p)², a float32 scalar; NaN for kinds that are classes or unknown.

    labels, outputs: tensors of one shape, but for axes of length 1; NaN for any others, such as a
        column of targets for ten outputs, which a loss may broadcast.
    """
    nan = tf.constant(_NAN, tf.float32)
    if labels is None or kind != "regression":
        return nan
    y, p = (tf.reshape(reduce.real(x), [-1]) for x in (labels, outputs))
    if not y.shape.is_compatible_with(p.shape):
        return nan
    y, p, fits = reduce.alongside(y, p)
    wide = tf.float64 if tf.float64 in (y.dtype, p.dtype) else tf.float32
    error = reduce.entry(tf.cast(y, wide) - tf.cast(p, wide))
    mean = reduce.sums(error * error)[0] / tf.cast(tf.size(error), wide)
    return tf.where(fits, tf.cast(tf.sqrt(mean), tf.float32), nan)


def _range(values: tf.Tensor, mean: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(smallest, largest), float32 scalars; both NaN where the mean is."""
    # With NaN among the elements XLA and the rest of TensorFlow give different extremes.
    nan = tf.math.is_nan(mean)
    ends = (tf.reduce_min(values), tf.reduce_max(values))
    low, high = (tf.cast(tf.where(nan, mean, end), tf.float32) for end in ends)
    return low, high
