"""Programs whose steps are too small, too large, clipped away, underflown or too noisy."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.injected import nets, tasks
from benchmarks.verdicts.injected.loops import Loss, pair, training
from benchmarks.verdicts.program import Program, Training

L = keras.layers
S = keras.optimizers.schedules
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _first_try(seed: int, rate: float) -> Training:
    model = nets.mlp(784, [128], 10, "relu", "softmax")
    task = tasks.mixture(seed, 10, 784, rows=3000, apart=7.0)
    loss = keras.losses.sparse_categorical_crossentropy
    return training(seed, task, model, keras.optimizers.Adam(rate), loss, steps=400)


def _fading(seed: int, rate: Any) -> Training:
    model = nets.recurrent(keras.Input((24, 1)), L.GRU(24), 1)
    return training(seed, tasks.waves(seed), model, keras.optimizers.Adam(rate), _MSE, steps=400)


def _default(seed: int, rate: float) -> Training:
    model = nets.mlp(400, [48], 8, "relu", "softmax")
    loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adadelta(rate)
    task = tasks.bags(tasks.topics(seed))
    return training(seed, task, model, optimizer, loss, steps=500)


def _steep(seed: int, rate: float) -> Training:
    def loss(y: Any, p: Any) -> Any:
        return tf.square(y - p)

    model = nets.mlp(10, [64, 64], 1, "relu", init="he_normal")
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    return training(seed, tasks.curve(seed), model, optimizer, loss, steps=400)


def _attention(seed: int, rate: float) -> Training:
    model = nets.transformer(12, 6, 6, dropout=0.0)
    optimizer = keras.optimizers.Adam(rate)
    return training(seed, tasks.sums(seed), model, optimizer, _LOGITS, steps=500)


def _swinging(seed: int, rate: float) -> Training:
    model = nets.recurrent(keras.Input((32, 1)), L.LSTM(24), 5)
    optimizer = keras.optimizers.RMSprop(rate)
    return training(seed, tasks.tones(seed), model, optimizer, _LOGITS, steps=400)


def _clipped(seed: int, clip: float) -> Training:
    model = nets.cnn((8, 8, 1), [16, 32], 10)
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=clip)
    task = tasks.digit_rows(images=True)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _clipping_step(model: Any, optimizer: Any, norm: float) -> Callable[[Any, Any], Any]:
    """A step that clips by hand, as in many a published loop."""

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)
            )
        grads = tape.gradient(loss, model.trainable_variables)
        grads, _ = tf.clip_by_global_norm(grads, norm)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    return step


def _clipped_by_hand(seed: int, norm: float) -> Training:
    model = nets.recurrent(keras.Input((32, 1)), L.GRU(24), 5)
    optimizer = keras.optimizers.SGD(0.2, momentum=0.9)
    step = _clipping_step(model, optimizer, norm)
    return training(seed, tasks.tones(seed), model, optimizer, _LOGITS, steps=500, step=step)


def _scaling_step(model: Any, optimizer: Any, loss: Loss) -> Callable[[Any, Any], Any]:
    """A step in mixed precision; it scales the loss where the optimizer can."""

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(y, model(x, training=True)))
            scaled = optimizer.scale_loss(value)
        grads = tape.gradient(scaled, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return value

    return step


def _returns(seed: int, scale: bool) -> Training:
    """Returns of 64 assets by the minute, a hundredth of a percent, in half precision."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(4500, 6))
    y = np.tanh(factors @ rng.normal(size=(6, 64)) / 2) * 1e-4
    x = factors @ rng.normal(size=(6, 20)) / 2
    task = tasks.split(x.astype(np.float32), y.astype(np.float32), 500)
    layers = [L.Dense(64, "relu", dtype="mixed_float16") for _ in range(2)]
    last = L.Dense(64, kernel_initializer=_TINY, dtype="mixed_float16")
    model = keras.Sequential([keras.Input((20,)), *layers, last])
    optimizer = keras.optimizers.SGD(2.0, momentum=0.9)
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer) if scale else optimizer
    step = _scaling_step(model, optimizer, _MSE)
    return training(seed, task, model, optimizer, _MSE, steps=500, batch=256, step=step)


def _side_task(seed: int, scale: bool) -> Training:
    """A side task whose loss weighs a millionth, in half precision."""

    def loss(y: Any, p: Any) -> Any:
        p = tf.cast(p, tf.float32)
        return 1e-6 * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)

    convs = [L.Conv1D(16, 5, strides=2, activation="relu", dtype="mixed_float16") for _ in range(2)]
    last = L.Dense(5, dtype="mixed_float16")
    model = keras.Sequential([keras.Input((32, 1)), *convs, L.Flatten(), last])
    optimizer = keras.optimizers.Lion(1e-3)
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer) if scale else optimizer
    step = _scaling_step(model, optimizer, loss)
    return training(seed, tasks.tones(seed), model, optimizer, loss, steps=300, step=step)


def _one_by_one(seed: int, batch: int) -> Training:
    model = nets.mlp(20, [48, 48], 6, "tanh")
    optimizer = keras.optimizers.SGD(0.3, momentum=0.9)
    task = tasks.mixture(seed, 6, apart=5.5)
    return training(seed, task, model, optimizer, _LOGITS, steps=600, batch=batch)


def _two_by_two(seed: int, batch: int) -> Training:
    """Targets whose noise is many times the signal: few rows say nothing."""
    task = tasks.curve(seed, rows=40000, noise=3.0)
    model = nets.residual(10, 2, 1)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, _MSE, steps=400, batch=batch)


_TINY = keras.initializers.RandomNormal(0, 1e-4)
_FADING = S.ExponentialDecay(3e-3, decay_steps=4, decay_rate=0.6)
_COSINE = S.CosineDecay(3e-3, decay_steps=400)

# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("adam-1e-8", "learning-rate-low", partial(_first_try, rate=1e-8), partial(_first_try, rate=1e-3), 0.7, "mlp"),
    *pair("fading-schedule", "learning-rate-low", partial(_fading, rate=_FADING), partial(_fading, rate=_COSINE), 0.8, "rnn"),
    *pair("adadelta-default", "learning-rate-low", partial(_default, rate=1e-3), partial(_default, rate=1.0), 0.7, "mlp"),
    *pair("steep-regression", "learning-rate-high", partial(_steep, rate=0.5), partial(_steep, rate=0.005), 0.7, "mlp"),
    *pair("hot-transformer", "learning-rate-high", partial(_attention, rate=0.3), partial(_attention, rate=3e-3), 0.8, "transformer"),
    *pair("swinging-lstm", "learning-rate-high", partial(_swinging, rate=0.5), partial(_swinging, rate=0.005), 0.8, "rnn"),
    *pair("clipnorm-1e-3", "over-clipped", partial(_clipped, clip=1e-3), partial(_clipped, clip=1.0), 0.7, "cnn"),
    *pair("clipped-by-hand", "over-clipped", partial(_clipped_by_hand, norm=1e-3), partial(_clipped_by_hand, norm=1.0), 0.8, "rnn"),
    *pair("half-precision-returns", "gradient-underflow unscaled-target", partial(_returns, scale=False), partial(_returns, scale=True), 0.6, "mlp"),
    *pair("half-precision-side-task", "gradient-underflow", partial(_side_task, scale=False), partial(_side_task, scale=True), 0.8, "cnn"),
    *pair("one-by-one", "noisy-gradient learning-rate-high", partial(_one_by_one, batch=1), partial(_one_by_one, batch=64), 0.8, "mlp"),
    *pair("two-by-two", "noisy-gradient", partial(_two_by_two, batch=2), partial(_two_by_two, batch=256), 0.5, "residual"),
)
# fmt: on
