"""What the batch is: scale of the inputs, spread of the labels."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from gradscope.probes import reduce, slices
from gradscope.probes.forms import sliced

_NAN = float("nan")


class Inputs(NamedTuple):
    """Three float32 scalars over all numeric inputs of the batch together."""

    input_mean: tf.Tensor
    input_std: tf.Tensor
    input_max_abs: tf.Tensor


def inputs(tensors: Sequence[tf.Tensor]) -> Inputs:
    """The scale of the model's inputs.

    tensors: real tensors of any shapes; without any, all three are NaN.
    """
    if not tensors:
        nan = tf.constant(_NAN, tf.float32)
        return Inputs(nan, nan, nan)
    values = [reduce.real(x) for x in tensors]
    count = tf.add_n([tf.cast(tf.size(x), tf.float32) for x in values])
    mean = tf.add_n([tf.cast(tf.reduce_sum(x), tf.float32) for x in values]) / count
    # Two passes: E[x²] − E[x]² loses all digits where the mean is far from zero.
    centred = [reduce.entry(x - tf.cast(mean, x.dtype)) for x in values]
    spread = [reduce.sums(x * x)[0] for x in centred]
    variance = tf.add_n([tf.cast(s, tf.float32) for s in spread]) / count
    largest = [tf.cast(reduce.max_abs(reduce.entry(x))[0], tf.float32) for x in values]
    largest = tf.where(tf.math.is_nan(mean), mean, tf.reduce_max(tf.stack(largest)))
    return Inputs(mean, tf.sqrt(variance), largest)


class Features(NamedTuple):
    """Three float32 scalars over all features of the batch's inputs."""

    input_feature_rms_max: tf.Tensor
    input_feature_rms_min: tf.Tensor
    input_feature_max: tf.Tensor


def features(tensors: Sequence[tf.Tensor]) -> Features:
    """The scale of single features; see the catalogue for the formulas.

    tensors: real tensors [..., features], counted through; a vector is one feature. Without any
        feature all three are NaN, as they are where the largest rms is. As in every float32 square,
        elements beyond about 1e±19 are lost.
    """
    if not tensors:
        return Features(*(tf.constant(_NAN, tf.float32),) * 3)
    rms = tf.concat([_feature_rms(x) for x in tensors], 0)
    # The maximum of a vector with NaN is NaN on XLA only.
    total = tf.reduce_sum(rms)
    if not rms.shape.num_elements():
        # The place of the largest of none, at run time, would stop the training.
        total = tf.where(tf.size(rms) > 0, total, _NAN)
        rms = tf.concat([rms, [0.0]], 0)
    nan = tf.math.is_nan(total)
    used = rms > 0
    least = tf.reduce_min(tf.where(used, rms, float("inf")))
    least = tf.where(tf.reduce_any(used), least, _NAN)
    place = tf.cast(tf.argmax(rms, output_type=tf.int32), tf.float32)
    return Features(*(tf.where(nan, total, x) for x in (tf.reduce_max(rms), least, place)))


def _feature_rms(x: tf.Tensor) -> tf.Tensor:
    """√ mean x² of each feature, float32[features]."""
    values = reduce.real(x)
    count = (x.shape[-1] if x.shape.rank else None) if (x.shape.rank or 0) > 1 else 1
    rows = tf.shape(values)[0] if x.shape.rank else 1
    # Rows of whole samples first: a narrow last axis would leave vector lanes idle.
    wide = tf.reshape(values, [x.shape[0] if x.shape.rank and x.shape[0] else rows, -1])
    if sliced(values) and wide.shape.is_fully_defined() and wide.shape[0] % slices.COUNT == 0:
        # What is elementwise would leave the fast path of a reduction, but for slices.
        flat = tf.reshape(wide, [slices.COUNT, -1])
        wide = tf.reshape(slices.folded(flat * flat), [-1, wide.shape[1]])
    else:
        wide = wide * wide
    squares = tf.reduce_sum(wide, 0)
    if count != 1:
        squares = tf.reshape(squares, [-1, count or tf.shape(values)[-1]])
    squares = tf.reduce_sum(squares, 0, keepdims=count == 1)
    size = tf.cast(tf.size(values) // tf.maximum(tf.size(squares), 1), squares.dtype)
    return tf.cast(tf.sqrt(squares / size), tf.float32)


def batch_size(labels: tf.Tensor | None, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """The length of the first axis of the labels, else of the first input; a float32 scalar.

    labels, inputs: tensors of any type; NaN where none has an axis.
    """
    for tensor in (*([] if labels is None else [labels]), *inputs):
        if tensor.shape.rank:
            return tf.cast(tf.shape(tensor)[0], tf.float32)
    return tf.constant(_NAN, tf.float32)


def label_entropy(labels: tf.Tensor | None, kind: str | None, classes: int | None) -> tf.Tensor:
    """The entropy of the batch's label distribution in nats, a float32 scalar.

    labels: for "sparse" integers of any shape, out-of-range ones are left out; for "onehot" and
        "binary" floats, the last axis being the classes, or independent labels whose entropies
        are averaged.
    kind: "sparse", "onehot", "binary"; anything else where labels are no classes: then NaN, as for
        "onehot" rows whose length is known at run time only.
    classes: number of classes, needed for "sparse".
    """
    known = kind == "binary" or (kind == "sparse" and bool(classes))
    known = known or (kind == "onehot" and labels is not None and bool(_columns(labels)))
    if labels is None or not known:
        return tf.constant(_NAN, tf.float32)
    if kind == "binary":
        rows = tf.cast(labels, tf.float32)
        columns = rows.shape[-1] if rows.shape.rank and rows.shape.rank > 1 else 1
        on = tf.reduce_mean(tf.cast(tf.reshape(rows, [-1, columns or 1]) > 0.5, tf.float32), 0)
        return tf.reduce_mean(_plogp(on) + _plogp(1.0 - on))
    if kind == "onehot":
        counts = tf.reduce_sum(tf.reshape(tf.cast(labels, tf.float32), [-1, labels.shape[-1]]), 0)
    else:
        flat = tf.reshape(tf.cast(labels, tf.int32), [-1])
        known = tf.logical_and(flat >= 0, flat < classes)
        slot = tf.where(known, flat, classes)
        ones = tf.ones_like(flat, tf.float32)
        counts = tf.math.unsorted_segment_sum(ones, slot, (classes or 0) + 1)[:-1]
    return tf.reduce_sum(_plogp(counts / tf.reduce_sum(counts)))


def _columns(labels: tf.Tensor) -> int | None:
    return labels.shape[-1] if labels.shape.rank else None


def _plogp(p: tf.Tensor) -> tf.Tensor:
    return -tf.math.xlogy(p, p)
