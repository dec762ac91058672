"""Healthy programs that look as if something were wrong with them."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.injected import nets, tasks
from benchmarks.verdicts.injected.loops import control, training
from benchmarks.verdicts.program import Program, Training

L = keras.layers
K = keras.initializers
S = keras.optimizers.schedules
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _solved(seed: int) -> Training:
    task = tasks.mixture(seed, 4, 20, apart=9.0)
    model = nets.mlp(20, [48, 48], 4, "relu", "softmax")
    loss = keras.losses.SparseCategoricalCrossentropy()
    return training(seed, task, model, keras.optimizers.Adam(5e-3), loss, steps=700)


def _saturated(seed: int) -> Training:
    model = nets.mlp(64, [48], 10, "tanh", init=K.RandomNormal(0, 1.2))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    return training(seed, tasks.digit_rows(), model, optimizer, _LOGITS, steps=600)


def _third_dead(seed: int) -> Training:
    asleep = np.where(np.arange(60) % 10 < 3, -9.0, 0.0).astype(np.float32)

    def bias(shape: Any, dtype: Any = None) -> Any:
        return tf.constant(asleep)

    hidden = L.Dense(60, "relu", bias_initializer=bias)
    model = keras.Sequential([keras.Input((20,)), hidden, L.Dense(6)])
    task = tasks.mixture(seed, 6)
    return training(seed, task, model, keras.optimizers.Adam(5e-3), _LOGITS, steps=500)


def _uneven(seed: int) -> Training:
    task = tasks.mixture(seed, 4, 20, rows=6000)
    keep = np.random.default_rng(seed).uniform(size=len(task.y)) < np.array(
        [1.0, 0.6, 0.4, 0.2]
    ).take(task.y)
    task = replace(task, x=task.x[keep], y=task.y[keep])
    model = nets.mlp(20, [32], 4, "relu")
    return training(seed, task, model, keras.optimizers.Adam(5e-3), _LOGITS, steps=500)


def _some_wrong(seed: int) -> Training:
    rng = np.random.default_rng(seed)

    def spoil(y: Any) -> Any:
        return np.where(rng.uniform(size=len(y)) < 0.05, rng.integers(6, size=len(y)), y)

    task = tasks.gratings(seed, rows=6000)
    task = replace(task, y=spoil(task.y), val_y=spoil(task.val_y))
    model = nets.cnn((12, 12, 1), [8, 16], 6)
    return training(seed, task, model, keras.optimizers.Adam(2e-3), _LOGITS, steps=400)


def _slow(seed: int) -> Training:
    model = nets.mlp(64, [128, 64], 10, "relu")
    optimizer = keras.optimizers.Adam(2e-4)
    return training(seed, tasks.digit_rows(), model, optimizer, _LOGITS, steps=800)


def _fast(seed: int) -> Training:
    model = nets.cnn((12, 12, 1), [8, 16], 6, norm=True)
    optimizer = keras.optimizers.SGD(1.0)
    return training(seed, tasks.gratings(seed), model, optimizer, _LOGITS, steps=400)


def _warm(seed: int) -> Training:
    rate = S.CosineDecay(1e-6, 400, warmup_target=4e-3, warmup_steps=100)
    model = nets.transformer(12, 6, 6, dropout=0.1)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01)
    return training(seed, tasks.sums(seed), model, optimizer, _LOGITS, steps=500)


def _often_clipped(seed: int) -> Training:
    model = nets.recurrent(keras.Input((32, 1)), L.LSTM(24), 5)
    optimizer = keras.optimizers.Adam(5e-3, global_clipnorm=0.25)
    return training(seed, tasks.tones(seed), model, optimizer, _LOGITS, steps=500)


def _light_decay(seed: int) -> Training:
    model = nets.mlp(30, [64, 64], 6, "relu", penalty=keras.regularizers.L2(1e-4))
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    task = tasks.mixture(seed, 6, 30)
    return training(seed, task, model, optimizer, _LOGITS, steps=500)


def _dropout(seed: int) -> Training:
    model = nets.cnn((8, 8, 1), [16, 32], 10, dropout=0.3)
    optimizer = keras.optimizers.Adam(2e-3)
    task = tasks.digit_rows(images=True)
    return training(seed, task, model, optimizer, _LOGITS, steps=500)


def _by_eight(seed: int) -> Training:
    model = nets.residual(10, 3, 1)
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, tasks.curve(seed), model, optimizer, _MSE, steps=800, batch=8)


def _floor(seed: int) -> Training:
    """Half of the targets' variance is noise that nobody can foretell."""
    task = tasks.curve(seed, rows=12000, noise=1.0)
    model = nets.mlp(10, [32, 32], 1, "relu")
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, _MSE, steps=600, batch=64)


def _tall_targets(seed: int) -> Training:
    task = tasks.houses(seed)
    task = replace(task, y=task.y * 3, val_y=task.val_y * 3, clean_y=task.clean_y * 3)
    model = nets.mlp(8, [48, 48], 1, "relu")
    optimizer = keras.optimizers.RMSprop(2e-3)
    return training(seed, task, model, optimizer, _MSE, steps=600)


def _off_centre(seed: int) -> Training:
    """Inputs between -3 and 5."""
    task = tasks.curve(seed)

    def move(x: Any) -> Any:
        return ((x / np.sqrt(12) + 0.5) * 8 - 3).astype(np.float32)

    task = replace(task, x=move(task.x), val_x=move(task.val_x), clean_x=move(task.clean_x))
    model = nets.mlp(10, [48, 48], 1, "relu")
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, _MSE, steps=600)


def _few_shots(seed: int) -> Training:
    """A dozen texts a class; they say enough."""
    task = tasks.topics(seed, words=200, own=0.7)
    task = replace(task, x=task.x[:96], y=task.y[:96])
    model = nets.bag(24, 200, 8)
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, task, model, optimizer, _LOGITS, steps=300, batch=16)


def _black_and_white(seed: int) -> Training:
    """An autoencoder of pixels that are mostly 0 or 1, which saturates its output."""
    task = tasks.digit_rows()

    def ink(x: Any) -> Any:
        return (x > 0.4).astype(np.float32)

    task = replace(task, x=ink(task.x), val_x=ink(task.val_x), clean_x=ink(task.clean_x))
    model = nets.autoencoder([64, 64, 24], output="sigmoid")
    loss = keras.losses.BinaryCrossentropy()
    task = tasks.itself(task)
    return training(seed, task, model, keras.optimizers.Adam(3e-3), loss, steps=800)


def _hinge(seed: int) -> Training:
    """A margin loss, whose gradient is zero for each sample that is far enough."""
    task = tasks.columns(tasks.mixture(seed, 2, 20, apart=6.0))
    model = nets.mlp(20, [32], 1, "relu")
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, keras.losses.Hinge(), steps=500)


def _outliers(seed: int) -> Training:
    """One target in fifty is far off; Huber's loss bears it."""
    rng = np.random.default_rng(seed)
    task = tasks.waves(seed)
    far = (rng.uniform(size=task.y.shape) < 0.02) * rng.normal(size=task.y.shape) * 8
    task = replace(task, y=(task.y + far).astype(np.float32))
    model = nets.cnn((24, 1), [16, 16], 1, init="he_normal")
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, keras.losses.Huber(), steps=500)


def _sparse_words(seed: int) -> Training:
    """Counts of 400 words of which a text has two dozen: most inputs are zero."""
    task = tasks.bags(tasks.topics(seed))
    model = nets.mlp(400, [64], 8, "relu", "softmax")
    loss = keras.losses.sparse_categorical_crossentropy
    return training(seed, task, model, keras.optimizers.Adam(1e-3), loss, steps=400)


def _half_precision(seed: int) -> Training:
    """Mixed precision with nothing lost: cross-entropy's gradients are large enough."""
    hidden = [L.Dense(64, "relu", dtype="mixed_float16") for _ in range(2)]
    model = keras.Sequential([keras.Input((64,)), *hidden, L.Dense(10)])
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, tasks.digit_rows(), model, optimizer, _LOGITS, steps=400)


PROGRAMS: tuple[Program, ...] = (
    control("solved", _solved, 0.95, "mlp"),
    control("saturated-but-well", _saturated, 0.8, "mlp"),
    control("third-dead", _third_dead, 0.8, "mlp"),
    control("uneven-classes", _uneven, 0.8, "mlp"),
    control("some-wrong-labels", _some_wrong, 0.8, "cnn"),
    control("slow-but-there", _slow, 0.8, "mlp"),
    control("fast-but-well", _fast, 0.8, "cnn"),
    control("warm-up-and-cosine", _warm, 0.8, "transformer"),
    control("often-clipped", _often_clipped, 0.8, "rnn"),
    control("light-decay", _light_decay, 0.8, "mlp"),
    control("dropout-0.3", _dropout, 0.8, "cnn"),
    control("by-eight", _by_eight, 0.75, "residual"),
    control("noise-floor", _floor, 0.75, "mlp"),
    control("targets-of-3", _tall_targets, 0.75, "mlp"),
    control("inputs-off-centre", _off_centre, 0.75, "mlp"),
    control("few-shots", _few_shots, 0.8, "embedding"),
    control("black-and-white", _black_and_white, 0.6, "autoencoder"),
    control("margins", _hinge, 0.9, "mlp"),
    control("outliers", _outliers, 0.75, "cnn"),
    control("sparse-words", _sparse_words, 0.8, "mlp"),
    control("half-precision", _half_precision, 0.8, "mlp"),
)
