"""Programs whose gradients, units or first weights are at fault."""

from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.aside import rows
from benchmarks.verdicts.injected import nets
from benchmarks.verdicts.injected.loops import pair, training
from benchmarks.verdicts.program import Program, Training

L = keras.layers
K = keras.initializers
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _filters(seed: int, activation: str, norm: bool) -> Training:
    model = nets.cnn((16, 16, 1), [8, 8, 16, 16, 32, 32], 5, activation, norm=norm)
    optimizer = keras.optimizers.SGD(0.03, momentum=0.9)
    return training(seed, rows.shapes(seed), model, optimizer, _LOGITS, steps=300)


def _padded(seed: int, masked: bool) -> Training:
    """Words of 12 letters in rows of 100: without a mask the net ends on 88 zeros."""
    words = rows.languages(seed, length=12, kinds=3)
    task = rows.changed(words, lambda x: np.pad(x, ((0, 0), (0, 88))))
    ids = keras.Input((100,), dtype="int32")
    wide = K.RandomNormal(stddev=0.5)
    x = L.Embedding(17, 16, embeddings_initializer=wide, mask_zero=masked)(ids)
    model = keras.Model(ids, L.Dense(3, "softmax")(L.SimpleRNN(32)(x)))
    loss = keras.losses.SparseCategoricalCrossentropy()
    return training(seed, task, model, keras.optimizers.Adam(3e-3), loss, steps=300)


def _joints(seed: int, activation: str) -> Training:
    model = nets.mlp(3, [40] * 7, 2, activation)
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return training(seed, rows.arm(seed), model, optimizer, _MSE, steps=500)


def _unclipped(seed: int, clip: float | None) -> Training:
    """A recurrent net of rectifiers, which wants its gradients clipped."""
    cell = L.SimpleRNN(48, "relu", recurrent_initializer="identity")
    model = nets.recurrent(keras.Input((40, 3)), cell, 5)
    optimizer = keras.optimizers.SGD(0.02, global_clipnorm=clip)
    return training(seed, rows.motion(seed), model, optimizer, _LOGITS, steps=400)


def _euler(seed: int, stride: float) -> Training:
    """A differential equation in 24 steps of Euler's method with one and the same layer."""
    inputs = keras.Input((3,))
    slope = L.Dense(32, "relu", kernel_initializer="he_normal")
    x = L.Dense(32)(inputs)
    for _ in range(24):
        x = x + stride * slope(x)
    model = keras.Model(inputs, L.Dense(2)(x))
    optimizer = keras.optimizers.SGD(0.02)
    return training(seed, rows.arm(seed), model, optimizer, _MSE, steps=500)


def _distance(seed: int, floor: float) -> Training:
    """The distance between two points, whose root has no slope where a row is masked away."""

    def loss(y: Any, p: Any) -> Any:
        seen = tf.cast(tf.reduce_any(y != 0, axis=1, keepdims=True), tf.float32)
        return tf.sqrt(tf.reduce_sum(tf.square((y - p) * seen), axis=1) + floor)

    task = rows.arm(seed)
    lost = np.random.default_rng(seed).uniform(size=(len(task.y), 1)) < 0.01
    task = replace(task, y=np.where(lost, 0, task.y).astype(np.float32))
    model = nets.mlp(3, [64, 64], 2, "swish")
    return training(seed, task, model, keras.optimizers.Adam(3e-3), loss, steps=400)


class _Mean(L.Layer):
    """The mean of the vectors of a text's words, of which there may be none."""

    def __init__(self, least: float):
        super().__init__()
        self.least = least

    def call(self, x: Any, ids: Any) -> Any:
        there = tf.cast(ids != 0, tf.float32)[..., None]
        count = tf.maximum(tf.reduce_sum(there, axis=1), self.least)
        return tf.reduce_sum(x * there, axis=1) / count


def _empty(seed: int, least: float) -> Training:
    """One text in 500 is empty."""
    task = rows.reviews(seed)
    empty = np.random.default_rng(seed).uniform(size=(len(task.x), 1)) < 2e-3
    task = replace(task, x=np.where(empty, 0, task.x).astype(np.int32))
    ids = keras.Input((20,), dtype="int32")
    mean = _Mean(least)(L.Embedding(150, 24)(ids), ids)
    model = keras.Model(ids, L.Dense(2)(L.Dense(24, "tanh")(mean)))
    return training(seed, task, model, keras.optimizers.Nadam(3e-3), _LOGITS, steps=300)


def _negative(seed: int, init: Any) -> Training:
    """Weights from -0.2 up to a forgotten end see pixels that are never negative."""
    model = nets.cnn((16, 16, 1), [12, 24, 24], 5, "relu", "softmax", init)
    loss = keras.losses.SparseCategoricalCrossentropy()
    return training(seed, rows.shapes(seed), model, keras.optimizers.RMSprop(2e-3), loss, steps=300)


def _capped(seed: int, least: float, most: float | None) -> Training:
    """Rectifiers that should be capped, but are given a threshold."""
    layers: list[Any] = [keras.Input((64, 1))]
    for filters in (12, 24):
        layers += [L.Conv1D(filters, 7, strides=2), L.ReLU(max_value=most, threshold=least)]
    model = keras.Sequential([*layers, L.Flatten(), L.Dense(32), L.ReLU(most, 0.0, least)])
    model.add(L.Dense(4))
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, rows.beats(seed), model, optimizer, _LOGITS, steps=300)


def _steep(seed: int, slope: float) -> Training:
    """Units that are made steep to be almost binary."""

    def steep(x: Any) -> Any:
        return tf.tanh(slope * x)

    model = nets.mlp(3, [32] * 4, 2, steep)
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, rows.arm(seed), model, optimizer, _MSE, steps=600)


def _loud_gates(seed: int, init: Any, again: Any) -> Training:
    ids = keras.Input((20,), dtype="int32")
    cell = L.LSTM(24, kernel_initializer=init, recurrent_initializer=again)
    x = L.Embedding(17, 16, embeddings_initializer=K.RandomNormal(stddev=1.0))(ids)
    model = keras.Model(ids, L.Dense(6)(cell(x)))
    optimizer = keras.optimizers.SGD(0.2, momentum=0.9)
    return training(seed, rows.languages(seed), model, optimizer, _LOGITS, steps=500)


class _Choice(L.Layer):
    """One of several, firmly or by weights."""

    def __init__(self, firm: bool):
        super().__init__()
        self.firm = firm

    def call(self, x: Any) -> Any:
        return tf.one_hot(tf.argmax(x, axis=-1), x.shape[-1]) if self.firm else tf.nn.softmax(x)


def _chosen(seed: int, firm: bool) -> Training:
    """A choice between experts by argmax, which lets no gradient through."""
    inputs = keras.Input((2,))
    x = L.Dense(48, "relu")(inputs)
    x = _Choice(firm)(L.Dense(6)(L.Dense(48, "relu")(x)))
    model = keras.Model(inputs, L.Dense(2)(x))
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, rows.checker(seed), model, optimizer, _LOGITS, steps=600)


class TwoBranches(keras.Model):
    """Two halves of a spectrum, each with a branch of its own, if the second one is used."""

    def __init__(self, both: bool):
        super().__init__()
        self.both = both
        self.low, self.high = L.Dense(32, "relu"), L.Dense(32, "relu")
        self.last = L.Dense(3)

    def build(self, input_shape: Any) -> None:
        """Makes the layers' weights, those of a branch left out, too."""
        for branch in (self.low, self.high):
            branch.build((None, 40))
        self.last.build((None, 64))
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        """How much there is of each substance."""
        low = self.low(x[:, :40])
        high = self.high(x[:, 40:]) if self.both else low
        return self.last(tf.concat([low, high], axis=1))


def _branches(seed: int, both: bool) -> Training:
    model = TwoBranches(both)
    model.build((None, 80))
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, rows.spectra(seed), model, optimizer, _MSE, steps=500)


def _rand(seed: int, init: Any) -> Training:
    """Weights drawn between 0 and 1, none of them negative."""
    model = nets.mlp(80, [64, 64, 32], 3, "relu", init=init)
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, rows.spectra(seed), model, optimizer, _MSE, steps=400)


def _factors(seed: int, init: Any) -> Training:
    """People and films as vectors whose product is the rating; both zero to begin with."""
    pairs = keras.Input((2,), dtype="int32")
    who = L.Embedding(150, 6, embeddings_initializer=init)(pairs[:, 0])
    what = L.Embedding(100, 6, embeddings_initializer=init)(pairs[:, 1])
    model = keras.Model(pairs, L.Dot(axes=1)([who, what]))
    optimizer = keras.optimizers.Adam(0.02)
    return training(seed, rows.ratings(seed), model, optimizer, _MSE, steps=600, batch=64)


_NEGATIVE = K.RandomUniform(-0.2, 0.0)
_RAND = K.RandomUniform(0.0, 1.0)

# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("sigmoid-filters", "vanishing-gradient", partial(_filters, activation="sigmoid", norm=False), partial(_filters, activation="relu", norm=True), 0.8, "cnn"),
    *pair("padding-unmasked", "vanishing-gradient loss-plateau", partial(_padded, masked=False), partial(_padded, masked=True), 0.6, "rnn"),
    *pair("sigmoid-joints", "vanishing-gradient", partial(_joints, activation="sigmoid"), partial(_joints, activation="elu"), 0.8, "mlp"),
    *pair("rectifiers-unclipped", "exploding-gradient learning-rate-high", partial(_unclipped, clip=None), partial(_unclipped, clip=1.0), 0.8, "rnn"),
    *pair("euler-too-far", "exploding-gradient poor-initialization", partial(_euler, stride=0.4), partial(_euler, stride=1 / 24), 0.7, "residual"),
    *pair("root-of-nothing", "nonfinite", partial(_distance, floor=0.0), partial(_distance, floor=1e-8), 0.9, "mlp"),
    *pair("mean-of-no-words", "nonfinite", partial(_empty, least=0.0), partial(_empty, least=1.0), 0.7, "embedding"),
    *pair("weights-all-negative", "dead-units poor-initialization", partial(_negative, init=_NEGATIVE), partial(_negative, init="he_uniform"), 0.8, "cnn"),
    *pair("threshold-for-cap", "dead-units", partial(_capped, least=8.0, most=None), partial(_capped, least=0.0, most=8.0), 0.8, "cnn"),
    *pair("almost-binary", "saturated-units vanishing-gradient", partial(_steep, slope=60.0), partial(_steep, slope=1.0), 0.9, "mlp"),
    *pair("gates-shut", "saturated-units poor-initialization", partial(_loud_gates, init=K.RandomNormal(stddev=4.0), again=K.RandomNormal(stddev=4.0)), partial(_loud_gates, init="glorot_uniform", again="orthogonal"), 0.7, "rnn"),
    *pair("argmax-between", "disconnected-variable", partial(_chosen, firm=True), partial(_chosen, firm=False), 0.85, "mlp"),
    *pair("branch-left-out", "disconnected-variable", partial(_branches, both=False), partial(_branches, both=True), 0.9, "mlp"),
    *pair("weights-by-rand", "poor-initialization exploding-gradient", partial(_rand, init=_RAND), partial(_rand, init="glorot_uniform"), 0.8, "mlp"),
    *pair("factors-of-zero", "poor-initialization vanishing-gradient", partial(_factors, init="zeros"), partial(_factors, init=K.RandomNormal(stddev=0.3)), 0.6, "embedding"),
)
# fmt: on
