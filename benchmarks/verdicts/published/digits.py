"""Convolutional programs: TheDeepChecker's, DeepCrime's mutants, one of UMLAUT's study."""

from typing import Any

import keras
import numpy as np
from keras import layers

from benchmarks.verdicts.program import Program, Training
from benchmarks.verdicts.published import causes as c
from benchmarks.verdicts.published.data import images
from benchmarks.verdicts.training import Data, training

GOOD = 0.85
"""Mean recall of ten digits; the repaired programs reach 0.93 and more."""


def checker(
    seed: int,
    data: Data,
    *,
    rate: float = 0.1,
    hidden: str = "relu",
    start: Any = "he_normal",
) -> Training:
    """conv32 5x5, pool, conv64 3x3, pool, 256, 10, L2 1e-5, SGD, batch 32, 10 epochs."""
    keras.utils.set_random_seed(seed)
    settings: dict[str, Any] = {
        "kernel_initializer": start,
        "kernel_regularizer": keras.regularizers.L2(1e-5),
    }
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 5, padding="same", activation=hidden, **settings),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation=hidden, **settings),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(256, hidden, **settings),
            layers.Dense(10, **settings),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.SGD(rate)
    return training(model, optimizer, loss, data, batch=32, epochs=10, seed=seed)


def _shuffled_images(data: Data) -> Data:
    rows = np.random.default_rng(1).permutation(len(data.x))
    return Data(data.x[rows], data.y, data.x_test, data.y_test)


def _unbalanced(data: Data) -> Data:
    """Of class c <= 5 only c % is kept."""
    chance = np.random.default_rng(1).random(len(data.y))
    kept = (data.y > 5) | (chance < data.y / 100)
    return Data(data.x[kept], data.y[kept], data.x_test, data.y_test)


def mutant(
    seed: int,
    data: Data,
    optimizer: keras.optimizers.Optimizer,
    *,
    start: str = "glorot_uniform",
    last: str | None = "softmax",
    dropout: bool = True,
    epochs: int = 12,
) -> Training:
    """conv32 3x3, conv64 3x3, pool, dropout .25, 128, dropout .5, 10, batch 32.

    start: of the first layer's kernel.
    """
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu", kernel_initializer=start),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            *([layers.Dropout(0.25)] if dropout else []),
            layers.Flatten(),
            layers.Dense(128, "relu"),
            *([layers.Dropout(0.5)] if dropout else []),
            layers.Dense(10, last),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy()
    return training(model, optimizer, loss, data, batch=32, epochs=epochs, seed=seed)


def _mutant(seed: int, rate: float = 1.0, **changes: Any) -> Training:
    return mutant(seed, images(onehot=True), keras.optimizers.Adadelta(rate), **changes)


def _clipped(seed: int, norm: float | None) -> Training:
    optimizer = keras.optimizers.SGD(0.1, global_clipnorm=norm)
    return mutant(seed, images(onehot=True), optimizer)


def _changed_labels(seed: int) -> Training:
    """Four in ten training labels become another class."""
    data = images(onehot=True)
    rng = np.random.default_rng(1)
    labels = np.argmax(data.y, -1)
    changed = rng.random(len(labels)) < 0.4
    labels = np.where(changed, (labels + rng.integers(1, 10, len(labels))) % 10, labels)
    mixed = Data(data.x, np.eye(10, dtype=np.float32)[labels], data.x_test, data.y_test)
    return mutant(seed, mixed, keras.optimizers.Adadelta(1.0), dropout=False, epochs=34)


def umlaut(seed: int, *, hidden: str | None, rate: float, leaked: bool) -> Training:
    """Two small convolutions and a dense layer, Adam; leaked: validation rows from training."""
    keras.utils.set_random_seed(seed)
    data = images()
    if leaked:
        data = Data(data.x, data.y, data.x_test, data.y_test, data.x[:360], data.y[:360])
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation=hidden),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation=hidden),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, hidden),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(rate)
    return training(model, optimizer, loss, data, batch=32, epochs=10, seed=seed)


def _cnn(name: str, expected: frozenset[str], start: Any, twin: str) -> Program:
    return Program(name, expected, start, GOOD, twin, "cnn")


CONSTANT = keras.initializers.Constant(0.01)

# fmt: off
PROGRAMS = (
    _cnn("tdc-cnn", frozenset(), lambda seed: checker(seed, images()), ""),
    _cnn("tdc-cnn-low_lr", c.SLOW | c.UNDERFIT, lambda seed: checker(seed, images(), rate=1e-3), "tdc-cnn"),
    _cnn("tdc-cnn-miss_norm", c.RAW_INPUT | c.DEAD | c.EXPLODING, lambda seed: checker(seed, images(top=255.0)), "tdc-cnn"),
    _cnn("tdc-cnn-wrong_act", c.VANISHING | c.SATURATED | c.SLOW, lambda seed: checker(seed, images(), hidden="softmax"), "tdc-cnn"),
    _cnn("tdc-cnn-wrong_lbl", c.OTHER | c.UNDERFIT | c.OVERFIT, lambda seed: checker(seed, _shuffled_images(images())), "tdc-cnn"),
    _cnn("tdc-cnn-unbalanced", c.IMBALANCE, lambda seed: checker(seed, _unbalanced(images())), "tdc-cnn"),
    _cnn("tdc-cnn-constant", c.OTHER | c.VANISHING | c.UNDERFIT, lambda seed: checker(seed, images(), start=CONSTANT), "tdc-cnn"),
    _cnn("dc-M", frozenset(), _mutant, ""),
    _cnn("dc-M1-zeros", c.DEAD | c.VANISHING | c.OTHER, lambda seed: _mutant(seed, start="zeros"), "dc-M"),
    _cnn("dc-M2-noact", c.OTHER | c.EXPLODING | c.SATURATED, lambda seed: _mutant(seed, last=None), "dc-M"),
    _cnn("dc-M3-lowlr", c.SLOW | c.UNDERFIT, lambda seed: _mutant(seed, rate=1e-3), "dc-M"),
    _cnn("dc-TCL", c.OVERFIT | c.OTHER, _changed_labels, "dc-M"),
    _cnn("dc-OCG2", c.OVER_CLIPPED, lambda seed: _clipped(seed, 0.01), "dc-OCG2-unclipped"),
    _cnn("dc-OCG2-unclipped", frozenset(), lambda seed: _clipped(seed, None), ""),
    _cnn("umlaut-B", c.FAST | c.EXPLODING, lambda seed: umlaut(seed, hidden=None, rate=-1e3, leaked=True), "umlaut-B-repaired"),
    _cnn("umlaut-B-repaired", frozenset(), lambda seed: umlaut(seed, hidden="relu", rate=1e-3, leaked=False), ""),
)
# fmt: on
