"""Healthy programs that look as if something were wrong with them."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.aside import rows
from benchmarks.verdicts.injected import nets
from benchmarks.verdicts.injected.loops import control, training
from benchmarks.verdicts.injected.tasks import Array, itself
from benchmarks.verdicts.program import Program, Training

L = keras.layers
S = keras.optimizers.schedules
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _column(y: Array) -> Array:
    return y[:, None].astype(np.float32)


def _early_done(seed: int) -> Training:
    """A table that is learned in the first tenth; its chances then go to 0 and 1."""
    task = rows.changed(rows.cancer(), y=_column)
    model = nets.mlp(30, [24], 1, "relu", "sigmoid")
    loss = keras.losses.BinaryCrossentropy()
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, loss, steps=400, cut=0.5)


def _smoothed(seed: int) -> Training:
    """Label smoothing keeps the loss far from zero and chances from 0 and 1."""

    def onehot(y: Array) -> Array:
        return np.eye(4, dtype=np.float32)[y]

    inputs = keras.Input((64, 1))
    x = L.Conv1D(16, 9, strides=2, activation="relu")(inputs)
    x = L.GlobalMaxPooling1D()(L.Conv1D(24, 5, activation="relu")(x))
    model = keras.Model(inputs, L.Dense(4)(x))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    task = rows.changed(rows.beats(seed), y=onehot)
    return training(seed, task, model, keras.optimizers.Adam(3e-3), loss, steps=400)


def _sign_steps(seed: int) -> Training:
    """Lion: each weight moves by the same amount whatever its gradient."""
    ids = keras.Input((20,), dtype="int32")
    model = nets.recurrent(ids, L.GRU(32), 4, tokens=17)
    optimizer = keras.optimizers.Lion(2e-3, weight_decay=0.1)
    return training(seed, rows.languages(seed, kinds=4), model, optimizer, _LOGITS, steps=400)


def _frozen_features(seed: int) -> Training:
    """Random features that are left as they are, on purpose, under one layer that learns."""
    inputs = keras.Input((3,))
    init = keras.initializers.RandomNormal(stddev=0.7)
    wide = L.Dense(300, "tanh", kernel_initializer=init, bias_initializer=init, trainable=False)
    model = keras.Model(inputs, L.Dense(2)(wide(inputs)))
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, rows.arm(seed), model, optimizer, _MSE, steps=600)


def _cycles(seed: int) -> Training:
    """A rate that jumps up ten times at each restart, and the loss with it for a while."""
    rate = S.CosineDecayRestarts(0.1, 120, t_mul=1.0, m_mul=0.8, alpha=0.01)
    model = nets.mlp(7, [64, 64], 1, "tanh")
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    return training(seed, rows.energy(seed), model, optimizer, _MSE, steps=600)


def _long_tail(seed: int) -> Training:
    """Languages from a half to a twentieth of the rows, and the rare ones learned as well."""
    task = rows.languages(seed, rows=9000, kinds=4)
    share = np.array([1.0, 0.5, 0.3, 0.12])
    keep = np.random.default_rng(seed).uniform(size=len(task.y)) < share[task.y]
    task = replace(task, x=task.x[keep], y=task.y[keep])
    ids = keras.Input((20,), dtype="int32")
    model = nets.recurrent(ids, L.GRU(32), 4, tokens=17)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=500)


def _drifting(seed: int) -> Training:
    """Rows in the order of one input, the temperature, which shuffling in a window would mend."""
    task = rows.energy(seed)
    order = np.argsort(task.x[:, 2] + np.random.default_rng(seed).normal(size=len(task.x)))
    task = replace(task, x=task.x[order], y=task.y[order])
    model = nets.mlp(7, [64, 64], 1, "relu")
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _MSE, steps=700, shuffle=False)


def _denoising(seed: int) -> Training:
    """Noise as strong as the picture is put on each batch, and dropout of a half besides."""
    inputs = keras.Input((16, 16, 1))
    x = L.GaussianNoise(0.3)(inputs)
    x = L.Conv2D(16, 3, 2, "same", activation="relu")(x)
    x = L.SpatialDropout2D(0.2)(x)
    x = L.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = L.Conv2DTranspose(16, 4, 2, "same", activation="relu")(x)
    model = keras.Model(inputs, L.Conv2D(1, 3, padding="same")(x))
    task = itself(rows.shapes(seed, rows=1200, noise=0.05))
    return training(seed, task, model, keras.optimizers.Adam(5e-3), _MSE, steps=250)


def _counts(seed: int) -> Training:
    """Counts of events by Poisson's likelihood: a loss below zero, targets from 0 to dozens."""
    task = rows.energy(seed)
    rng = np.random.default_rng(seed)

    def counted(y: Array) -> Array:
        return rng.poisson(np.exp(1.5 + 0.4 * y)).astype(np.float32)

    clean = np.exp(1.5 + 0.4 * task.clean_y).astype(np.float32)
    task = replace(rows.changed(task, y=counted), clean_y=clean)
    model = nets.mlp(7, [48, 48], 1, "relu", "exponential")
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, keras.losses.Poisson(), steps=600)


def _sparse_rows(seed: int) -> Training:
    """Tables of vectors of which a step touches a few, so that most gradients are zero."""
    pairs = keras.Input((2,), dtype="int32")
    init = keras.initializers.RandomNormal(stddev=0.3)
    who = L.Embedding(150, 8, embeddings_initializer=init)(pairs[:, 0])
    what = L.Embedding(100, 8, embeddings_initializer=init)(pairs[:, 1])
    model = keras.Model(pairs, L.Dot(axes=1)([who, what]))
    optimizer = keras.optimizers.Adagrad(0.3)
    return training(seed, rows.ratings(seed), model, optimizer, _MSE, steps=700, batch=48)


def _late_start(seed: int) -> Training:
    """A mirror of tokens, on which attention stands still before it drops."""
    model = nets.transformer(8, 6, 6, 1, 32)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, rows.mirror(seed), model, optimizer, _LOGITS, steps=500)


def _focal(seed: int) -> Training:
    """A focal loss: small from the start, and rows that are right weigh next to nothing."""

    def loss(y: Any, p: Any) -> Any:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)
        return tf.square(1 - tf.exp(-each)) * each

    model = nets.cnn((16, 16, 1), [8, 16, 24], 5, "relu", norm=True)
    optimizer = keras.optimizers.SGD(0.03, momentum=0.9)
    return training(seed, rows.shapes(seed), model, optimizer, loss, steps=350)


def _capped_units(seed: int) -> Training:
    """Rectifiers capped at one, many of which stand at an end, and gradients clipped by value."""
    inputs = keras.Input((40, 3))
    x = L.Conv1D(24, 5, strides=2)(inputs)
    x = L.Conv1D(24, 5)(L.ReLU(max_value=1.0)(x))
    x = L.Flatten()(L.ReLU(max_value=1.0)(x))
    model = keras.Model(inputs, L.Dense(5)(x))
    optimizer = keras.optimizers.Adam(3e-3, clipvalue=0.01)
    return training(seed, rows.motion(seed), model, optimizer, _LOGITS, steps=400)


def _warm_inputs(seed: int) -> Training:
    """Spectra that are never negative, in percent, to a layer that normalises them itself."""
    task = rows.changed(rows.spectra(seed), lambda x: (100 * x).astype(np.float32))
    inputs = keras.Input((80,))
    x = L.Dense(64, "relu")(L.BatchNormalization()(inputs))
    model = keras.Model(inputs, L.Dense(3)(L.Dense(32, "relu")(x)))
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, _MSE, steps=500)


PROGRAMS: tuple[Program, ...] = (
    control("done-early", _early_done, 0.9, "mlp"),
    control("labels-smoothed", _smoothed, 0.85, "cnn"),
    control("steps-of-one-size", _sign_steps, 0.75, "rnn"),
    control("features-left-alone", _frozen_features, 0.85, "mlp"),
    control("rate-in-cycles", _cycles, 0.85, "mlp"),
    control("long-tail", _long_tail, 0.75, "rnn"),
    control("slow-drift", _drifting, 0.8, "mlp"),
    control("noise-on-purpose", _denoising, 0.6, "autoencoder"),
    control("counts-by-poisson", _counts, 0.75, "mlp"),
    control("rarely-touched-rows", _sparse_rows, 0.6, "embedding"),
    control("late-start", _late_start, 0.8, "transformer"),
    control("focal-loss", _focal, 0.85, "cnn"),
    control("capped-and-clipped", _capped_units, 0.8, "cnn"),
    control("normalised-inside", _warm_inputs, 0.85, "mlp"),
)
