"""What the batch holds of each class, and how well each is predicted."""

from typing import NamedTuple

import tensorflow as tf

from gradscope.probes import reduce

_NAN = float("nan")

MAX_CLASSES = 100
"""Classes. With more, a batch holds a few samples of each at most, and a run's file grows."""

_EPSILON = 1e-7
"""Probabilities are kept this far from 0 and 1, as Keras does before it takes logarithms."""

_EVEN = 0.5
"""Probability above which a binary label or prediction counts as the class 1."""


class Classes(NamedTuple):
    """Two float32[classes]; see the catalogue for their formulas."""

    class_share: tf.Tensor
    class_loss: tf.Tensor


def count(labels: tf.Tensor, outputs: tf.Tensor, kind: str | None) -> int | None:
    """The number of classes, None where labels are no classes or several labels at once."""
    units = _last(outputs)
    if kind == "binary":
        columns = labels.shape[-1] if (labels.shape.rank or 0) > 1 else 1
        return 2 if columns == 1 else None
    fits = kind == "sparse" or (kind == "onehot" and labels.shape[-1:] == outputs.shape[-1:])
    return units if fits else None


def of_classes(
    labels: tf.Tensor, outputs: tf.Tensor, scores: tf.Tensor | None, kind: str | None
) -> Classes | None:
    """Share and mean cross-entropy of each class; None without classes, or with too many.

    labels: for "sparse" a class number for each row of outputs, for "onehot" a row like it whose
        largest entry counts, a row of zeros for no class, for "binary" a column of numbers that
        count as 1 above 0.5.
    outputs: predictions [..., classes], or [..., 1] or [...] for "binary".
    scores: the logits that the loss works on, None where outputs are probabilities; with logits of
        a part of the outputs only, there is nothing to say.
    kind: "sparse", "onehot", "binary" or None.
    """
    classes = count(labels, outputs, kind)
    if not classes or classes > MAX_CLASSES:
        return None
    if kind != "binary" and scores is not None and _last(scores) != classes:
        return None
    rows = [-1] if kind == "binary" else [-1, classes]
    logits = _logits(tf.reshape(reduce.real(outputs if scores is None else scores), rows), scores)
    if kind == "binary":
        logits = tf.stack([-logits, logits], 1) / 2.0
    member = tf.one_hot(
        _numbers(labels, kind), classes, dtype=tf.bool, on_value=True, off_value=False
    )
    if not member.shape[:1].is_compatible_with(logits.shape[:1]):
        return None
    member, logits, fits = reduce.alongside(member, logits)
    losses = tf.reduce_logsumexp(logits, 1, keepdims=True) - logits
    losses = tf.reduce_sum(tf.where(member, losses, tf.zeros_like(losses)), 0)
    held = tf.reduce_sum(tf.cast(member, losses.dtype), 0)
    total = tf.cast(tf.shape(member)[0], losses.dtype)
    figures = (tf.cast(x, tf.float32) for x in (held / total, losses / held))
    return Classes(*(tf.where(fits, x, _NAN) for x in figures))


def accuracy(
    labels: tf.Tensor, outputs: tf.Tensor, scores: tf.Tensor | None, kind: str | None
) -> tf.Tensor:
    """The share of samples whose predicted class is the label's, a float32 scalar.

    Arguments as for `of_classes`; for "binary" there may be several labels at once, each of them
    counts. NaN where labels are no classes or the sum of outputs is NaN.
    """
    units = _last(outputs)
    if kind == "binary":
        predicted = tf.reshape(outputs, [-1]) > _EVEN if scores is None else None
        predicted = tf.reshape(scores, [-1]) > 0 if predicted is None else predicted
        predicted, wanted = tf.cast(predicted, tf.int32), _numbers(labels, kind)
    elif units and (kind == "sparse" or count(labels, outputs, kind)):
        rows = tf.reshape(reduce.real(outputs), [-1, units])
        predicted, wanted = tf.argmax(rows, 1, tf.int32), _numbers(labels, kind)
    else:
        return tf.constant(_NAN, tf.float32)
    if not predicted.shape.is_compatible_with(wanted.shape):
        return tf.constant(_NAN, tf.float32)
    predicted, wanted, fits = reduce.alongside(predicted, wanted)
    share = tf.reduce_mean(tf.cast(tf.equal(predicted, wanted), tf.float32))
    # The index of the largest of numbers with NaN among them is another one on XLA.
    unknown = tf.math.is_nan(tf.reduce_sum(outputs)) | ~fits
    return tf.where(unknown, _NAN, share)


def _last(tensor: tf.Tensor) -> int | None:
    """The length of the last axis, None without one and where it isn't known."""
    return tensor.shape[-1] if tensor.shape.rank else None


def _numbers(labels: tf.Tensor, kind: str | None) -> tf.Tensor:
    """int32[samples]: the class of each label, −1 for a row that names none."""
    if kind == "binary":
        return tf.cast(tf.reshape(reduce.real(labels), [-1]) > _EVEN, tf.int32)
    if kind == "onehot":
        rows = tf.reshape(reduce.real(labels), [-1, labels.shape[-1]])
        # What tf.one_hot makes of a number out of range is a row of zeros.
        return tf.where(tf.reduce_max(rows, 1) > 0, tf.argmax(rows, 1, tf.int32), -1)
    return tf.reshape(tf.cast(labels, tf.int32), [-1])


def _logits(values: tf.Tensor, scores: tf.Tensor | None) -> tf.Tensor:
    """Logits as they are; of probabilities their logarithms, of one probability its log odds."""
    if scores is not None:
        return values
    inner = tf.clip_by_value(values, _EPSILON, 1.0 - _EPSILON)
    return tf.math.log(inner) if values.shape.rank == 2 else tf.math.log(inner / (1.0 - inner))
