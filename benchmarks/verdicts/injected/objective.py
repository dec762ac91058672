"""Programs whose loss asks for the wrong thing."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from benchmarks.verdicts.injected import nets, tasks
from benchmarks.verdicts.injected.loops import pair, training
from benchmarks.verdicts.program import Program, Training

L = keras.layers
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _smothered(seed: int, penalty: float, dropout: float) -> Training:
    model = nets.mlp(64, [64, 64], 10, penalty=keras.regularizers.L2(penalty), dropout=dropout)
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, tasks.digit_rows(), model, optimizer, _LOGITS, steps=500)


def _heavy_loop(seed: int, penalty: float) -> Training:
    l2 = keras.regularizers.L2(penalty)
    cell = L.GRU(24, kernel_regularizer=l2, recurrent_regularizer=l2)
    inputs = keras.Input((24, 1))
    model = keras.Model(inputs, L.Dense(1, kernel_regularizer=l2)(cell(inputs)))
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, tasks.waves(seed), model, optimizer, _MSE, steps=400)


def _decayed(seed: int, decay: float) -> Training:
    model = nets.transformer(12, 6, 6)
    optimizer = keras.optimizers.AdamW(2e-3, weight_decay=decay)
    return training(seed, tasks.sums(seed), model, optimizer, _LOGITS, steps=500)


def _dropped(seed: int, dropout: float) -> Training:
    inputs = keras.Input((12, 12, 1))
    x = inputs
    for filters in (8, 16):
        x = L.Conv2D(filters, 3, strides=2, activation="relu", padding="same")(x)
        x = L.Dropout(dropout)(x)
    model = keras.Model(inputs, L.Dense(6)(L.Flatten()(x)))
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, tasks.gratings(seed), model, optimizer, _LOGITS, steps=400)


def _twice(seed: int, output: Any) -> Training:
    """The loop takes the softmax that the model's last layer has taken already."""

    def loss(y: Any, p: Any) -> Any:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)

    task = tasks.topics(seed, classes=60, words=1500)
    model = nets.bag(24, 1500, 60, width=32, output=output)
    optimizer = keras.optimizers.SGD(5.0, momentum=0.9)
    return training(seed, task, model, optimizer, loss, steps=600)


def _one_sided(seed: int, output: Any) -> Training:
    model = nets.mlp(10, [48, 48], 1, "relu", output)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, tasks.curve(seed), model, optimizer, _MSE, steps=500)


def _bounded(seed: int, output: Any) -> Training:
    """Forecasts of a wave of height 1.4 that the output layer holds between 0 and 1."""
    model = nets.recurrent(keras.Input((24, 1)), L.LSTM(24), 1, output)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, tasks.waves(seed), model, optimizer, _MSE, steps=400)


def _told_wrongly(seed: int, from_logits: bool) -> Training:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model = nets.cnn((12, 12, 1), [8, 16], 6)
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return training(seed, tasks.gratings(seed), model, optimizer, loss, steps=400)


def _single(seed: int, output: str) -> Training:
    """Two classes of pitch from one output unit."""
    model = nets.recurrent(keras.Input((32, 1)), L.GRU(16), 1, output)
    task = tasks.columns(tasks.tones(seed, classes=2))
    loss = keras.losses.BinaryCrossentropy()
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, loss, steps=300, cut=0.5)


# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("l2-and-dropout", "over-regularized", partial(_smothered, penalty=0.1, dropout=0.5), partial(_smothered, penalty=1e-5, dropout=0.1), 0.75, "mlp"),
    *pair("heavy-loop", "over-regularized", partial(_heavy_loop, penalty=0.1), partial(_heavy_loop, penalty=1e-6), 0.8, "rnn"),
    *pair("weight-decay-20", "over-regularized", partial(_decayed, decay=20.0), partial(_decayed, decay=0.01), 0.8, "transformer"),
    *pair("dropout-0.95", "over-regularized", partial(_dropped, dropout=0.95), partial(_dropped, dropout=0.1), 0.75, "cnn"),
    *pair("softmax-twice", "output-mismatch", partial(_twice, output="softmax"), partial(_twice, output=None), 0.6, "embedding"),
    *pair("one-sided-output", "output-mismatch", partial(_one_sided, output="relu"), partial(_one_sided, output=None), 0.75, "mlp"),
    *pair("bounded-forecast", "output-mismatch", partial(_bounded, output="sigmoid"), partial(_bounded, output=None), 0.8, "rnn"),
    *pair("logits-untold", "output-mismatch", partial(_told_wrongly, from_logits=False), partial(_told_wrongly, from_logits=True), 0.8, "cnn"),
    *pair("softmax-on-one", "output-mismatch", partial(_single, output="softmax"), partial(_single, output="sigmoid"), 0.8, "rnn"),
)
# fmt: on
