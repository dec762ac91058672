"""Trainings whose loss, output and targets don't fit, or are outweighed, and what repairs them."""

# pyright: basic

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tests.faults.training import (
    Loss,
    Program,
    Training,
    chain,
    cloud_batches,
    cross_entropy,
    dense,
    digits_batches,
    line_batches,
    squared,
    training,
)


def _digits_with(last: str | None, loss: Loss, steps: int = 200) -> Training:
    model = chain(64, *dense(2, 32, "relu", "he_normal"), last=last)
    return training(model, keras.optimizers.Adam(2e-3), loss, digits_batches(steps))


# --- output-mismatch ----------------------------------------------------------------------------


def _clouds_with(last: str) -> Training:
    model = chain(4, *dense(2, 16, "relu", "he_normal"), classes=1, last=last)
    loss = keras.losses.BinaryCrossentropy()
    return training(model, keras.optimizers.Adam(5e-3), loss, cloud_batches(120))


def softmax_of_one() -> Training:
    """A softmax of a single unit is 1, whatever goes in."""
    return _clouds_with("softmax")


def sigmoid_of_one() -> Training:
    return _clouds_with("sigmoid")


def _line_with(last: str | None, loss: Loss = squared) -> Training:
    model = chain(8, *dense(2, 32, "relu", "he_normal"), classes=1, last=last)
    return training(model, keras.optimizers.Adam(5e-3), loss, line_batches(200))


def sigmoid_for_any_number() -> Training:
    """Targets of both signs behind a sigmoid."""
    return _line_with("sigmoid")


def relu_for_any_number() -> Training:
    return _line_with("relu")


def any_number() -> Training:
    return _line_with(None)


def all_pairs() -> Training:
    """Targets of shape (n,) minus predictions of shape (n, 1) are n times n differences."""
    return _line_with(None, lambda y, p: ops.mean(ops.square(ops.squeeze(y, -1) - p)))


def logits_as_probabilities() -> Training:
    """The output has no activation, and nobody told the loss."""
    return _digits_with(None, keras.losses.SparseCategoricalCrossentropy())


def relu_as_probabilities() -> Training:
    return _digits_with("relu", keras.losses.SparseCategoricalCrossentropy())


def softmax_output() -> Training:
    return _digits_with("softmax", keras.losses.SparseCategoricalCrossentropy())


def softmax_twice() -> Training:
    """The loss takes the softmax of a softmax, which leaves little of a deep net's gradient."""

    def loss(y, p):
        return ops.mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p))

    model = chain(64, *dense(4, 32, "relu", "he_normal"), last="softmax")
    return training(model, keras.optimizers.SGD(0.05), loss, digits_batches(200))


def softmax_once() -> Training:
    model = chain(64, *dense(4, 32, "relu", "he_normal"))
    return training(model, keras.optimizers.SGD(0.05), cross_entropy, digits_batches(200))


def classes_as_quantities() -> Training:
    """Ten classes by a squared error on their numbers."""
    model = chain(64, *dense(2, 32, "relu", "he_normal"), classes=1)
    batches = [(x, y[:, None].astype(np.float32)) for x, y in digits_batches(150)]
    loss = keras.losses.MeanSquaredError()
    return training(model, keras.optimizers.Adam(2e-3), loss, batches)


# --- over-regularized ---------------------------------------------------------------------------


def _penalized(penalty: keras.regularizers.Regularizer, dropout: float) -> Training:
    stack = []
    for i in (1, 2):
        stack.append(layers.Dense(48, "relu", kernel_regularizer=penalty, name=f"hidden_{i}"))
        stack.append(layers.Dropout(dropout))
    model = chain(64, *stack)

    def loss(y, logits):
        return cross_entropy(y, logits) + sum(model.losses)

    return training(model, keras.optimizers.Adam(2e-3), loss, digits_batches(250))


def heavy_penalty() -> Training:
    """L2 of 0.1 beside a dropout of 0.5."""
    return _penalized(keras.regularizers.L2(0.1), 0.5)


def heavy_absolute_penalty() -> Training:
    """A penalty of 0.1 on the size of each weight."""
    return _penalized(keras.regularizers.L1(0.1), 0.0)


def light_penalty() -> Training:
    return _penalized(keras.regularizers.L2(1e-4), 0.1)


def light_absolute_penalty() -> Training:
    return _penalized(keras.regularizers.L1(1e-5), 0.0)


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("softmax-of-one", "output-mismatch", softmax_of_one, twin="sigmoid-of-one", layer="output"),
    Program("sigmoid-for-any-number", "output-mismatch", sigmoid_for_any_number, twin="any-number", layer="output"),
    Program("relu-for-any-number", "output-mismatch", relu_for_any_number, twin="any-number", layer="output"),
    Program("all-pairs", "output-mismatch", all_pairs, twin="any-number", layer="output"),
    Program("logits-as-probabilities", "output-mismatch", logits_as_probabilities, twin="softmax-output", layer="output"),
    Program("relu-as-probabilities", "output-mismatch", relu_as_probabilities, twin="softmax-output", layer="output"),
    Program("softmax-twice", "output-mismatch", softmax_twice, twin="softmax-once", layer="output"),
    Program("classes-as-quantities", "output-mismatch", classes_as_quantities, twin="softmax-output", layer="output"),
    Program("heavy-penalty", "over-regularized", heavy_penalty, twin="light-penalty", layer="hidden_"),
    Program("heavy-absolute-penalty", "over-regularized", heavy_absolute_penalty, twin="light-absolute-penalty", layer="hidden_"),
    Program("sigmoid-of-one", "", sigmoid_of_one),
    Program("any-number", "", any_number),
    Program("softmax-output", "", softmax_output),
    Program("softmax-once", "", softmax_once),
    Program("light-penalty", "", light_penalty),
    Program("light-absolute-penalty", "", light_absolute_penalty),
)
# fmt: on
"""The programs of this family and their twins."""
