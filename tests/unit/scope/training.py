"""The smallest real training: what the tests of Scope run."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def small_model() -> keras.Model:
    """4 inputs, 8 ReLU units, 1 output."""
    layers = keras.layers
    return keras.Sequential([keras.Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])


def sgd_step(model: Any, rate: float = 0.05) -> Callable[..., Any]:
    """A plain training step on the mean squared error."""
    optimizer = keras.optimizers.SGD(rate)

    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    return train_step
