"""Programs whose loss asks for the wrong thing."""

from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.aside import rows
from benchmarks.verdicts.injected import nets
from benchmarks.verdicts.injected.loops import pair, training
from benchmarks.verdicts.injected.tasks import Array
from benchmarks.verdicts.program import Program, Training

L = keras.layers
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _lasso(seed: int, penalty: float) -> Training:
    l1 = keras.regularizers.L1(penalty)
    inputs = keras.Input((40, 3))
    x = L.Conv1D(24, 5, activation="relu", kernel_regularizer=l1)(inputs)
    x = L.Conv1D(24, 5, strides=2, activation="relu", kernel_regularizer=l1)(x)
    model = keras.Model(inputs, L.Dense(5)(L.GlobalAveragePooling1D()(x)))
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, rows.motion(seed), model, optimizer, _LOGITS, steps=400)


def _forgetful(seed: int, dropout: float) -> Training:
    ids = keras.Input((20,), dtype="int32")
    x = L.SpatialDropout1D(dropout)(L.Embedding(17, 24)(ids))
    x = L.Dropout(dropout)(L.GRU(32)(x))
    model = keras.Model(ids, L.Dense(6, "softmax")(x))
    loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, rows.languages(seed), model, optimizer, loss, steps=400)


def _ridge(seed: int, penalty: float) -> Training:
    """Squares of the weights, added to the loss by hand."""
    model = nets.mlp(7, [64, 64], 1, "relu", init="he_normal")

    def loss(y: Any, p: Any) -> Any:
        squares = [tf.nn.l2_loss(weight) for weight in model.trainable_variables]
        return tf.reduce_mean(tf.square(y - p)) + penalty * tf.add_n(squares)

    optimizer = keras.optimizers.RMSprop(2e-3)
    return training(seed, rows.energy(seed), model, optimizer, loss, steps=500)


def _column(y: Array) -> Array:
    return y[:, None].astype(np.float32)


def _offers(seed: int, units: int) -> Training:
    """Which of four offers is taken, from one unit that tells two apart."""
    task = rows.choices(seed)
    if units == 1:
        model, loss = nets.mlp(8, [48, 24], 1, "relu", "sigmoid"), keras.losses.BinaryCrossentropy()
        task = replace(task, y=_column(task.y), val_y=_column(task.val_y))
    else:
        model, loss = nets.mlp(8, [48, 24], units), _LOGITS
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, loss, steps=400, cut=0.5)


def _broadcast(seed: int, flat: bool) -> Training:
    """Targets [n] less predictions [n, 1] are a square of differences, each with each."""

    def loss(y: Any, p: Any) -> Any:
        return tf.reduce_mean(tf.square((y[:, 0] if flat else y) - p))

    model = nets.mlp(7, [64, 32], 1, "relu")
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, rows.energy(seed), model, optimizer, loss, steps=500)


def _stars(seed: int, output: Any) -> Training:
    """Ratings of one to five stars from a sigmoid."""

    def stars(y: Array) -> Array:
        return np.clip(y + 3, 1, 5).astype(np.float32)

    pairs = keras.Input((2,), dtype="int32")
    init = keras.initializers.RandomNormal(stddev=0.3)
    who = L.Embedding(150, 6, embeddings_initializer=init)(pairs[:, 0])
    what = L.Embedding(100, 6, embeddings_initializer=init)(pairs[:, 1])
    model = keras.Model(pairs, L.Dense(1, output)(who * what))
    task = rows.changed(rows.ratings(seed, rows=12000), y=stars)
    optimizer = keras.optimizers.Adam(0.02)
    return training(seed, task, model, optimizer, _MSE, steps=700, batch=64)


def _rectified(seed: int, output: Any) -> Training:
    """Places left and right of the middle from an output that is never negative."""
    inputs = keras.Input((16, 16, 1))
    x = L.Conv2D(8, 5, strides=2, activation="relu")(inputs)
    x = L.Flatten()(L.Conv2D(16, 3, strides=2, activation="relu")(x))
    model = keras.Model(inputs, L.Dense(2, output)(x))
    loss = keras.losses.Huber()
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, rows.places(seed), model, optimizer, loss, steps=300)


# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("lasso-on-filters", "over-regularized", partial(_lasso, penalty=0.1), partial(_lasso, penalty=1e-5), 0.8, "cnn"),
    *pair("forgetful-letters", "over-regularized", partial(_forgetful, dropout=0.93), partial(_forgetful, dropout=0.1), 0.75, "rnn"),
    *pair("ridge-by-hand", "over-regularized", partial(_ridge, penalty=0.3), partial(_ridge, penalty=1e-5), 0.75, "mlp"),
    *pair("one-unit-for-four", "output-mismatch label-mismatch", partial(_offers, units=1), partial(_offers, units=4), 0.7, "mlp"),
    *pair("each-with-each", "output-mismatch label-mismatch", partial(_broadcast, flat=True), partial(_broadcast, flat=False), 0.75, "mlp"),
    *pair("stars-from-sigmoid", "output-mismatch unscaled-target", partial(_stars, output="sigmoid"), partial(_stars, output=None), 0.5, "embedding"),
    *pair("places-rectified", "output-mismatch", partial(_rectified, output="relu"), partial(_rectified, output=None), 0.85, "cnn"),
)
# fmt: on
