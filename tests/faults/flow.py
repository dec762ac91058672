"""Trainings in which signal, gradient or weights go astray, and what repairs them."""

# pyright: basic

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tests.faults.training import (
    Program,
    Training,
    chain,
    cloud_batches,
    cross_entropy,
    cycle,
    dense,
    digits_batches,
    line_batches,
    squared,
    training,
)


def _minus_squared(y, p):
    return -squared(y, p)


def _bare_log_loss(y, p):
    """Binary cross-entropy as it stands in a textbook: log 0 once a prediction is certain."""
    return -ops.mean(y * ops.log(p) + (1 - y) * ops.log(1 - p))


def _clipped_log_loss(y, p):
    return _bare_log_loss(y, ops.clip(p, 1e-6, 1 - 1e-6))


# --- vanishing-gradient -------------------------------------------------------------------------


def deep_sigmoid() -> Training:
    """Seven sigmoid layers: each takes at least a factor of four off the gradient."""
    model = chain(64, *dense(7, 32, "sigmoid", "glorot_uniform"))
    return training(model, keras.optimizers.SGD(0.05), cross_entropy, digits_batches(200))


def deep_normalized() -> Training:
    """As deep, with batch normalization and ReLU."""
    hidden: list[Any] = []
    for layer in dense(7, 32, None, "he_normal"):
        hidden += [layer, layers.BatchNormalization(), layers.ReLU()]
    return training(
        chain(64, *hidden), keras.optimizers.SGD(0.05), cross_entropy, digits_batches(200)
    )


# --- exploding-gradient -------------------------------------------------------------------------


def uphill() -> Training:
    """The sign of the gradient is wrong. Adam's updates look as always."""
    model = chain(8, *dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.Adam(1e-2), squared, line_batches(300), sign=-1.0)


def downhill() -> Training:
    model = chain(8, *dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.Adam(1e-2), squared, line_batches(300))


def far_too_fast() -> Training:
    """A learning rate that overshoots further each time, until nothing is finite."""
    model = chain(8, *dense(2, 32, "tanh", "glorot_normal"), *_dense_linear(), classes=1)
    return training(model, keras.optimizers.SGD(1.0), squared, line_batches(200))


def fast_enough() -> Training:
    model = chain(8, *dense(2, 32, "tanh", "glorot_normal"), *_dense_linear(), classes=1)
    return training(model, keras.optimizers.SGD(0.01), squared, line_batches(200))


def _dense_linear() -> list[Any]:
    return [layers.Dense(32, kernel_initializer="glorot_normal", name="linear")]


# Far too high a learning rate, with ReLU: one update, then nothing fires and nothing moves.


def _rectified(rate: keras.optimizers.Optimizer) -> Training:
    model = chain(64, *dense(2, 64, "relu", "he_normal"))
    return training(model, rate, cross_entropy, digits_batches(100))


def sgd_far_too_fast() -> Training:
    return _rectified(keras.optimizers.SGD(10.0))


def sgd_usual() -> Training:
    return _rectified(keras.optimizers.SGD(0.1))


def adam_far_too_fast() -> Training:
    return _rectified(keras.optimizers.Adam(10.0))


def adam_usual() -> Training:
    return _rectified(keras.optimizers.Adam(1e-3))


def _convolutional(rate: float) -> Training:
    stack = [
        layers.Reshape([8, 8, 1]),
        layers.Conv2D(8, 3, activation="relu", name="conv"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        *dense(1, 32, "relu", "he_normal"),
    ]
    return training(
        chain(64, *stack), keras.optimizers.Adam(rate), cross_entropy, digits_batches(120)
    )


def convolution_far_too_fast() -> Training:
    return _convolutional(1.0)


def convolution_usual() -> Training:
    return _convolutional(2e-3)


def _memory(gain: float) -> Training:
    """Sixty steps through a ReLU cell whose recurrent weights stretch what they turn."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(1024, 60, 2)).astype(np.float32)
    y = x[:, -4:].sum(axis=(1, 2))[:, None] / 3
    cell = layers.SimpleRNN(
        16, activation="relu", recurrent_initializer=keras.initializers.Identity(gain), name="cell"
    )
    model = keras.Sequential([keras.Input([60, 2]), cell, layers.Dense(1, name="output")])
    return training(model, keras.optimizers.SGD(0.02), squared, cycle(x, y, 150))


def stretching_memory() -> Training:
    return _memory(1.2)


def fading_memory() -> Training:
    return _memory(0.7)


def wrong_sign() -> Training:
    """The loss is maximised: it falls below 0 without bound."""
    model = chain(8, *dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.SGD(0.01), _minus_squared, line_batches(200))


def right_sign() -> Training:
    model = chain(8, *dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.SGD(0.01), squared, line_batches(200))


# --- nonfinite ----------------------------------------------------------------------------------


def log_of_zero() -> Training:
    """A hand-written cross-entropy on probabilities that become exactly 0 or 1."""
    model = chain(4, *dense(1, 16, "relu", "he_normal"), classes=1, last="sigmoid")
    return training(model, keras.optimizers.Adam(0.05), _bare_log_loss, cloud_batches(200))


def log_of_clipped() -> Training:
    model = chain(4, *dense(1, 16, "relu", "he_normal"), classes=1, last="sigmoid")
    return training(model, keras.optimizers.Adam(0.05), _clipped_log_loss, cloud_batches(200))


def root_behind_where() -> Training:
    """where() hides the root of a negative number, but not its derivative: 0 · NaN is NaN."""
    return _rooted(lambda x: ops.power(x, 0.5))


def root_of_bounded() -> Training:
    return _rooted(lambda x: ops.power(ops.maximum(x, 1e-3), 0.5))


def _rooted(root: Callable[[Any], Any]) -> Training:
    positive = layers.Lambda(lambda x: ops.where(x > 0, root(x), 0.0), name="root")
    model = chain(64, *dense(1, 32, None, "he_normal"), positive)
    return training(model, keras.optimizers.Adam(2e-3), cross_entropy, digits_batches(200))


def exponentials() -> Training:
    """Five exponential activations in a row: e to the e to the e ..."""
    model = chain(64, *dense(5, 16, "exponential", "he_normal"))
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, digits_batches(60))


def hyperbolic() -> Training:
    model = chain(64, *dense(5, 16, "tanh", "glorot_normal"))
    return training(model, keras.optimizers.Adam(3e-3), cross_entropy, digits_batches(200))


def intact_data() -> Training:
    model = chain(64, *dense(2, 32, "relu", "he_normal"))
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, digits_batches(150))


# --- learning-rate-low --------------------------------------------------------------------------


def standing_still() -> Training:
    model = chain(64, *dense(3, 64, "relu", "he_normal"))
    return training(model, keras.optimizers.SGD(1e-6), cross_entropy, digits_batches(200))


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("deep-sigmoid", "vanishing-gradient", deep_sigmoid, twin="deep-normalized", layer="hidden_", step=20),
    Program("uphill", "exploding-gradient", uphill, twin="downhill", step=200),
    Program("far-too-fast", "learning-rate-high", far_too_fast, twin="fast-enough", step=60),
    Program("sgd-far-too-fast", "learning-rate-high", sgd_far_too_fast, twin="sgd-usual", step=3),
    Program("adam-far-too-fast", "learning-rate-high", adam_far_too_fast, twin="adam-usual", step=3),
    Program("convolution-far-too-fast", "learning-rate-high", convolution_far_too_fast, twin="convolution-usual", step=3),
    Program("stretching-memory", "exploding-gradient", stretching_memory, twin="fading-memory", step=10, also=("poor-initialization",)),
    Program("wrong-sign", "exploding-gradient", wrong_sign, twin="right-sign", step=150),
    Program("log-of-zero", "nonfinite", log_of_zero, twin="log-of-clipped", step=199),
    Program("root-behind-where", "nonfinite", root_behind_where, twin="root-of-bounded", layer="hidden_1", step=0),
    Program("exponentials", "nonfinite", exponentials, twin="hyperbolic", layer="hidden_", step=0),
    Program("deep-normalized", "", deep_normalized),
    Program("downhill", "", downhill),
    Program("fast-enough", "", fast_enough),
    Program("sgd-usual", "", sgd_usual),
    Program("adam-usual", "", adam_usual),
    Program("convolution-usual", "", convolution_usual),
    Program("fading-memory", "", fading_memory),
    Program("right-sign", "", right_sign),
    Program("log-of-clipped", "", log_of_clipped),
    Program("root-of-bounded", "", root_of_bounded),
    Program("hyperbolic", "", hyperbolic),
    Program("intact-data", "", intact_data),
    Program("standing-still", "learning-rate-low", standing_still, twin="sgd-usual"),
)
# fmt: on
"""The programs of the flow family and their twins."""
