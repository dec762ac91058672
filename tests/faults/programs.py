"""Small real trainings: for each cause programs that suffer from it, each with a healthy twin.

A program is a plain Keras model and a plain training step; whoever runs it wraps the step:

    training = PROGRAMS["deep-sigmoid"].start()
    step = scope.step(training.step)
    for x, y in training.batches:
        step(x, y)
"""

# pyright: basic

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from gradscope.data import digits

BATCH = 64
Loss = Callable[[Any, Any], Any]
Batches = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Training:
    """A training before its first step. step: (x, y) -> loss, uncompiled."""

    model: keras.Model
    step: Callable[[Any, Any], Any]
    batches: Batches


@dataclass(frozen=True)
class Program:
    """A training that anyone could have written.

    cause: slug of what it suffers from, "" for a healthy one.
    start: gives it afresh.
    twin: name of the program that repairs it, "" for a healthy one.
    layer: part of the path where the trouble sits, "" where no layer is to blame.
    step: latest optimizer step at which it may be dated.
    """

    name: str
    cause: str
    start: Callable[[], Training]
    twin: str = ""
    layer: str = ""
    step: int = 0


def training(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Loss,
    batches: Batches,
    sign: float = 1.0,
) -> Training:
    """A model with the usual step. sign: of the gradient that is applied; 1 is right."""
    if not model.built:
        model(batches[0][0][:1])
    optimizer.build(model.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(
            [(sign * g, v) for g, v in zip(gradients, model.trainable_variables, strict=True)]
        )
        return value

    return Training(model, step, batches)


def _cycle(x: np.ndarray, y: np.ndarray, steps: int, batch: int = BATCH) -> Batches:
    """Shuffled whole batches, epoch after epoch, until there are enough."""

    def endless() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        order = np.random.default_rng(1)
        while True:
            rows = order.permutation(len(x))
            for start in range(0, len(x) - batch + 1, batch):
                chosen = rows[start : start + batch]
                yield x[chosen], y[chosen]

    source = endless()
    return [next(source) for _ in range(steps)]


def _digits(steps: int) -> Batches:
    x, y, *_ = digits()
    return _cycle(np.asarray(x, np.float32), np.asarray(y, np.int32), steps)


def _line(steps: int) -> Batches:
    """A noisy linear target of eight standard normal inputs."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1024, 8)).astype(np.float32)
    y = x @ rng.normal(size=(8, 1)) * 0.5 + 0.1 * rng.normal(size=(1024, 1))
    return _cycle(x, y.astype(np.float32), steps)


def _two_clouds(steps: int) -> Batches:
    """Two classes that a line separates by far."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, size=(1024, 1))
    x = 6.0 * (y - 0.5) + 0.3 * rng.normal(size=(1024, 4))
    return _cycle(x.astype(np.float32), y.astype(np.float32), steps)


def _chain(size: int, *hidden: Any, classes: int = 10, last: str | None = None) -> keras.Model:
    stack = [keras.Input([size]), *hidden, layers.Dense(classes, activation=last, name="output")]
    return keras.Sequential(stack)


def _dense(count: int, units: int, activation: str | None, start: Any) -> list[Any]:
    return [
        layers.Dense(units, activation=activation, kernel_initializer=start, name=f"hidden_{i}")
        for i in range(1, count + 1)
    ]


def _cross_entropy(y, logits):
    return ops.mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True))


def _squared(y, p):
    return ops.mean(ops.square(y - p))


def _minus_squared(y, p):
    return -_squared(y, p)


def _bare_log_loss(y, p):
    """Binary cross-entropy as it stands in a textbook: log 0 once a prediction is certain."""
    return -ops.mean(y * ops.log(p) + (1 - y) * ops.log(1 - p))


def _clipped_log_loss(y, p):
    return _bare_log_loss(y, ops.clip(p, 1e-6, 1 - 1e-6))


# --- vanishing-gradient -------------------------------------------------------------------------


def deep_sigmoid() -> Training:
    """Seven sigmoid layers: each takes at least a factor of four off the gradient."""
    model = _chain(64, *_dense(7, 32, "sigmoid", "glorot_uniform"))
    return training(model, keras.optimizers.SGD(0.05), _cross_entropy, _digits(200))


def deep_normalized() -> Training:
    """As deep, with batch normalization and ReLU."""
    hidden: list[Any] = []
    for dense in _dense(7, 32, None, "he_normal"):
        hidden += [dense, layers.BatchNormalization(), layers.ReLU()]
    return training(_chain(64, *hidden), keras.optimizers.SGD(0.05), _cross_entropy, _digits(200))


def softmax_inside() -> Training:
    """Softmax as a hidden activation: nearly constant outputs, nearly no derivative."""
    model = _chain(64, *_dense(3, 128, "softmax", "glorot_uniform"))
    return training(model, keras.optimizers.SGD(0.1), _cross_entropy, _digits(200))


def relu_inside() -> Training:
    model = _chain(64, *_dense(3, 128, "relu", "he_normal"))
    return training(model, keras.optimizers.SGD(0.1), _cross_entropy, _digits(200))


def small_start() -> Training:
    """Weights so small that signal and gradient shrink tenfold with each layer; Adam."""
    start = keras.initializers.RandomUniform(-0.03, 0.03)
    model = _chain(64, *_dense(7, 24, "relu", start))
    return training(model, keras.optimizers.Adam(1e-4), _cross_entropy, _digits(200))


def he_start() -> Training:
    model = _chain(64, *_dense(7, 24, "relu", "he_uniform"))
    return training(model, keras.optimizers.Adam(1e-3), _cross_entropy, _digits(300))


# --- exploding-gradient -------------------------------------------------------------------------


def uphill() -> Training:
    """The sign of the gradient is wrong. Adam's updates look as always."""
    model = _chain(8, *_dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.Adam(1e-2), _squared, _line(300), sign=-1.0)


def downhill() -> Training:
    model = _chain(8, *_dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.Adam(1e-2), _squared, _line(300))


def far_too_fast() -> Training:
    """A learning rate that overshoots further each time, until nothing is finite."""
    model = _chain(8, *_dense(2, 32, "tanh", "glorot_normal"), *_dense_linear(), classes=1)
    return training(model, keras.optimizers.SGD(1.0), _squared, _line(200))


def fast_enough() -> Training:
    model = _chain(8, *_dense(2, 32, "tanh", "glorot_normal"), *_dense_linear(), classes=1)
    return training(model, keras.optimizers.SGD(0.01), _squared, _line(200))


def _dense_linear() -> list[Any]:
    return [layers.Dense(32, kernel_initializer="glorot_normal", name="linear")]


def large_start() -> Training:
    """Weights of standard deviation 1 in eight wide ReLU layers: absurd from the first step."""
    start = keras.initializers.RandomNormal(stddev=1.0)
    model = _chain(64, *_dense(8, 64, "relu", start))
    return training(model, keras.optimizers.SGD(0.01), _cross_entropy, _digits(120))


def scaled_start() -> Training:
    model = _chain(64, *_dense(8, 64, "relu", "he_normal"))
    return training(model, keras.optimizers.SGD(0.01), _cross_entropy, _digits(300))


# Far too high a learning rate, with ReLU: one update, then nothing fires and nothing moves.


def _rectified(rate: keras.optimizers.Optimizer) -> Training:
    model = _chain(64, *_dense(2, 64, "relu", "he_normal"))
    return training(model, rate, _cross_entropy, _digits(100))


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
        *_dense(1, 32, "relu", "he_normal"),
    ]
    return training(_chain(64, *stack), keras.optimizers.Adam(rate), _cross_entropy, _digits(120))


def convolution_far_too_fast() -> Training:
    return _convolutional(1.0)


def convolution_usual() -> Training:
    return _convolutional(2e-3)


def unscaled_pixels() -> Training:
    """Pixels of up to 1600 where 1 is usual: each gradient, and so each update, as much larger."""
    whole = sgd_usual()
    whole.batches[:] = [(1600 * x, y) for x, y in whole.batches]
    return whole


def wrong_sign() -> Training:
    """The loss is maximised: it falls below 0 without bound."""
    model = _chain(8, *_dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.SGD(0.01), _minus_squared, _line(200))


def right_sign() -> Training:
    model = _chain(8, *_dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.SGD(0.01), _squared, _line(200))


# --- nonfinite ----------------------------------------------------------------------------------


def log_of_zero() -> Training:
    """A hand-written cross-entropy on probabilities that become exactly 0 or 1."""
    model = _chain(4, *_dense(1, 16, "relu", "he_normal"), classes=1, last="sigmoid")
    return training(model, keras.optimizers.Adam(0.05), _bare_log_loss, _two_clouds(200))


def log_of_clipped() -> Training:
    model = _chain(4, *_dense(1, 16, "relu", "he_normal"), classes=1, last="sigmoid")
    return training(model, keras.optimizers.Adam(0.05), _clipped_log_loss, _two_clouds(200))


def root_behind_where() -> Training:
    """where() hides the root of a negative number, but not its derivative: 0 · NaN is NaN."""
    return _rooted(lambda x: ops.power(x, 0.5))


def root_of_bounded() -> Training:
    return _rooted(lambda x: ops.power(ops.maximum(x, 1e-3), 0.5))


def _rooted(root: Callable[[Any], Any]) -> Training:
    positive = layers.Lambda(lambda x: ops.where(x > 0, root(x), 0.0), name="root")
    model = _chain(64, *_dense(1, 32, None, "he_normal"), positive)
    return training(model, keras.optimizers.Adam(2e-3), _cross_entropy, _digits(200))


def exponentials() -> Training:
    """Five exponential activations in a row: e to the e to the e ..."""
    model = _chain(64, *_dense(5, 16, "exponential", "he_normal"))
    return training(model, keras.optimizers.Adam(1e-3), _cross_entropy, _digits(60))


def hyperbolic() -> Training:
    model = _chain(64, *_dense(5, 16, "tanh", "glorot_normal"))
    return training(model, keras.optimizers.Adam(3e-3), _cross_entropy, _digits(200))


def hole_in_the_data() -> Training:
    """One pixel of the thirteenth batch is NaN."""
    whole = intact_data()
    whole.batches[12] = whole.batches[12][0].copy(), whole.batches[12][1]
    whole.batches[12][0][5, 7] = np.nan
    return whole


def intact_data() -> Training:
    model = _chain(64, *_dense(2, 32, "relu", "he_normal"))
    return training(model, keras.optimizers.Adam(1e-3), _cross_entropy, _digits(150))


# --- healthy, though a number by itself might not look so ---------------------------------------


def converged() -> Training:
    """Solved long ago: saturated outputs and a gradient that goes to 0 with the loss."""
    model = _chain(4, *_dense(2, 16, "relu", "he_normal"), classes=1, last="sigmoid")
    loss = keras.losses.BinaryCrossentropy()
    return training(model, keras.optimizers.Adam(2e-2), loss, _two_clouds(400))


def residual() -> Training:
    inputs = keras.Input([64])
    x = layers.Dense(48, name="stem")(inputs)
    for block in range(4):
        inner = layers.LayerNormalization(name=f"norm_{block}")(x)
        inner = layers.Dense(48, activation="relu", name=f"in_{block}")(inner)
        x = layers.Add()([x, layers.Dense(48, name=f"out_{block}")(inner)])
    model = keras.Model(inputs, layers.Dense(10, name="output")(x))
    return training(model, keras.optimizers.Adam(1e-3), _cross_entropy, _digits(200))


def logistic() -> Training:
    """Weights that start at 0: the first update is infinitely larger than they are."""
    model = _chain(64, layers.Dense(10, kernel_initializer="zeros", name="only"), classes=10)
    model = keras.Sequential([keras.Input([64]), model.layers[0]])
    return training(model, keras.optimizers.SGD(0.1), _cross_entropy, _digits(200))


def clipped() -> Training:
    model = _chain(64, *_dense(2, 32, "tanh", "glorot_normal"))
    optimizer = keras.optimizers.Adam(3e-3, clipnorm=1.0)
    return training(model, optimizer, _cross_entropy, _digits(200))


def recurrent() -> Training:
    x, y, *_ = digits()
    rows = np.asarray(x, np.float32).reshape(-1, 8, 8)
    model = keras.Sequential([keras.Input([8, 8]), layers.LSTM(32), layers.Dense(10)])
    batches = _cycle(rows, np.asarray(y, np.int32), 200)
    return training(model, keras.optimizers.Adam(5e-3), _cross_entropy, batches)


# --- failing for a reason that no rule knows yet: the remark is all that may be said -------------


def shuffled_labels() -> Training:
    rng = np.random.default_rng(4)
    whole = intact_data()
    whole.batches[:] = [(x, rng.permutation(y)) for x, y in whole.batches]
    return whole


def standing_still() -> Training:
    model = _chain(64, *_dense(3, 64, "relu", "he_normal"))
    return training(model, keras.optimizers.SGD(1e-6), _cross_entropy, _digits(200))


# fmt: off
_ALL: tuple[Program, ...] = (
    Program("deep-sigmoid", "vanishing-gradient", deep_sigmoid, twin="deep-normalized", layer="hidden_", step=20),
    Program("softmax-inside", "vanishing-gradient", softmax_inside, twin="relu-inside", layer="hidden_", step=20),
    Program("small-start", "vanishing-gradient", small_start, twin="he-start", layer="hidden_", step=20),
    Program("uphill", "exploding-gradient", uphill, twin="downhill", step=200),
    Program("far-too-fast", "exploding-gradient", far_too_fast, twin="fast-enough", step=60),
    Program("large-start", "exploding-gradient", large_start, twin="scaled-start", step=10),
    Program("sgd-far-too-fast", "exploding-gradient", sgd_far_too_fast, twin="sgd-usual", step=3),
    Program("adam-far-too-fast", "exploding-gradient", adam_far_too_fast, twin="adam-usual", step=3),
    Program("convolution-far-too-fast", "exploding-gradient", convolution_far_too_fast, twin="convolution-usual", step=3),
    Program("unscaled-pixels", "exploding-gradient", unscaled_pixels, twin="sgd-usual", step=3),
    Program("wrong-sign", "exploding-gradient", wrong_sign, twin="right-sign", step=150),
    Program("log-of-zero", "nonfinite", log_of_zero, twin="log-of-clipped", step=199),
    Program("root-behind-where", "nonfinite", root_behind_where, twin="root-of-bounded", layer="hidden_1", step=0),
    Program("exponentials", "nonfinite", exponentials, twin="hyperbolic", layer="hidden_", step=0),
    Program("hole-in-the-data", "nonfinite", hole_in_the_data, twin="intact-data", layer="hidden_1", step=12),
    Program("deep-normalized", "", deep_normalized),
    Program("relu-inside", "", relu_inside),
    Program("he-start", "", he_start),
    Program("downhill", "", downhill),
    Program("fast-enough", "", fast_enough),
    Program("scaled-start", "", scaled_start),
    Program("sgd-usual", "", sgd_usual),
    Program("adam-usual", "", adam_usual),
    Program("convolution-usual", "", convolution_usual),
    Program("right-sign", "", right_sign),
    Program("log-of-clipped", "", log_of_clipped),
    Program("root-of-bounded", "", root_of_bounded),
    Program("hyperbolic", "", hyperbolic),
    Program("intact-data", "", intact_data),
    Program("converged", "", converged),
    Program("residual", "", residual),
    Program("logistic", "", logistic),
    Program("clipped", "", clipped),
    Program("recurrent", "", recurrent),
    Program("shuffled-labels", "loss-plateau", shuffled_labels, twin="intact-data"),
    Program("standing-still", "learning-rate-low", standing_still),
)
# fmt: on

PROGRAMS: dict[str, Program] = {program.name: program for program in _ALL}
"""The programs by name."""
