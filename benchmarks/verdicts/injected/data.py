"""Programs whose rows are at fault."""

from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.injected import nets, tasks
from benchmarks.verdicts.injected.loops import pair, training
from benchmarks.verdicts.injected.tasks import Task
from benchmarks.verdicts.program import Program, Training

L = keras.layers
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _inputs(task: Task, change: Any) -> Task:
    """The task with `change` done to all inputs."""
    return replace(task, x=change(task.x), val_x=change(task.val_x), clean_x=change(task.clean_x))


def _pixels(seed: int, scale: float) -> Training:
    task = _inputs(tasks.digit_rows(images=True), lambda x: x * np.float32(scale))
    model = nets.cnn((8, 8, 1), [16, 32, 32], 10, init="he_normal")
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _table(seed: int, scaled: bool) -> Training:
    task = tasks.houses(seed, scaled_x=scaled)
    model = nets.mlp(8, [64, 32], 1, "relu")
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, task, model, optimizer, _MSE, steps=600)


def _offset(seed: int, offset: float) -> Training:
    """A sensor that reads around 300 kelvin, its swing being one."""
    task = _inputs(tasks.tones(seed), lambda x: x + np.float32(offset))
    model = nets.recurrent(keras.Input((32, 1)), L.GRU(24), 5)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _prices(seed: int, scaled: bool) -> Training:
    task = tasks.houses(seed, scaled_y=scaled)
    model = nets.mlp(8, [64, 64], 1, "relu")
    optimizer = keras.optimizers.Adam(1e-3)
    loss = keras.losses.MeanSquaredError()
    return training(seed, task, model, optimizer, loss, steps=500)


def _sales(seed: int, scale: float, mean: float) -> Training:
    task = tasks.waves(seed)

    def units(y: Any) -> Any:
        return (y * scale + mean).astype(np.float32)

    task = replace(task, y=units(task.y), val_y=units(task.val_y), clean_y=units(task.clean_y))
    model = nets.cnn((24, 1), [16, 16], 1)
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return training(seed, task, model, optimizer, _MSE, steps=400)


def _missing(seed: int, filled: bool) -> Training:
    """One measurement in 5,000 is missing."""
    task = tasks.curve(seed)
    x = np.where(np.random.default_rng(seed).uniform(size=task.x.shape) < 2e-4, np.nan, task.x)
    x = np.nan_to_num(x) if filled else x
    task = replace(task, x=x.astype(np.float32))
    model = nets.residual(10, 2, 1)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _MSE, steps=400)


def _decibels(seed: int, floor: float) -> Training:
    """The logarithm of pixels, some of which are zero."""

    def decibels(x: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.log(x + np.float32(floor))

    task = _inputs(tasks.digit_rows(images=True), decibels)
    model = nets.cnn((8, 8, 1), [16, 32], 10)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=300)


def _rare(seed: int, weight: float) -> Training:
    """99 rows of one class to one of the other; `weight` is the rare one's in the loss."""
    task = tasks.mixture(seed, 2, 20, rows=16000, apart=3.0)
    rng = np.random.default_rng(seed)

    def thin(x: Any, y: Any) -> Any:
        keep = (y == 0) | (rng.uniform(size=len(y)) < 1 / 99)
        return x[keep], y[keep][:, None].astype(np.float32)

    x, y = thin(task.x, task.y)
    val_x, val_y = thin(task.val_x, task.val_y)
    task = Task(x, y, val_x, val_y, task.clean_x, task.clean_y, 2)

    def loss(y: Any, p: Any) -> Any:
        each = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=p)
        return each * (1 + (weight - 1) * y)

    model = nets.mlp(20, [32, 32], 1, "relu")
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, task, model, optimizer, loss, steps=400)


def _skewed(seed: int, share: float) -> Training:
    """Six directions of stripes, two of which hold nearly all rows."""
    task = tasks.gratings(seed, rows=6000)
    rng = np.random.default_rng(seed)

    def thin(x: Any, y: Any) -> Any:
        keep = (y < 2) | (rng.uniform(size=len(y)) < share)
        return x[keep], y[keep]

    x, y = thin(task.x, task.y)
    val_x, val_y = thin(task.val_x, task.val_y)
    task = replace(task, x=x, y=y, val_x=val_x, val_y=val_y)
    model = nets.cnn((12, 12, 1), [8, 16], 6)
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    return training(seed, task, model, optimizer, _LOGITS, steps=300)


def _sorted(seed: int, shuffle: bool) -> Training:
    task = tasks.digit_rows(images=True)
    order = np.argsort(task.y, kind="stable")
    task = replace(task, x=task.x[order], y=task.y[order])
    model = nets.cnn((8, 8, 1), [16, 32], 10)
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return training(seed, task, model, optimizer, _LOGITS, steps=440, shuffle=shuffle)


def _by_price(seed: int, shuffle: bool) -> Training:
    """A table that comes sorted by what is to be foretold."""
    task = tasks.curve(seed)
    order = np.argsort(task.y[:, 0])
    task = replace(task, x=task.x[order], y=task.y[order])
    model = nets.mlp(10, [48, 48], 1, "relu")
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    return training(seed, task, model, optimizer, _MSE, steps=465, shuffle=shuffle)


def _by_topic(seed: int, shuffle: bool) -> Training:
    task = tasks.topics(seed)
    order = np.argsort(task.y, kind="stable")
    task = replace(task, x=task.x[order], y=task.y[order])
    model = nets.recurrent(keras.Input((24,), dtype="int32"), L.LSTM(24), 8, tokens=400)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=375, shuffle=shuffle)


def _shifted_ids(seed: int, shift: int) -> Training:
    """Labels that start at `shift`: one_hot has no column for the last ones and is silent."""

    def loss(y: Any, p: Any) -> Any:
        return keras.losses.categorical_crossentropy(tf.one_hot(y, 8), p)

    task = tasks.mixture(seed, 8, apart=5.5)
    task = replace(task, y=task.y + shift, val_y=task.val_y + shift, clean_y=task.clean_y)
    task = replace(task, clean_y=task.clean_y + shift)
    model = nets.mlp(20, [48], 8, "relu", "softmax")
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, loss, steps=400)


def _one_or_two(seed: int, first: int) -> Training:
    """Two classes written 1 and 2, to a loss that wants 0 and 1."""
    task = tasks.tones(seed, classes=2)

    def column(y: Any) -> Any:
        return (y + first)[:, None].astype(np.float32)

    task = replace(task, y=column(task.y), val_y=column(task.val_y))
    model = nets.cnn((32, 1), [8, 16], 1)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, task, model, optimizer, loss, steps=300)


def _one_class(seed: int, lost: bool) -> Training:
    """A filter on names that never matches gives each row the label 0."""
    task = tasks.topics(seed)
    if lost:
        task = replace(task, y=task.y * 0, val_y=task.val_y * 0)
    model = nets.bag(24, 400, 8)
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _mixed_up(task: Task, seed: int) -> Task:
    """The same rows with the labels of others."""
    rng = np.random.default_rng(seed)
    return replace(task, y=rng.permutation(task.y), val_y=rng.permutation(task.val_y))


def _random_labels(seed: int, mixed: bool) -> Training:
    task = tasks.mixture(seed, 6, 30, rows=16000)
    task = _mixed_up(task, seed) if mixed else task
    model = nets.mlp(30, [48, 48], 6, "relu")
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=500)


def _other_rows(seed: int, mixed: bool) -> Training:
    """A join that gives each window the future of another one."""
    task = tasks.waves(seed, rows=12000)
    task = _mixed_up(task, seed) if mixed else task
    model = nets.recurrent(keras.Input((24, 1)), L.GRU(16), 1)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, _MSE, steps=370)


def _other_tags(seed: int, mixed: bool) -> Training:
    task = tasks.sums(seed, rows=12000)
    task = _mixed_up(task, seed) if mixed else task
    model = nets.transformer(12, 6, 6)
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=375)


# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("raw-pixels", "unnormalized-input", partial(_pixels, scale=255), partial(_pixels, scale=1), 0.8, "cnn"),
    *pair("raw-table", "unnormalized-input", partial(_table, scaled=False), partial(_table, scaled=True), 0.75, "mlp"),
    *pair("kelvin", "unnormalized-input", partial(_offset, offset=300), partial(_offset, offset=0), 0.8, "rnn"),
    *pair("prices-in-euros", "unscaled-target", partial(_prices, scaled=False), partial(_prices, scaled=True), 0.75, "mlp"),
    *pair("sales-in-units", "unscaled-target", partial(_sales, scale=800, mean=5000), partial(_sales, scale=1, mean=0), 0.8, "cnn"),
    *pair("missing-values", "nonfinite-input", partial(_missing, filled=False), partial(_missing, filled=True), 0.7, "residual"),
    *pair("log-of-paper", "nonfinite-input", partial(_decibels, floor=0.0), partial(_decibels, floor=0.05), 0.8, "cnn"),
    *pair("one-in-a-hundred", "class-imbalance", partial(_rare, weight=1), partial(_rare, weight=99), 0.75, "mlp"),
    *pair("two-of-six", "class-imbalance", partial(_skewed, share=0.01), partial(_skewed, share=1), 0.75, "cnn"),
    *pair("sorted-digits", "unshuffled-data", partial(_sorted, shuffle=False), partial(_sorted, shuffle=True), 0.7, "cnn"),
    *pair("sorted-by-target", "unshuffled-data", partial(_by_price, shuffle=False), partial(_by_price, shuffle=True), 0.75, "mlp"),
    *pair("sorted-topics", "unshuffled-data", partial(_by_topic, shuffle=False), partial(_by_topic, shuffle=True), 0.6, "rnn"),
    *pair("ids-from-five", "label-mismatch", partial(_shifted_ids, shift=5), partial(_shifted_ids, shift=0), 0.75, "mlp"),
    *pair("one-or-two", "label-mismatch output-mismatch", partial(_one_or_two, first=1), partial(_one_or_two, first=0), 0.8, "cnn"),
    *pair("all-class-zero", "label-mismatch", partial(_one_class, lost=True), partial(_one_class, lost=False), 0.7, "embedding"),
    *pair("random-labels", "label-noise", partial(_random_labels, mixed=True), partial(_random_labels, mixed=False), 0.7, "mlp"),
    *pair("futures-of-others", "label-noise", partial(_other_rows, mixed=True), partial(_other_rows, mixed=False), 0.7, "rnn"),
    *pair("tags-of-others", "label-noise", partial(_other_tags, mixed=True), partial(_other_tags, mixed=False), 0.7, "transformer"),
)
# fmt: on
