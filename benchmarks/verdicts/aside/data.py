"""Programs whose rows are at fault."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.aside import rows
from benchmarks.verdicts.injected import nets
from benchmarks.verdicts.injected.loops import pair, training
from benchmarks.verdicts.injected.tasks import Array, Task
from benchmarks.verdicts.program import Batch, Program, Training

L = keras.layers
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _column(y: Array) -> Array:
    return y[:, None].astype(np.float32)


def _tumours(seed: int, scaled: bool) -> Training:
    model = nets.mlp(30, [32, 16], 1, "relu", "sigmoid")
    task = rows.changed(rows.cancer(scaled), y=_column)
    loss = keras.losses.BinaryCrossentropy()
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return training(seed, task, model, optimizer, loss, steps=400, batch=16, cut=0.5)


def _stamped(seed: int, scaled: bool) -> Training:
    """Seconds since 1970 as one of eight inputs."""
    rng = np.random.default_rng(seed)

    def stamp(x: Array) -> Array:
        when = rng.uniform(-1.7, 1.7, size=(len(x), 1))
        when = when if scaled else 1.6e9 + 4e7 * when
        return np.concatenate([x, when], axis=1).astype(np.float32)

    model = nets.mlp(8, [48, 48], 1, "relu")
    optimizer = keras.optimizers.Adam(3e-3)
    task = rows.changed(rows.energy(seed), stamp)
    return training(seed, task, model, optimizer, _MSE, steps=500)


def _milli(seed: int, scale: float) -> Training:
    """Accelerations in thousandths of g."""
    task = rows.changed(rows.motion(seed), lambda x: x * np.float32(scale))
    cell = L.LSTM(24)
    inputs = keras.Input((40, 3))
    model = keras.Model(inputs, L.Dense(5, "softmax")(cell(inputs)))
    loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, loss, steps=400)


def _sixteen_bits(seed: int, scale: float) -> Training:
    """Pictures of 16 bits a pixel."""
    task = rows.changed(rows.shapes(seed), lambda x: x * np.float32(scale))
    model = nets.cnn((16, 16, 1), [12, 24, 24], 5)
    optimizer = keras.optimizers.SGD(0.03, momentum=0.9)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _megawatts(seed: int, mean: float, scale: float) -> Training:
    def load(y: Array) -> Array:
        return (mean + scale * y).astype(np.float32)

    model = nets.mlp(7, [64, 64, 32], 1, "relu", init="he_normal")
    task = rows.changed(rows.energy(seed), y=load)
    optimizer = keras.optimizers.RMSprop(1e-3)
    return training(seed, task, model, optimizer, _MSE, steps=500)


def _cents(seed: int, scale: float) -> Training:
    """Sums in hundredths of thousandths from a recurrent net with bounded states."""
    task = rows.changed(rows.adding(seed, 10), y=lambda y: (scale * y).astype(np.float32))
    inputs = keras.Input((10, 2))
    model = keras.Model(inputs, L.Dense(1)(L.GRU(32)(inputs)))
    optimizer = keras.optimizers.Adam(5e-3)
    loss = keras.losses.MeanAbsoluteError()
    return training(seed, task, model, optimizer, loss, steps=600)


def _blank(seed: int, floor: float) -> Training:
    """Each picture divided by its own spread, which blank ones have none of."""
    rng = np.random.default_rng(seed)

    def standard(x: Array) -> Array:
        blank = rng.uniform(size=(len(x), 1, 1, 1)) < 2e-3
        x = np.where(blank, 0, x)
        mean, spread = (f(x, axis=(1, 2), keepdims=True) for f in (np.mean, np.std))
        with np.errstate(invalid="ignore"):
            return ((x - mean) / (spread + floor)).astype(np.float32)

    task = rows.shapes(seed)
    task = rows.changed(task, standard)
    task = replace(task, clean_x=np.nan_to_num(task.clean_x))
    model = nets.cnn((16, 16, 1), [8, 16, 32], 5, "elu")
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=300)


def _log_amounts(seed: int, floor: float) -> Training:
    """Logarithms of light where a detector that was cut off gave exactly none."""

    def logs(x: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(x, 0) + np.float32(floor))

    model = nets.mlp(80, [64, 32], 3, "elu")
    task = rows.changed(rows.spectra(seed), logs)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _MSE, steps=300)


def _thinned(task: Task, seed: int, share: Array) -> Task:
    """The task with only a share of each class's rows, those for the score left alone."""
    rng = np.random.default_rng(seed)

    def kept(y: Array) -> Array:
        return rng.uniform(size=len(y)) < share[y]

    keep, val_keep = kept(task.y), kept(task.val_y)
    return replace(
        task,
        x=task.x[keep],
        y=task.y[keep],
        val_x=task.val_x[val_keep],
        val_y=task.val_y[val_keep],
    )


def _moods(seed: int, weight: float) -> Training:
    """Fifty glad texts to an angry one; `weight` is the angry ones' in the loss."""
    task = _thinned(rows.reviews(seed, rows=16000), seed, np.array([0.02, 1.0]))
    weights = tf.constant([weight, 1.0])

    def loss(y: Any, p: Any) -> Any:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)
        return each * tf.gather(weights, y)

    ids = keras.Input((20,), dtype="int32")
    model = nets.recurrent(ids, L.GRU(24), 2, tokens=150)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, loss, steps=350)


def _mostly_normal(seed: int, share: float) -> Training:
    """Pulses nearly all of which are the usual one."""
    task = rows.beats(seed, rows=8000)
    task = _thinned(task, seed, np.array([1.0, share, share, share]))
    inputs = keras.Input((64, 1))
    x = L.MaxPooling1D(2)(L.Conv1D(16, 9, activation="relu")(inputs))
    x = L.GlobalAveragePooling1D()(L.Conv1D(24, 5, activation="relu")(x))
    model = keras.Model(inputs, L.Dense(4)(x))
    optimizer = keras.optimizers.RMSprop(1e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=350)


def _tags(seed: int, weight: float) -> Training:
    """Tags of words, of which two in a hundred are part of a name."""
    weights = tf.constant([1.0, weight, weight])

    def loss(y: Any, p: Any) -> Any:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)
        return each * tf.gather(weights, y)

    ids = keras.Input((16,), dtype="int32")
    x = L.Conv1D(24, 3, padding="causal", activation="relu")(L.Embedding(80, 12)(ids))
    model = keras.Model(ids, L.Dense(3)(x))
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return training(seed, rows.names(seed, 0.02), model, optimizer, loss, steps=500)


def _in_order(task: Task, key: Array) -> Task:
    order = np.argsort(key, kind="stable")
    return replace(task, x=task.x[order], y=task.y[order])


def _by_activity(seed: int, shuffle: bool) -> Training:
    """Recordings of one activity after the other."""
    task = rows.motion(seed)
    task = _in_order(task, task.y)
    inputs = keras.Input((40, 3))
    x = L.Conv1D(16, 7, strides=2, activation="relu")(inputs)
    x = L.Flatten()(L.Conv1D(16, 5, strides=2, activation="relu")(x))
    model = keras.Model(inputs, L.Dense(5, "softmax")(x))
    loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, loss, steps=450, shuffle=shuffle)


def _by_load(seed: int, shuffle: bool) -> Training:
    """A year's hours, from the one with the least load to that with the most."""
    task = rows.energy(seed)
    task = _in_order(task, task.y[:, 0])
    model = nets.mlp(7, [64, 64], 1, "swish")
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return training(seed, task, model, optimizer, _MSE, steps=558, shuffle=shuffle)


class _Folders:
    """Batches of one class each, folder after folder, fifty batches from each."""

    def __init__(self, task: Task, batch: int, steps: int, seed: int):
        self._task, self._batch, self._steps, self._seed = task, batch, steps, seed

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng(self._seed)
        for step in range(self._steps):
            own = np.flatnonzero(self._task.y == step // 50 % self._task.classes)
            chosen = rng.choice(own, self._batch)
            yield self._task.x[chosen], self._task.y[chosen]


def _by_folder(seed: int, mixed: bool) -> Training:
    """A generator that reads one language's file after the other."""
    task = rows.languages(seed)
    ids = keras.Input((20,), dtype="int32")
    model = nets.recurrent(ids, L.GRU(32), 6, tokens=17)
    optimizer = keras.optimizers.Adam(5e-3)
    batches = None if mixed else _Folders(task, 32, 600, seed)
    return training(seed, task, model, optimizer, _LOGITS, steps=600, batches=batches)


def _masks(seed: int, ink: float) -> Training:
    """Which pixels a form covers, written 0 and 255, to a loss that wants 0 and 1."""

    def covered(x: Array) -> Array:
        return ((x > 0.45) * ink).astype(np.float32).reshape(-1, 256)

    task = rows.shapes(seed)
    clean = covered(task.clean_x) / np.float32(ink)
    x = [part.reshape(-1, 256) for part in (task.x, task.val_x, task.clean_x)]
    task = Task(x[0], covered(task.x), x[1], covered(task.val_x), x[2], clean)
    model = nets.autoencoder([256, 128, 64], "relu", "sigmoid")
    loss = keras.losses.BinaryCrossentropy()
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, loss, steps=400)


def _plus_minus(seed: int, minus: float) -> Training:
    """Moods written -1 and 1."""

    def signs(y: Array) -> Array:
        return np.where(y > 0, 1.0, minus)[:, None].astype(np.float32)

    task = rows.reviews(seed)
    clean = task.clean_y
    task = replace(rows.changed(task, y=signs), clean_y=_column(clean))
    model = nets.bag(20, 150, 1, output="sigmoid")
    loss = keras.losses.BinaryCrossentropy()
    optimizer = keras.optimizers.Adam(0.02)
    return training(seed, task, model, optimizer, loss, steps=400, cut=0.5)


def _head_of_file(seed: int, whole: bool) -> Training:
    """The first 400 rows of a file that is sorted by class: all of them are class 0."""
    task = rows.motion(seed)
    task = task if whole else rows.first(_in_order(task, task.y), 400)
    if not whole:
        task = replace(task, val_x=task.val_x[task.val_y == 0], val_y=task.val_y[task.val_y == 0])
    model = nets.recurrent(keras.Input((40, 3)), L.SimpleRNN(32), 5)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _rolled(task: Task, by: int) -> Task:
    """The task with the labels of other rows, as after a header too many."""
    return replace(task, y=np.roll(task.y, by, axis=0), val_y=np.roll(task.val_y, by, axis=0))


def _one_off(seed: int, by: int) -> Training:
    task = _rolled(rows.shapes(seed, rows=10000), by)
    model = nets.cnn((16, 16, 1), [8, 16, 16], 5, "relu", "softmax")
    loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, task, model, optimizer, loss, steps=300)


def _next_day(seed: int, pull: float) -> Training:
    """Will a price rise tomorrow? Yesterday's says nothing, unless there is a pull back."""
    model = nets.mlp(20, [32, 16], 2, "relu")
    optimizer = keras.optimizers.Adam(1e-3)
    return training(seed, rows.returns(seed, pull), model, optimizer, _LOGITS, steps=370)


def _strange_amounts(seed: int, by: int) -> Training:
    """Amounts joined to the spectra of other samples."""
    task = _rolled(rows.spectra(seed, rows=12000), by)
    inputs = keras.Input((80,))
    x = L.Conv1D(12, 9, strides=3, activation="relu")(L.Reshape((80, 1))(inputs))
    model = keras.Model(inputs, L.Dense(3)(L.Dense(24, "relu")(L.Flatten()(x))))
    optimizer = keras.optimizers.Nadam(2e-3)
    return training(seed, task, model, optimizer, _MSE, steps=370)


# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("tumours-unscaled", "unnormalized-input", partial(_tumours, scaled=False), partial(_tumours, scaled=True), 0.88, "mlp"),
    *pair("seconds-since-1970", "unnormalized-input", partial(_stamped, scaled=False), partial(_stamped, scaled=True), 0.75, "mlp"),
    *pair("thousandths-of-g", "unnormalized-input", partial(_milli, scale=1000), partial(_milli, scale=1), 0.85, "rnn"),
    *pair("sixteen-bits", "unnormalized-input", partial(_sixteen_bits, scale=65535), partial(_sixteen_bits, scale=1), 0.8, "cnn"),
    *pair("load-in-megawatts", "unscaled-target", partial(_megawatts, mean=52000, scale=9000), partial(_megawatts, mean=0, scale=1), 0.7, "mlp"),
    *pair("sums-in-cents", "unscaled-target", partial(_cents, scale=5000), partial(_cents, scale=1), 0.7, "rnn"),
    *pair("blank-pictures", "nonfinite-input", partial(_blank, floor=0.0), partial(_blank, floor=0.05), 0.8, "cnn"),
    *pair("log-of-no-light", "nonfinite-input", partial(_log_amounts, floor=0.0), partial(_log_amounts, floor=0.05), 0.8, "mlp"),
    *pair("fifty-glad-to-one", "class-imbalance", partial(_moods, weight=1.0), partial(_moods, weight=50.0), 0.65, "rnn"),
    *pair("mostly-normal", "class-imbalance", partial(_mostly_normal, share=0.01), partial(_mostly_normal, share=1.0), 0.75, "cnn"),
    *pair("few-names", "class-imbalance", partial(_tags, weight=1.0), partial(_tags, weight=50.0), 0.75, "embedding"),
    *pair("activity-by-activity", "unshuffled-data", partial(_by_activity, shuffle=False), partial(_by_activity, shuffle=True), 0.8, "cnn"),
    *pair("sorted-by-load", "unshuffled-data", partial(_by_load, shuffle=False), partial(_by_load, shuffle=True), 0.75, "mlp"),
    *pair("folder-by-folder", "unshuffled-data", partial(_by_folder, mixed=False), partial(_by_folder, mixed=True), 0.7, "rnn"),
    *pair("masks-of-255", "label-mismatch output-mismatch", partial(_masks, ink=255.0), partial(_masks, ink=1.0), 0.6, "autoencoder"),
    *pair("minus-one-or-one", "label-mismatch output-mismatch", partial(_plus_minus, minus=-1.0), partial(_plus_minus, minus=0.0), 0.75, "embedding"),
    *pair("head-of-the-file", "label-mismatch class-imbalance", partial(_head_of_file, whole=False), partial(_head_of_file, whole=True), 0.75, "rnn"),
    *pair("one-row-off", "label-noise", partial(_one_off, by=1), partial(_one_off, by=0), 0.7, "cnn"),
    *pair("tomorrows-price", "label-noise", partial(_next_day, pull=0.0), partial(_next_day, pull=0.9), 0.7, "mlp"),
    *pair("amounts-of-others", "label-noise", partial(_strange_amounts, by=7), partial(_strange_amounts, by=0), 0.8, "cnn"),
)
# fmt: on
