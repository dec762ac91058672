"""Programs that can't learn, learn by heart, stand still or lose what they had."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import numpy as np

from benchmarks.verdicts.injected import nets, tasks
from benchmarks.verdicts.injected.loops import Epochs, pair, training
from benchmarks.verdicts.program import Batch, Program, Training

L = keras.layers
S = keras.optimizers.schedules
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _straight(seed: int, activation: Any) -> Training:
    """Layers without activation: together no more than one."""
    model = nets.mlp(2, [48, 48], 3, activation)
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, tasks.spirals(seed), model, optimizer, _LOGITS, steps=600)


def _bottleneck(seed: int, units: int) -> Training:
    task = tasks.itself(tasks.digit_rows())
    model = nets.autoencoder([64, 48, units], "elu")
    return training(seed, task, model, keras.optimizers.Adam(2e-3), _MSE, steps=600)


def _placeless(seed: int, places: bool) -> Training:
    """Attention that is not told where a token stands, asked about the one before."""
    model = nets.transformer(12, 6, 6, places=places)
    optimizer = keras.optimizers.Adam(3e-3)
    return training(seed, tasks.sums(seed), model, optimizer, _LOGITS, steps=400)


def _few_digits(seed: int, rows: int) -> Training:
    model = nets.mlp(64, [128, 128], 10, "relu", "softmax")
    loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, tasks.digit_rows(rows), model, optimizer, loss, steps=400, batch=20)


def _few_texts(seed: int, rows: int) -> Training:
    task = tasks.topics(seed)
    task = replace(task, x=task.x[:rows], y=task.y[:rows])
    model = nets.recurrent(keras.Input((24,), dtype="int32"), L.GRU(32), 8, tokens=400)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _few_points(seed: int, rows: int) -> Training:
    task = tasks.curve(seed, noise=0.5)
    task = replace(task, x=task.x[:rows], y=task.y[:rows])
    model = nets.mlp(10, [128, 128], 1, "relu", init="he_normal")
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _MSE, steps=500, batch=20)


def _parity(seed: int, bits: int) -> Training:
    """The parity of many bits gives no gradient to start from."""
    task = tasks.parity(seed, bits, rows=16000)
    model = nets.mlp(20, [64, 64], 2, "relu")
    return training(seed, task, model, keras.optimizers.Adam(3e-3), _LOGITS, steps=500)


def _recall(seed: int, delay: int) -> Training:
    """The class stands at the start of a sequence, the answer is asked at its end."""
    model = nets.recurrent(keras.Input((delay + 1,), dtype="int32"), L.LSTM(24), 4, tokens=8)
    optimizer = keras.optimizers.Adam(5e-3)
    task = tasks.recall(seed, delay)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


def _divided(seed: int, whole: bool) -> Training:
    """Pixels of 0 to 255 divided by 256: in whole numbers that leaves nothing."""

    def scaled(x: Any) -> Any:
        pixels = (x * 255).astype(np.int32)
        return (pixels // 256 if whole else pixels / 256).astype(np.float32)

    task = tasks.digit_rows(images=True)
    task = replace(task, x=scaled(task.x), val_x=scaled(task.val_x), clean_x=scaled(task.clean_x))
    model = nets.cnn((8, 8, 1), [16, 32], 10)
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return training(seed, task, model, optimizer, _LOGITS, steps=400)


class _BadShard:
    """Batches of which three in a row come in another unit."""

    def __init__(self, batches: Epochs, since: int, scale: float):
        self._batches, self._since, self._scale = batches, since, scale

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        for step, (x, y) in enumerate(self._batches):
            bad = self._since <= step < self._since + 3
            yield (x * np.float32(self._scale) if bad else x), y


def _shard(seed: int, scale: float) -> Training:
    task = tasks.waves(seed)
    batches = _BadShard(Epochs(task.x, task.y, 32, 400, seed, True), 370, scale)
    model = nets.cnn((24, 1), [16, 16], 1)
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return training(seed, task, model, optimizer, _MSE, steps=400, batches=batches)


def _restart(seed: int, then: float) -> Training:
    """A schedule whose second rate has its point in the wrong place."""
    rate = S.PiecewiseConstantDecay([250], [0.01, then])
    model = nets.recurrent(keras.Input((24, 1)), L.GRU(24), 1)
    optimizer = keras.optimizers.RMSprop(rate)
    return training(seed, tasks.waves(seed), model, optimizer, _MSE, steps=400)


# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("straight-layers", "underfitting", partial(_straight, activation=None), partial(_straight, activation="relu"), 0.8, "mlp"),
    *pair("one-unit-code", "underfitting", partial(_bottleneck, units=1), partial(_bottleneck, units=24), 0.5, "autoencoder"),
    *pair("placeless-attention", "underfitting loss-plateau", partial(_placeless, places=False), partial(_placeless, places=True), 0.6, "transformer"),
    *pair("twenty-digits", "overfitting", partial(_few_digits, rows=20), partial(_few_digits, rows=1437), 0.82, "mlp"),
    *pair("eighty-texts", "overfitting", partial(_few_texts, rows=80), partial(_few_texts, rows=4000), 0.7, "rnn"),
    *pair("forty-points", "overfitting", partial(_few_points, rows=40), partial(_few_points, rows=3000), 0.65, "mlp"),
    *pair("parity-of-20", "loss-plateau label-noise underfitting", partial(_parity, bits=20), partial(_parity, bits=2), 0.8, "mlp"),
    *pair("long-recall", "loss-plateau vanishing-gradient", partial(_recall, delay=80), partial(_recall, delay=6), 0.8, "rnn"),
    *pair("whole-numbers", "loss-plateau label-noise unnormalized-input", partial(_divided, whole=True), partial(_divided, whole=False), 0.8, "cnn"),
    *pair("bad-shard", "loss-spike unnormalized-input", partial(_shard, scale=12), partial(_shard, scale=1), 0.8, "cnn"),
    *pair("restart-in-flames", "loss-spike learning-rate-high", partial(_restart, then=1.0), partial(_restart, then=0.001), 0.8, "rnn"),
)
# fmt: on
