"""Trainings whose steps are too small, too large or too noisy, and what repairs them."""

# pyright: basic

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gradscope.data import digits
from tests.faults.training import (
    Program,
    Training,
    chain,
    cross_entropy,
    cycle,
    dense,
    digits_batches,
    line_batches,
    squared,
    training,
)


def _digit_net(optimizer: Any, steps: int = 200) -> Training:
    model = chain(64, *dense(2, 64, "relu", "he_normal"))
    return training(model, optimizer, cross_entropy, digits_batches(steps))


# --- learning-rate-low --------------------------------------------------------------------------


def crawling() -> Training:
    """Adam at a millionth: the weights get a thousandth of their size far."""
    return _digit_net(keras.optimizers.Adam(1e-6))


def walking() -> Training:
    return _digit_net(keras.optimizers.Adam(1e-3))


def decayed_too_soon() -> Training:
    """A schedule that has come down to nothing before anything is learnt."""
    return _digit_net(keras.optimizers.SGD(_decay(0.03, 4)), 300)


def decayed_in_time() -> Training:
    return _digit_net(keras.optimizers.SGD(_decay(0.1, 200)), 300)


def _decay(rate: float, steps: int) -> Any:
    return keras.optimizers.schedules.ExponentialDecay(rate, steps, 0.5)


def recurrent_crawling() -> Training:
    return _recurrent(keras.optimizers.SGD(1e-4))


def recurrent_walking() -> Training:
    return _recurrent(keras.optimizers.SGD(1.0))


def _recurrent(optimizer: Any) -> Training:
    x, y, *_ = digits()
    rows = np.asarray(x, np.float32).reshape(-1, 8, 8)
    model = keras.Sequential([keras.Input([8, 8]), layers.LSTM(32), layers.Dense(10)])
    batches = cycle(rows, np.asarray(y, np.int32), 200)
    return training(model, optimizer, cross_entropy, batches)


# --- learning-rate-high -------------------------------------------------------------------------


def too_fast() -> Training:
    """Not so fast that anything breaks: units go off, and the loss stays far above what it can be."""
    return _digit_net(keras.optimizers.Adam(0.2), 300)


def recurrent_too_fast() -> Training:
    return _recurrent(keras.optimizers.Adam(0.5))


# --- over-clipped -------------------------------------------------------------------------------


def throttled() -> Training:
    """The limit is a thousandth of what the gradient is: each step is cut to nothing."""
    return _digit_net(keras.optimizers.SGD(0.1, global_clipnorm=1e-3))


def throttled_by_hand() -> Training:
    """The same by tf.clip_by_global_norm in the step, with momentum."""
    model = chain(8, *dense(2, 32, "tanh", "glorot_normal"), classes=1)
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    whole = training(model, optimizer, squared, line_batches(200))

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = squared(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 1e-3)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return Training(model, step, whole.batches)


def clipped_now_and_then() -> Training:
    return _digit_net(keras.optimizers.SGD(0.1, global_clipnorm=2.0))


# --- gradient-underflow -------------------------------------------------------------------------


def _half_precision(optimizer: Any, scaled: bool) -> Training:
    """float16 with a loss that is worth little, a term among others, say: Adam wouldn't mind."""
    half = keras.DTypePolicy("mixed_float16")
    units = [(64, "relu"), (64, "relu"), (10, None)]
    hidden = [layers.Dense(n, activation=kind, dtype=half) for n, kind in units]
    model = keras.Sequential(
        [keras.Input([64]), *hidden, layers.Activation("linear", dtype="float32")]
    )
    optimizer.build(model.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = 1e-6 * cross_entropy(y, model(x, training=True))
            target = optimizer.scale_loss(loss) if scaled else loss
        gradients = tape.gradient(target, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return Training(model, step, digits_batches(150))


def underflowing() -> Training:
    return _half_precision(keras.optimizers.Adam(1e-3, epsilon=1e-12), scaled=False)


def lifted() -> Training:
    inner = keras.optimizers.Adam(1e-3, epsilon=1e-12)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**20)
    return _half_precision(optimizer, scaled=True)


# --- noisy-gradient -----------------------------------------------------------------------------


def _batches_of(batch: int, steps: int) -> Training:
    x, y, *_ = digits()
    batches = cycle(np.asarray(x, np.float32), np.asarray(y, np.int32), steps, batch)
    model = chain(64, *dense(2, 64, "relu", "he_normal"))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    return training(model, optimizer, cross_entropy, batches)


def one_by_one() -> Training:
    """A rate and a momentum that suit batches of 64, on single samples."""
    return _batches_of(1, 400)


def many_at_once() -> Training:
    return _batches_of(64, 200)


# --- loss-spike ---------------------------------------------------------------------------------


def _glitch(optimizer: Any) -> Training:
    """Half way a sensor reports three hundred times what there is, for one batch."""
    model = chain(8, *dense(2, 32, "tanh", "glorot_normal"), classes=1)
    whole = training(model, optimizer, squared, line_batches(240))
    x, y = whole.batches[160]
    whole.batches[160] = x, 300 * y
    return whole


def glitch() -> Training:
    return _glitch(keras.optimizers.SGD(0.03))


def glitch_clipped() -> Training:
    return _glitch(keras.optimizers.SGD(0.03, global_clipnorm=1.0))


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("crawling", "learning-rate-low", crawling, twin="walking"),
    Program("decayed-too-soon", "learning-rate-low", decayed_too_soon, twin="decayed-in-time", step=60),
    Program("recurrent-crawling", "learning-rate-low", recurrent_crawling, twin="recurrent-walking"),
    Program("too-fast", "learning-rate-high", too_fast, twin="walking", step=5),
    Program("recurrent-too-fast", "learning-rate-high", recurrent_too_fast, twin="recurrent-walking", step=5),
    Program("throttled", "over-clipped", throttled, twin="clipped-now-and-then"),
    Program("throttled-by-hand", "over-clipped", throttled_by_hand, twin="clipped-now-and-then"),
    Program("underflowing", "gradient-underflow", underflowing, twin="lifted", step=5),
    Program("one-by-one", "noisy-gradient", one_by_one, twin="many-at-once"),
    Program("glitch", "loss-spike", glitch, twin="glitch-clipped", step=161),
    Program("walking", "", walking),
    Program("decayed-in-time", "", decayed_in_time),
    Program("recurrent-walking", "", recurrent_walking),
    Program("clipped-now-and-then", "", clipped_now_and_then),
    Program("lifted", "", lifted),
    Program("many-at-once", "", many_at_once),
    Program("glitch-clipped", "", glitch_clipped),
)
# fmt: on
"""The programs of this family and their twins."""
