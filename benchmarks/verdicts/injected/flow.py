"""Programs whose gradients, units or first weights are at fault."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from benchmarks.verdicts.injected import nets, tasks
from benchmarks.verdicts.injected.loops import pair, training
from benchmarks.verdicts.program import Program, Training

L = keras.layers
K = keras.initializers
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _stack(seed: int, activation: str) -> Training:
    model = nets.mlp(20, [32] * 8, 5, activation, init="he_normal")
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    return training(seed, tasks.mixture(seed), model, optimizer, _LOGITS, steps=500)


def _squeeze(seed: int, activation: str) -> Training:
    task = tasks.itself(tasks.digit_rows())
    model = nets.autoencoder([64, 48, 32, 24, 16], activation, "sigmoid", "glorot_uniform")
    return training(seed, task, model, keras.optimizers.SGD(2.0, 0.9), _MSE, steps=600)


def _loop(seed: int, gain: float) -> Training:
    cell = L.SimpleRNN(24, activation="elu", recurrent_initializer=K.Orthogonal(gain))
    model = nets.recurrent(keras.Input((24, 1)), cell, 1)
    return training(seed, tasks.waves(seed), model, keras.optimizers.SGD(0.01), _MSE, steps=500)


def _deep_residual(seed: int, norm: bool) -> Training:
    model = nets.residual(20, 10, 5, norm=norm)
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return training(seed, tasks.mixture(seed), model, optimizer, _LOGITS, steps=300)


def _by_hand(seed: int, floor: float) -> Training:
    """Cross-entropy with logarithms of its own, which see a zero once the net is sure."""

    def loss(y: Any, p: Any) -> Any:
        return -(y * tf.math.log(p + floor) + (1 - y) * tf.math.log(1 - p + floor))

    task = tasks.columns(tasks.mixture(seed, 2, 20, apart=10.0))
    model = nets.mlp(20, [32, 32], 1, "relu", "sigmoid", init="he_normal")
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    return training(seed, task, model, optimizer, loss, steps=400, cut=0.5)


def _spread(seed: int, positive: str) -> Training:
    """A Gaussian's mean and σ, learned by its likelihood; a rectifier makes σ zero."""

    def loss(y: Any, out: Any) -> Any:
        mean, sigma = out[:, :1], out[:, 1:]
        return tf.math.log(sigma) + tf.square((y - mean) / sigma) / 2

    inputs = keras.Input((24, 1))
    x = L.Conv1D(16, 5, activation="relu")(inputs)
    x = L.Conv1D(16, 5, strides=2, activation="relu")(x)
    x = L.Flatten()(x)
    sigma = L.Dense(1, positive, kernel_initializer="zeros", bias_initializer=K.Constant(0.5))(x)
    model = keras.Model(inputs, L.Concatenate()([L.Dense(1)(x), sigma]))
    optimizer = keras.optimizers.Adam(5e-3)
    return training(
        seed, tasks.waves(seed), model, optimizer, loss, steps=500, answer=lambda out: out[:, :1]
    )


def _shifted(seed: int, bias: float) -> Training:
    layers = [
        L.Dense(48, "relu", kernel_initializer="he_normal", bias_initializer=K.Constant(bias))
        for _ in range(2)
    ]
    model = keras.Sequential([keras.Input((10,)), *layers, L.Dense(1)])
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, tasks.curve(seed), model, optimizer, _MSE, steps=600)


def _burnt(seed: int, rate: float) -> Training:
    model = nets.cnn((8, 8, 1), [16, 16, 32], 10)
    task = tasks.digit_rows(images=True)
    return training(seed, task, model, keras.optimizers.SGD(rate, 0.9), _LOGITS, steps=300)


def _wide_tanh(seed: int, init: Any) -> Training:
    model = nets.mlp(20, [32] * 5, 8, "tanh", init=init)
    task = tasks.mixture(seed, 8)
    return training(seed, task, model, keras.optimizers.SGD(0.02, 0.9), _LOGITS, steps=400)


def _thrown(seed: int, rate: float) -> Training:
    model = nets.cnn((12, 12, 1), [8, 8, 16, 16], 6, "tanh")
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    return training(seed, tasks.gratings(seed), model, optimizer, _LOGITS, steps=400)


class _Cut(L.Layer):
    """Lets values pass forward and no gradient back."""

    def call(self, x: Any) -> Any:
        return tf.stop_gradient(x)


class _Code(L.Layer):
    """Rounds to 0 or 1; `through` hands the gradient on as if it had not."""

    def __init__(self, through: bool):
        super().__init__()
        self.through = through

    def call(self, x: Any) -> Any:
        hard = tf.round(x)
        return x + tf.stop_gradient(hard - x) if self.through else hard


def _frozen(seed: int, cut: bool) -> Training:
    """An encoder that a forgotten stop_gradient keeps from learning."""
    inputs = keras.Input((2,))
    x = L.Dense(32, "relu")(inputs)
    x = L.Dense(8, "relu")(x)
    x = _Cut()(x) if cut else x
    model = keras.Model(inputs, L.Dense(3)(x))
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, tasks.spirals(seed), model, optimizer, _LOGITS, steps=800)


def _binary_code(seed: int, through: bool) -> Training:
    inputs = keras.Input((64,))
    x = L.Dense(64, "relu")(inputs)
    x = _Code(through)(L.Dense(12, "sigmoid")(x))
    x = L.Dense(64, "relu")(x)
    model = keras.Model(inputs, L.Dense(64)(x))
    task = tasks.itself(tasks.digit_rows())
    return training(seed, task, model, keras.optimizers.Adam(2e-3), _MSE, steps=800)


def _zeros(seed: int, init: str) -> Training:
    layers = [L.Dense(n, "relu", kernel_initializer=init) for n in (64, 32)]
    model = keras.Sequential([keras.Input((64,)), *layers, L.Dense(10, kernel_initializer=init)])
    return training(
        seed, tasks.digit_rows(), model, keras.optimizers.Adam(1e-3), _LOGITS, steps=400
    )


def _alike(seed: int, init: Any) -> Training:
    inputs = keras.Input((32, 1))
    x = L.Conv1D(16, 5, strides=2, activation="relu", kernel_initializer=init)(inputs)
    x = L.Conv1D(16, 5, strides=2, activation="relu", kernel_initializer=init)(x)
    model = keras.Model(inputs, L.Dense(5, kernel_initializer=init)(L.Flatten()(x)))
    optimizer = keras.optimizers.SGD(0.05, 0.9)
    return training(seed, tasks.tones(seed), model, optimizer, _LOGITS, steps=400)


def _loud(seed: int, init: Any) -> Training:
    model = nets.transformer(12, 6, 6, init=init)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, tasks.sums(seed), model, optimizer, _LOGITS, steps=500)


def _faint(seed: int, init: Any) -> Training:
    model = nets.mlp(10, [48] * 6, 1, "relu", init=init)
    optimizer = keras.optimizers.SGD(0.01, 0.9)
    return training(seed, tasks.curve(seed), model, optimizer, _MSE, steps=500)


_FAINT = K.RandomNormal(0, 0.01)
_LOUD = K.RandomNormal(0, 1)
_SAME = K.Constant(0.05)

# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("sigmoids-eight", "vanishing-gradient", partial(_stack, activation="sigmoid"), partial(_stack, activation="relu"), 0.7, "mlp"),
    *pair("sigmoid-autoencoder", "vanishing-gradient", partial(_squeeze, activation="sigmoid"), partial(_squeeze, activation="elu"), 0.4, "autoencoder"),
    *pair("loud-loop", "exploding-gradient poor-initialization", partial(_loop, gain=1.6), partial(_loop, gain=0.9), 0.6, "rnn"),
    *pair("residual-without-norm", "exploding-gradient poor-initialization", partial(_deep_residual, norm=False), partial(_deep_residual, norm=True), 0.8, "residual"),
    *pair("log-of-zero", "nonfinite", partial(_by_hand, floor=0.0), partial(_by_hand, floor=1e-7), 0.9, "mlp"),
    *pair("sigma-of-zero", "nonfinite", partial(_spread, positive="relu"), partial(_spread, positive="softplus"), 0.8, "cnn"),
    *pair("born-dead", "dead-units poor-initialization", partial(_shifted, bias=-6.0), partial(_shifted, bias=0.0), 0.8, "mlp"),
    *pair("burnt-rectifiers", "dead-units learning-rate-high", partial(_burnt, rate=2.0), partial(_burnt, rate=0.05), 0.8, "cnn"),
    *pair("wide-tanh", "saturated-units poor-initialization", partial(_wide_tanh, init=_LOUD), partial(_wide_tanh, init="glorot_uniform"), 0.8, "mlp"),
    *pair("thrown-tanh", "saturated-units learning-rate-high", partial(_thrown, rate=4.0), partial(_thrown, rate=0.05), 0.8, "cnn"),
    *pair("cut-encoder", "disconnected-variable", partial(_frozen, cut=True), partial(_frozen, cut=False), 0.85, "mlp"),
    *pair("rounded-code", "disconnected-variable", partial(_binary_code, through=False), partial(_binary_code, through=True), 0.42, "autoencoder"),
    *pair("zero-weights", "poor-initialization", partial(_zeros, init="zeros"), partial(_zeros, init="glorot_uniform"), 0.8, "mlp"),
    *pair("equal-weights", "poor-initialization", partial(_alike, init=_SAME), partial(_alike, init="glorot_uniform"), 0.8, "cnn"),
    *pair("loud-transformer", "poor-initialization", partial(_loud, init=_LOUD), partial(_loud, init="glorot_uniform"), 0.8, "transformer"),
    *pair("faint-weights", "poor-initialization vanishing-gradient", partial(_faint, init=_FAINT), partial(_faint, init="he_normal"), 0.7, "mlp"),
)
# fmt: on
