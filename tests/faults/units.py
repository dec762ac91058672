"""Trainings whose units are dead, saturated, cut off or badly started, and what repairs them."""

# pyright: basic

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from tests.faults.training import (
    Program,
    Training,
    chain,
    cloud_batches,
    cross_entropy,
    dense,
    digits_batches,
    training,
)

# --- dead-units ---------------------------------------------------------------------------------


def high_thresholds() -> Training:
    """A bias far below 0, meant to make the code sparse: no unit ever fires."""
    return _thresholds(-8.0)


def low_thresholds() -> Training:
    return _thresholds(-0.1)


def _thresholds(bias: float) -> Training:
    sparse = layers.Dense(
        64,
        activation="relu",
        kernel_initializer="he_normal",
        bias_initializer=keras.initializers.Constant(bias),
        name="sparse",
    )
    model = chain(64, *dense(1, 64, "relu", "he_normal"), sparse)
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, digits_batches(200))


def narrow_and_deep(activation: str = "relu") -> Training:
    """Sixteen ReLU layers of three units: a net that is born dead more often than not."""
    keras.utils.set_random_seed(4)
    model = chain(4, *dense(16, 3, activation, "he_uniform"), classes=1)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return training(model, keras.optimizers.Adam(3e-3), loss, cloud_batches(200))


def narrow_and_leaky() -> Training:
    return narrow_and_deep("leaky_relu")


# --- saturated-units ----------------------------------------------------------------------------


def certain_from_the_start() -> Training:
    """An output bias for the rarest of events, under a squared error: flat from the first step."""
    return _biased_output(-14.0)


def open_minded() -> Training:
    return _biased_output(0.0)


def _biased_output(bias: float) -> Training:
    output = layers.Dense(
        1,
        activation="sigmoid",
        bias_initializer=keras.initializers.Constant(bias),
        name="output",
    )
    model = keras.Sequential([keras.Input([4]), *dense(1, 16, "tanh", "glorot_normal"), output])
    loss = keras.losses.MeanSquaredError()
    return training(model, keras.optimizers.SGD(0.1), loss, cloud_batches(200))


def steep() -> Training:
    """A temperature that was meant to sharpen decisions makes steps of narrow sigmoids."""
    return _sharpened(200.0)


def gentle() -> Training:
    return _sharpened(4.0)


def _sharpened(factor: float) -> Training:
    hidden: list[Any] = []
    for layer in dense(4, 6, None, "glorot_normal"):
        hidden += [layer, layers.Rescaling(factor), layers.Activation("sigmoid")]
        hidden += [layers.Rescaling(2.0, offset=-1.0)]
    return training(
        chain(64, *hidden), keras.optimizers.Adam(5e-3), cross_entropy, digits_batches(300)
    )


def softmax_inside() -> Training:
    """Softmax as a hidden activation: nearly constant outputs, nearly no derivative."""
    model = chain(64, *dense(3, 128, "softmax", "glorot_uniform"))
    return training(model, keras.optimizers.SGD(0.1), cross_entropy, digits_batches(200))


def relu_inside() -> Training:
    model = chain(64, *dense(3, 128, "relu", "he_normal"))
    return training(model, keras.optimizers.SGD(0.1), cross_entropy, digits_batches(200))


# --- disconnected-variable ----------------------------------------------------------------------


def hard_choice() -> Training:
    """The index of the largest of eight features, which has no derivative, goes on."""
    return _choosing(lambda x: ops.one_hot(ops.argmax(x, axis=-1), 8))


def soft_choice() -> Training:
    return _choosing(ops.softmax)


def _choosing(choose: Callable[[Any], Any]) -> Training:
    model = chain(64, *dense(1, 8, None, "glorot_uniform"), layers.Lambda(choose, name="choice"))
    return training(model, keras.optimizers.Adam(2e-2), cross_entropy, digits_batches(300))


def forgotten_stop() -> Training:
    """A stop_gradient from an earlier experiment, behind an encoder of four features."""
    return _encoded(ops.stop_gradient)


def no_stop() -> Training:
    return _encoded(lambda x: x)


def _encoded(bridge: Callable[[Any], Any]) -> Training:
    encoder = layers.Dense(4, activation="tanh", name="encoder")
    model = chain(
        64, encoder, layers.Lambda(bridge, name="bridge"), *dense(1, 32, "relu", "he_normal")
    )
    return training(model, keras.optimizers.Adam(5e-3), cross_entropy, digits_batches(300))


# --- poor-initialization ------------------------------------------------------------------------


def zero_start() -> Training:
    """All kernels at 0, as suits a linear model: nothing but the output's bias can learn."""
    return _started("zeros", "relu")


def equal_start() -> Training:
    """All weights 0.05: the units of a layer are one unit, for ever."""
    return _started(keras.initializers.Constant(0.05), "relu")


def wide_start() -> Training:
    """Weights of standard deviation 3 under tanh: all units at ±1 from the first step."""
    return _started(keras.initializers.RandomNormal(stddev=3.0), "tanh")


def usual_start() -> Training:
    return _started("glorot_uniform", "relu")


def _started(start: Any, activation: str) -> Training:
    output = layers.Dense(10, kernel_initializer=start, name="output")
    hidden = dense(3, 32, activation, start)
    model = keras.Sequential([keras.Input([64]), *hidden, output])
    return training(model, keras.optimizers.Adam(2e-3), cross_entropy, digits_batches(200))


def small_start() -> Training:
    """Weights so small that signal and gradient shrink tenfold with each layer; Adam."""
    start = keras.initializers.RandomUniform(-0.03, 0.03)
    model = chain(64, *dense(7, 24, "relu", start))
    return training(model, keras.optimizers.Adam(1e-4), cross_entropy, digits_batches(200))


def he_start() -> Training:
    model = chain(64, *dense(7, 24, "relu", "he_uniform"))
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, digits_batches(300))


def large_start() -> Training:
    """Weights of standard deviation 1 in eight wide ReLU layers: absurd from the first step."""
    start = keras.initializers.RandomNormal(stddev=1.0)
    model = chain(64, *dense(8, 64, "relu", start))
    return training(model, keras.optimizers.SGD(0.01), cross_entropy, digits_batches(120))


def scaled_start() -> Training:
    model = chain(64, *dense(8, 64, "relu", "he_normal"))
    return training(model, keras.optimizers.SGD(0.01), cross_entropy, digits_batches(300))


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("high-thresholds", "dead-units", high_thresholds, twin="low-thresholds", layer="sparse", also=("poor-initialization",)),
    Program("narrow-and-deep", "dead-units", narrow_and_deep, twin="narrow-and-leaky", layer="hidden_"),
    Program("certain-from-the-start", "saturated-units", certain_from_the_start, twin="open-minded", layer="output"),
    Program("steep", "saturated-units", steep, twin="gentle", step=20),
    Program("softmax-inside", "saturated-units", softmax_inside, twin="relu-inside", layer="hidden_", step=20, also=("vanishing-gradient",)),
    Program("hard-choice", "disconnected-variable", hard_choice, twin="soft-choice", layer="hidden_1"),
    Program("forgotten-stop", "disconnected-variable", forgotten_stop, twin="no-stop", layer="encoder"),
    Program("zero-start", "poor-initialization", zero_start, twin="usual-start", layer="hidden_1"),
    Program("equal-start", "poor-initialization", equal_start, twin="usual-start", layer="hidden_1"),
    Program("wide-start", "poor-initialization", wide_start, twin="usual-start", layer="hidden_"),
    Program("small-start", "poor-initialization", small_start, twin="he-start", layer="hidden_"),
    Program("large-start", "poor-initialization", large_start, twin="scaled-start", layer="hidden_"),
    Program("low-thresholds", "", low_thresholds),
    Program("narrow-and-leaky", "", narrow_and_leaky),
    Program("open-minded", "", open_minded),
    Program("gentle", "", gentle),
    Program("soft-choice", "", soft_choice),
    Program("no-stop", "", no_stop),
    Program("usual-start", "", usual_start),
    Program("he-start", "", he_start),
    Program("scaled-start", "", scaled_start),
    Program("relu-inside", "", relu_inside),
)
# fmt: on
"""The programs about units and first weights, and their twins."""
