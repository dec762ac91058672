"""Programs whose steps are too small, too large, clipped away, underflown or too noisy."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.aside import rows
from benchmarks.verdicts.injected import nets
from benchmarks.verdicts.injected.loops import Loss, pair, training
from benchmarks.verdicts.injected.tasks import Array, itself
from benchmarks.verdicts.program import Program, Training

L = keras.layers
S = keras.optimizers.schedules
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _pulse(seed: int, optimizer: Any) -> Training:
    inputs = keras.Input((64, 1))
    x = L.Conv1D(16, 9, strides=2, activation="relu")(inputs)
    x = L.Conv1D(24, 5, strides=2, activation="relu")(x)
    model = keras.Model(inputs, L.Dense(4, "softmax")(L.GlobalMaxPooling1D()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy()
    return training(seed, rows.beats(seed), model, optimizer, loss, steps=400)


def _tiny_sgd(seed: int, rate: float) -> Training:
    return _pulse(seed, keras.optimizers.SGD(rate, momentum=0.9))


def _fine_tuning(seed: int, rate: float) -> Training:
    """A rate for a net that has been trained already, on one that has not."""
    model = nets.transformer(20, 150, 2, blocks=1, width=24, per_token=False, dropout=0.1)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01)
    return training(seed, rows.reviews(seed), model, optimizer, _LOGITS, steps=400)


def _decayed(seed: int, decay: float) -> Training:
    """A decay meant for each epoch that is applied at each step."""
    rate = S.InverseTimeDecay(0.05, decay_steps=1, decay_rate=decay)
    model = nets.mlp(7, [48, 48], 1, "tanh")
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    return training(seed, rows.energy(seed), model, optimizer, _MSE, steps=500)


def _adam_one(seed: int, rate: float) -> Training:
    inputs = keras.Input((80,))
    x = L.Conv1D(16, 9, strides=2, activation="relu")(L.Reshape((80, 1))(inputs))
    x = L.Conv1D(16, 9, strides=2, activation="relu")(x)
    model = keras.Model(inputs, L.Dense(3)(L.Flatten()(x)))
    loss = keras.losses.MeanAbsoluteError()
    optimizer = keras.optimizers.Adam(rate)
    return training(seed, rows.spectra(seed), model, optimizer, loss, steps=400)


def _summed(seed: int, total: bool) -> Training:
    """Squared errors of all pixels and rows, added up where a mean was meant."""

    def loss(y: Any, p: Any) -> Any:
        square = tf.square(y - p)
        return tf.reduce_sum(square) if total else tf.reduce_mean(square)

    task = itself(rows.changed(rows.shapes(seed, noise=0.03), lambda x: x.reshape(-1, 256)))
    model = nets.autoencoder([256, 96, 48], "elu")
    optimizer = keras.optimizers.SGD(1.5, momentum=0.9)
    return training(seed, task, model, optimizer, loss, steps=600)


def _hot_letters(seed: int, rate: float) -> Training:
    ids = keras.Input((20,), dtype="int32")
    model = nets.recurrent(ids, L.GRU(32), 6, tokens=17)
    optimizer = keras.optimizers.RMSprop(rate)
    return training(seed, rows.languages(seed), model, optimizer, _LOGITS, steps=400)


def _clipped_values(seed: int, clip: float) -> Training:
    model = nets.mlp(3, [64, 64, 64], 2, "relu", init="he_normal")
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9, clipvalue=clip)
    return training(seed, rows.arm(seed), model, optimizer, _MSE, steps=500)


def _clipped_text(seed: int, clip: float) -> Training:
    ids = keras.Input((20,), dtype="int32")
    x = L.Bidirectional(L.GRU(16))(L.Embedding(150, 16, mask_zero=True)(ids))
    model = keras.Model(ids, L.Dense(1)(x))
    optimizer = keras.optimizers.SGD(0.5, momentum=0.9, global_clipnorm=clip)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    task = rows.changed(rows.reviews(seed), y=_column)
    return training(seed, task, model, optimizer, loss, steps=400)


def _column(y: Array) -> Array:
    return y[:, None].astype(np.float32)


def _half_step(model: Any, optimizer: Any, loss: Loss) -> Callable[[Any, Any], Any]:
    """A step in half precision; it scales the loss where the optimizer can."""

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(y, tf.cast(model(x, training=True), tf.float32)))
            scaled = optimizer.scale_loss(value)
        grads = tape.gradient(scaled, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return value

    return step


def _distilled(seed: int, scale: bool) -> Training:
    """Soft labels at a temperature of 1000, whose square the loss is not multiplied with."""

    def loss(y: Any, p: Any) -> Any:
        taught = tf.nn.softmax(tf.one_hot(tf.cast(y, tf.int32), 4) * 12 / 1000)
        told = tf.nn.log_softmax(tf.cast(p, tf.float32) / 1000)
        return tf.reduce_sum(taught * (tf.math.log(taught) - told), axis=1)

    convs = [L.Conv1D(n, 7, strides=2, activation="relu", dtype="mixed_float16") for n in (16, 24)]
    last = L.Dense(4, dtype="mixed_float16")
    model = keras.Sequential([keras.Input((64, 1)), *convs, L.Flatten(), last])
    optimizer = keras.optimizers.Adam(2e-3, epsilon=1e-12)
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer) if scale else optimizer
    step = _half_step(model, optimizer, loss)
    return training(seed, rows.beats(seed), model, optimizer, loss, steps=200, batch=256, step=step)


def _averaged(seed: int, scale: bool) -> Training:
    """A mean over pixels that is divided by their number once more."""

    def loss(y: Any, p: Any) -> Any:
        return tf.reduce_mean(tf.square(y - tf.cast(p, tf.float32))) / (256 * 64)

    half = "mixed_float16"
    inputs = keras.Input((16, 16, 1))
    x = L.Conv2D(12, 3, 2, "same", activation="relu", dtype=half)(inputs)
    x = L.Conv2D(12, 3, 2, "same", activation="relu", dtype=half)(x)
    x = L.Conv2DTranspose(12, 3, 2, "same", activation="relu", dtype=half)(x)
    model = keras.Model(inputs, L.Conv2DTranspose(1, 3, 2, "same", dtype=half)(x))
    optimizer = keras.optimizers.Adam(5e-3, epsilon=1e-14)
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer) if scale else optimizer
    step = _half_step(model, optimizer, loss)
    task = itself(rows.shapes(seed))
    return training(seed, task, model, optimizer, loss, steps=200, batch=64, step=step)


def _alone(seed: int, batch: int) -> Training:
    """One picture a step, whose place was measured badly, at a step's length fit for many."""
    rng = np.random.default_rng(seed)
    task = rows.places(seed, rows=16000)
    measured = (task.y + 2.0 * rng.normal(size=task.y.shape)).astype(np.float32)
    model = nets.cnn((16, 16, 1), [8, 16], 2, "elu")
    optimizer = keras.optimizers.Adam(5e-3)
    task = replace(task, y=measured)
    return training(seed, task, model, optimizer, _MSE, steps=500, batch=batch)


def _bandit_step(model: Any, optimizer: Any, baseline: bool) -> Callable[[Any, Any], Any]:
    """A step of REINFORCE: try an offer, be paid 10 and one more if it is taken."""

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = model(x, training=True)
            tried = tf.random.categorical(scores, 1, dtype=tf.int64)[:, 0]
            paid = 10 + 5 * tf.cast(tried == y, tf.float32)
            paid = paid - tf.reduce_mean(paid) if baseline else paid
            surprise = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tried, logits=scores)
            loss = tf.reduce_mean(paid * surprise)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    return step


def _bandit(seed: int, baseline: bool) -> Training:
    model = nets.mlp(8, [32], 4, "tanh")
    optimizer = keras.optimizers.SGD(0.1)
    step = _bandit_step(model, optimizer, baseline)
    return training(
        seed, rows.choices(seed), model, optimizer, _LOGITS, steps=700, batch=16, step=step
    )


# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("sgd-1e-5", "learning-rate-low", partial(_tiny_sgd, rate=1e-5), partial(_tiny_sgd, rate=0.03), 0.8, "cnn"),
    *pair("fine-tuning-rate", "learning-rate-low", partial(_fine_tuning, rate=1e-6), partial(_fine_tuning, rate=2e-3), 0.75, "transformer"),
    *pair("decay-each-step", "learning-rate-low", partial(_decayed, decay=1.0), partial(_decayed, decay=0.001), 0.75, "mlp"),
    *pair("adam-of-one", "learning-rate-high", partial(_adam_one, rate=1.0), partial(_adam_one, rate=3e-3), 0.8, "cnn"),
    *pair("sum-of-squares", "learning-rate-high exploding-gradient", partial(_summed, total=True), partial(_summed, total=False), 0.6, "autoencoder"),
    *pair("hot-letters", "learning-rate-high", partial(_hot_letters, rate=0.3), partial(_hot_letters, rate=5e-3), 0.55, "rnn"),
    *pair("clipvalue-1e-5", "over-clipped", partial(_clipped_values, clip=1e-5), partial(_clipped_values, clip=1.0), 0.8, "mlp"),
    *pair("global-clip-1e-3", "over-clipped", partial(_clipped_text, clip=1e-3), partial(_clipped_text, clip=5.0), 0.75, "rnn"),
    *pair("temperature-of-1000", "gradient-underflow", partial(_distilled, scale=False), partial(_distilled, scale=True), 0.8, "cnn"),
    *pair("divided-once-more", "gradient-underflow", partial(_averaged, scale=False), partial(_averaged, scale=True), 0.5, "autoencoder"),
    *pair("one-picture-a-step", "noisy-gradient learning-rate-high", partial(_alone, batch=1), partial(_alone, batch=64), 0.75, "cnn"),
    *pair("no-baseline", "noisy-gradient", partial(_bandit, baseline=False), partial(_bandit, baseline=True), 0.64, "mlp"),
)
# fmt: on
