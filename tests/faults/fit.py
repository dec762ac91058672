"""Trainings that fit too little or too well, and what repairs them."""

# pyright: basic

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gradscope.data import digits
from tests.faults.training import (
    Program,
    Training,
    chain,
    cross_entropy,
    cycle,
    dense,
    digits_batches,
    squared,
    training,
    validated,
)

_EPOCH = 20
_TEMPERATURE = 4.0

# --- underfitting -------------------------------------------------------------------------------


def _through(units: int) -> Training:
    """All that is known of an image must pass so many units."""
    model = chain(64, *dense(1, units, "relu", "he_normal"), *_after(32))
    return training(model, keras.optimizers.Adam(5e-3), cross_entropy, digits_batches(400))


def _after(units: int) -> list[layers.Layer]:
    return [layers.Dense(units, activation="relu", name="wide")]


def one_unit() -> Training:
    return _through(1)


def many_units() -> Training:
    return _through(48)


def _waves(activation: str | None) -> Training:
    """A sine of three periods, by two hidden layers."""
    rng = np.random.default_rng(11)
    x = rng.uniform(-1, 1, size=(2048, 1)).astype(np.float32)
    y = (np.sin(9 * x) + 0.1 * rng.normal(size=x.shape)).astype(np.float32)
    model = chain(1, *dense(2, 64, activation, "he_normal"), classes=1)
    return training(model, keras.optimizers.Adam(5e-3), squared, cycle(x, y, 600))


def straight_through_waves() -> Training:
    return _waves(None)


def bent_through_waves() -> Training:
    return _waves("relu")


# --- overfitting --------------------------------------------------------------------------------


def _rows_of_digits(rows: int) -> Training:
    x, y, x_test, y_test = digits()
    x, y = x[:rows], y[:rows].astype(np.int32)
    images = [layers.Reshape([8, 8, 1]), layers.Conv2D(16, 3, activation="relu", name="conv")]
    model = chain(64, *images, layers.Flatten(), *dense(1, 64, "relu", "he_normal"))
    batches = cycle(x, y, 300, batch=min(32, rows))
    whole = training(model, keras.optimizers.Adam(2e-3), cross_entropy, batches)
    return validated(whole, x_test, y_test.astype(np.int32), cross_entropy, _EPOCH)


def forty_digits() -> Training:
    """So few images that each is known by heart."""
    return _rows_of_digits(40)


def all_digits() -> Training:
    return _rows_of_digits(1437)


def _noisy_curve(rows: int) -> Training:
    """A few noisy rows of a curve in four of its ten inputs; targets of standard deviation 1."""
    rng = np.random.default_rng(12)
    x = rng.normal(size=(rows + 512, 10)).astype(np.float32)
    clean = np.tanh(x[:, :1] - x[:, 1:2]) + 0.5 * x[:, 2:3] * x[:, 3:4]
    y = (clean + 0.4 * rng.normal(size=clean.shape)).astype(np.float32)
    model = chain(10, *dense(2, 64, "tanh", "glorot_normal"), classes=1)
    batches = cycle(x[512:], y[512:], 500, batch=32)
    whole = training(model, keras.optimizers.Adam(3e-3), squared, batches)
    return validated(whole, x[:512], y[:512], squared, _EPOCH)


def curve_of_few_rows() -> Training:
    return _noisy_curve(48)


def curve_of_many_rows() -> Training:
    return _noisy_curve(4096)


# --- loss-plateau -------------------------------------------------------------------------------


def _preferences(reliable: bool) -> Training:
    """Pairs of which the first is said to be better; the step compares the scores of both.

    Whether it is: reliable, or drawn. No label is seen, for there is none.
    """
    rng = np.random.default_rng(13)
    pairs = rng.normal(size=(4096, 2, 8)).astype(np.float32)
    merit = pairs[:, :, :3].sum(axis=2) if reliable else rng.normal(size=(4096, 2))
    better = merit[:, 0] > merit[:, 1]
    pairs = np.where(better[:, None, None], pairs, pairs[:, ::-1])
    model = chain(8, *dense(2, 32, "relu", "he_normal"), classes=1)
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            ahead = model(x[:, 0], training=True) - model(x[:, 1], training=True)
            loss = keras.ops.mean(keras.ops.softplus(-ahead / _TEMPERATURE))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return Training(model, step, cycle(pairs, np.zeros((4096, 3, 3), np.float32), 200))


def drawn_preferences() -> Training:
    return _preferences(reliable=False)


def reliable_preferences() -> Training:
    return _preferences(reliable=True)


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("one-unit", "underfitting", one_unit, twin="many-units", layer="hidden_1"),
    Program("straight-through-waves", "underfitting", straight_through_waves, twin="bent-through-waves"),
    Program("forty-digits", "overfitting", forty_digits, twin="all-digits", step=300),
    Program("curve-of-few-rows", "overfitting", curve_of_few_rows, twin="curve-of-many-rows", step=500),
    Program("drawn-preferences", "loss-plateau", drawn_preferences, twin="reliable-preferences"),
    Program("many-units", "", many_units),
    Program("bent-through-waves", "", bent_through_waves),
    Program("all-digits", "", all_digits),
    Program("curve-of-many-rows", "", curve_of_many_rows),
    Program("reliable-preferences", "", reliable_preferences),
)
# fmt: on
"""The programs of this family and their twins."""
