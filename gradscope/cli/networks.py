"""What the demo trains: two deep nets that differ in one line, in an ordinary custom loop.

Imports TensorFlow; the demo imports this file only when it is about to train.
"""

# pyright: basic

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import gradscope
from gradscope.data import digits

HIDDEN_LAYERS = 8
UNITS = 64
LEARNING_RATE = 0.05
BATCH = 32


@dataclass(frozen=True)
class Net:
    """One of the two nets.

    name: also that of its directory.
    activation, initializer: of all hidden layers; all else is the same.
    """

    name: str
    activation: str
    initializer: str

    def build(self) -> keras.Model:
        """A new, untrained model for float32[batch, 64] pixels; its output is 10 logits."""
        hidden = [
            keras.layers.Dense(
                UNITS,
                activation=self.activation,
                kernel_initializer=self.initializer,
                name=f"hidden_{place}",
            )
            for place in range(1, HIDDEN_LAYERS + 1)
        ]
        output = keras.layers.Dense(10, name="output")
        return keras.Sequential([keras.Input([64]), *hidden, output], name=self.name)


NETS = (
    Net("broken", activation="sigmoid", initializer="glorot_uniform"),
    Net("repaired", activation="relu", initializer="he_normal"),
)
"""Deep sigmoid layers with Keras' default initializer, and what has replaced them since 2015."""


def find_devices() -> None:
    """Nothing; TensorFlow has looked for its devices, and said what it had to say of them."""
    tf.config.list_logical_devices()


Progress = Callable[[int, float, float], None]
"""Told (epochs done, mean loss of the epoch, validation accuracy) after each epoch."""


def train(net: Net, logdir: Path, epochs: int, seed: int, progress: Progress) -> None:
    """Trains one net on the digits and records it in `logdir`.

    Raises LogdirError where `logdir` can't be written.
    """
    keras.utils.set_random_seed(seed)
    x_train, y_train, x_test, y_test = digits()
    # a partial last batch would compile the step a second time
    batches = (
        tf.data.Dataset.from_tensor_slices((x_train, y_train))
        .shuffle(len(x_train), seed=seed)
        .batch(BATCH, drop_remainder=True)
    )
    model = net.build()
    optimizer = keras.optimizers.SGD(LEARNING_RATE)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    scope = gradscope.Scope(model, logdir=logdir)

    @scope.step
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss: Any = loss_fn(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    @tf.function(jit_compile=True)
    def validate(x: Any, y: Any) -> Any:
        logits = model(x, training=False)
        hits = tf.equal(tf.argmax(logits, axis=-1), y)
        return loss_fn(y, logits), tf.reduce_mean(tf.cast(hits, tf.float32))

    with scope:
        for epoch in range(1, epochs + 1):
            losses = [train_step(x, y) for x, y in batches]
            loss, accuracy = map(float, validate(x_test, y_test))
            scope.validate(loss=loss, accuracy=accuracy)
            progress(epoch, float(np.mean(losses)), accuracy)
