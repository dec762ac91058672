"""Healthy trainings, though a number by itself might not look so."""

# pyright: basic

import keras
import numpy as np
from keras import layers

from gradscope.data import digits
from tests.faults.training import (
    Program,
    Training,
    chain,
    cloud_batches,
    cross_entropy,
    cycle,
    dense,
    digits_batches,
    training,
)


def converged() -> Training:
    """Solved long ago: saturated outputs and a gradient that goes to 0 with the loss."""
    model = chain(4, *dense(2, 16, "relu", "he_normal"), classes=1, last="sigmoid")
    loss = keras.losses.BinaryCrossentropy()
    return training(model, keras.optimizers.Adam(2e-2), loss, cloud_batches(400))


def residual() -> Training:
    inputs = keras.Input([64])
    x = layers.Dense(48, name="stem")(inputs)
    for block in range(4):
        inner = layers.LayerNormalization(name=f"norm_{block}")(x)
        inner = layers.Dense(48, activation="relu", name=f"in_{block}")(inner)
        x = layers.Add()([x, layers.Dense(48, name=f"out_{block}")(inner)])
    model = keras.Model(inputs, layers.Dense(10, name="output")(x))
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, digits_batches(200))


def logistic() -> Training:
    """Weights that start at 0: the first update is infinitely larger than they are."""
    model = chain(64, layers.Dense(10, kernel_initializer="zeros", name="only"), classes=10)
    model = keras.Sequential([keras.Input([64]), model.layers[0]])
    return training(model, keras.optimizers.SGD(0.1), cross_entropy, digits_batches(200))


def clipped() -> Training:
    model = chain(64, *dense(2, 32, "tanh", "glorot_normal"))
    optimizer = keras.optimizers.Adam(3e-3, clipnorm=1.0)
    return training(model, optimizer, cross_entropy, digits_batches(200))


def recurrent() -> Training:
    x, y, *_ = digits()
    rows = np.asarray(x, np.float32).reshape(-1, 8, 8)
    model = keras.Sequential([keras.Input([8, 8]), layers.LSTM(32), layers.Dense(10)])
    batches = cycle(rows, np.asarray(y, np.int32), 200)
    return training(model, keras.optimizers.Adam(5e-3), cross_entropy, batches)


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("converged", "", converged),
    Program("residual", "", residual),
    Program("logistic", "", logistic),
    Program("clipped", "", clipped),
    Program("recurrent", "", recurrent),
)
# fmt: on
"""Programs without a fault, and without a sick twin."""
