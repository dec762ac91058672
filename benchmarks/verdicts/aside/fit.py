"""Programs that can't learn, learn by heart, stand still or lose what they had."""

from collections.abc import Iterator
from functools import partial

import keras
import numpy as np

from benchmarks.verdicts.aside import rows
from benchmarks.verdicts.injected import nets
from benchmarks.verdicts.injected.loops import Epochs, pair, training
from benchmarks.verdicts.program import Batch, Program, Training

L = keras.layers
S = keras.optimizers.schedules
_LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
_MSE = keras.losses.MeanSquaredError()


def _board(seed: int, hidden: tuple[int, ...]) -> Training:
    """A chessboard's colours, with a straight line or with hidden layers."""
    model = nets.mlp(2, hidden, 2, "relu", "softmax")
    loss = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, rows.checker(seed), model, optimizer, loss, steps=600)


def _glance(seed: int, size: int) -> Training:
    """Filters that see one pixel at a time can't see a form."""
    inputs = keras.Input((16, 16, 1))
    x = L.Conv2D(16, size, activation="relu", padding="same")(inputs)
    x = L.Conv2D(16, size, strides=2, activation="relu", padding="same")(x)
    x = L.Conv2D(24, size, strides=2, activation="relu", padding="same")(x)
    model = keras.Model(inputs, L.Dense(5)(L.GlobalAveragePooling2D()(x)))
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, rows.shapes(seed), model, optimizer, _LOGITS, steps=400)


def _memory(seed: int, units: int) -> Training:
    """A memory of one number for six languages, or one of 32."""
    ids = keras.Input((20,), dtype="int32")
    x = L.GRU(units)(L.Embedding(17, max(units // 2, 1))(ids))
    model = keras.Model(ids, L.Dense(6)(x))
    optimizer = keras.optimizers.Adam(0.01)
    return training(seed, rows.languages(seed), model, optimizer, _LOGITS, steps=500)


def _few_beats(seed: int, count: int) -> Training:
    inputs = keras.Input((64, 1))
    x = L.Conv1D(32, 9, activation="relu")(inputs)
    x = L.Flatten()(L.Conv1D(32, 9, strides=2, activation="relu")(x))
    model = keras.Model(inputs, L.Dense(4)(L.Dense(64, "relu")(x)))
    task = rows.first(rows.beats(seed, noise=0.8), count)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=300, batch=16)


def _few_ratings(seed: int, count: int) -> Training:
    """Vectors of 40 numbers for people and films, from three ratings of each person."""
    pairs = keras.Input((2,), dtype="int32")
    init = keras.initializers.RandomNormal(stddev=0.2)
    who = L.Embedding(150, 40, embeddings_initializer=init)(pairs[:, 0])
    what = L.Embedding(100, 40, embeddings_initializer=init)(pairs[:, 1])
    model = keras.Model(pairs, L.Dot(axes=1)([who, what]))
    task = rows.first(rows.ratings(seed, rows=12000), count)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, task, model, optimizer, _MSE, steps=600, batch=64)


def _few_reviews(seed: int, count: int) -> Training:
    model = nets.transformer(20, 150, 2, 1, 32, per_token=False)
    task = rows.first(rows.reviews(seed, told=0.3), count)
    optimizer = keras.optimizers.Adam(2e-3)
    return training(seed, task, model, optimizer, _LOGITS, steps=400, batch=20)


def _sum(seed: int, length: int) -> Training:
    """The sum of two numbers of a long row: the mean is foretold until both are found."""
    model = nets.recurrent(keras.Input((length, 2)), L.LSTM(32), 1)
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, rows.adding(seed, length), model, optimizer, _MSE, steps=500)


def _fast_sine(seed: int, pitch: float) -> Training:
    """A sine of many periods, which nets of smooth units find late or never."""
    model = nets.mlp(1, [64, 64], 1, "tanh")
    optimizer = keras.optimizers.Adam(5e-3)
    return training(seed, rows.wiggle(seed, pitch), model, optimizer, _MSE, steps=500)


class _Sentinels:
    """Batches of which a few at the end hold -999 where a target was missing."""

    def __init__(self, batches: Epochs, since: int, code: float):
        self._batches, self._since, self._code = batches, since, code

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        for step, (x, y) in enumerate(self._batches):
            if self._since <= step < self._since + 4 and self._code:
                y = np.where(np.arange(len(y))[:, None] % 8 == 0, self._code, y)
            yield x, y.astype(np.float32)


def _sentinels(seed: int, code: float) -> Training:
    task = rows.arm(seed)
    batches = _Sentinels(Epochs(task.x, task.y, 32, 410, seed, True), 400, code)
    model = nets.mlp(3, [64, 64], 2, "tanh")
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    return training(seed, task, model, optimizer, _MSE, steps=410, batches=batches)


def _restarts(seed: int, growth: float) -> Training:
    """Warm restarts of a cosine whose height grows at each one."""
    rate = S.CosineDecayRestarts(0.03, 250, t_mul=1.0, m_mul=growth)
    inputs = keras.Input((80,))
    x = L.Conv1D(12, 7, strides=3, activation="tanh")(L.Reshape((80, 1))(inputs))
    model = keras.Model(inputs, L.Dense(3)(L.Dense(32, "tanh")(L.Flatten()(x))))
    optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    return training(seed, rows.spectra(seed), model, optimizer, _MSE, steps=320)


# fmt: off
# ruff: noqa: E501 - a program is one line
PROGRAMS: tuple[Program, ...] = (
    *pair("line-through-a-board", "underfitting", partial(_board, hidden=()), partial(_board, hidden=(64, 32)), 0.85, "mlp"),
    *pair("pixel-by-pixel", "underfitting", partial(_glance, size=1), partial(_glance, size=3), 0.8, "cnn"),
    *pair("memory-of-one", "underfitting", partial(_memory, units=1), partial(_memory, units=32), 0.75, "rnn"),
    *pair("forty-beats", "overfitting", partial(_few_beats, count=40), partial(_few_beats, count=2500), 0.85, "cnn"),
    *pair("three-ratings-each", "overfitting", partial(_few_ratings, count=450), partial(_few_ratings, count=12000), 0.6, "embedding"),
    *pair("sixty-reviews", "overfitting", partial(_few_reviews, count=60), partial(_few_reviews, count=4000), 0.8, "transformer"),
    *pair("sum-in-a-long-row", "loss-plateau vanishing-gradient", partial(_sum, length=80), partial(_sum, length=6), 0.8, "rnn"),
    *pair("sine-of-many-periods", "loss-plateau underfitting", partial(_fast_sine, pitch=90.0), partial(_fast_sine, pitch=4.0), 0.8, "mlp"),
    *pair("minus-999", "loss-spike unscaled-target", partial(_sentinels, code=-999.0), partial(_sentinels, code=0.0), 0.85, "mlp"),
    *pair("restarts-that-grow", "loss-spike learning-rate-high", partial(_restarts, growth=5.0), partial(_restarts, growth=0.5), 0.7, "cnn"),
)
# fmt: on
