"""Trainings on bad data, and what repairs them."""

# pyright: basic

import keras
import numpy as np
from keras import layers

from gradscope.data import digits
from tests.faults.training import (
    Program,
    Training,
    chain,
    cloud_batches,
    cross_entropy,
    cycle,
    dense,
    digits_batches,
    squared,
    training,
)

# --- unnormalized-input -------------------------------------------------------------------------


def _pixels(size: float) -> Training:
    model = chain(64, *dense(2, 64, "relu", "he_normal"))
    batches = [(size * x, y) for x, y in digits_batches(100)]
    return training(model, keras.optimizers.SGD(0.1), cross_entropy, batches)


def unscaled_pixels() -> Training:
    """Pixels of up to 255 where 1 is usual: each gradient, and so each update, as much larger."""
    return _pixels(255.0)


def scaled_pixels() -> Training:
    return _pixels(1.0)


def _images(size: float) -> Training:
    x, y, *_ = digits()
    images = size * np.asarray(x, np.float32).reshape(-1, 8, 8, 1)
    model = keras.Sequential(
        [
            keras.Input([8, 8, 1]),
            layers.Conv2D(8, 3, activation="tanh", name="conv"),
            layers.Flatten(),
            layers.Dense(32, activation="tanh", name="hidden"),
            layers.Dense(10, name="output"),
        ]
    )
    batches = cycle(images, np.asarray(y, np.int32), 150)
    return training(model, keras.optimizers.SGD(0.05), cross_entropy, batches)


def tiny_pixels() -> Training:
    """Pixels of up to 1/255: scaled twice."""
    return _images(1 / 255)


def usual_pixels() -> Training:
    return _images(2.0)


def _table(scaled: bool) -> Training:
    """Six features of sizes from a tenth to some thousands; the small ones matter as much."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(2048, 6)).astype(np.float32)
    y = (np.tanh(x[:, :1]) + x[:, 1:2] * x[:, 2:3]).astype(np.float32)
    if not scaled:
        x = (x + 2) * np.array([0.1, 1.0, 10.0, 1000.0, 3000.0, 5000.0], np.float32)
    model = chain(6, *dense(2, 48, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.Adam(3e-3), squared, cycle(x, y, 300))


def raw_table() -> Training:
    return _table(scaled=False)


def scaled_table() -> Training:
    return _table(scaled=True)


# --- unscaled-target ----------------------------------------------------------------------------


def _prices(scale: float, offset: float) -> Training:
    rng = np.random.default_rng(12)
    x = rng.normal(size=(1024, 8)).astype(np.float32)
    y = x @ rng.normal(size=(8, 1)) * 0.35 + 0.1 * rng.normal(size=(1024, 1))
    batches = cycle(x, (scale * y + offset).astype(np.float32), 200)
    model = chain(8, *dense(2, 32, "relu", "he_normal"), classes=1)
    return training(model, keras.optimizers.Adam(3e-3), squared, batches)


def prices() -> Training:
    """Targets in the hundreds of thousands."""
    return _prices(5e4, 2e5)


def scaled_prices() -> Training:
    return _prices(1.0, 0.0)


# --- nonfinite-input ----------------------------------------------------------------------------


def intact_rows() -> Training:
    model = chain(64, *dense(2, 32, "relu", "he_normal"))
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, digits_batches(150))


def hole_in_the_data() -> Training:
    """One pixel of the thirteenth batch is NaN."""
    whole = intact_rows()
    whole.batches[12] = whole.batches[12][0].copy(), whole.batches[12][1]
    whole.batches[12][0][5, 7] = np.nan
    return whole


def missing_target() -> Training:
    """One target of the eighth batch is missing."""
    whole = scaled_prices()
    whole.batches[7] = whole.batches[7][0], whole.batches[7][1].copy()
    whole.batches[7][1][3] = np.nan
    return whole


# --- label-mismatch -----------------------------------------------------------------------------


def one_class() -> Training:
    """Only images of one digit were read."""
    x, y, *_ = digits()
    only = np.asarray(y) == 3
    batches = cycle(np.asarray(x, np.float32)[only], np.asarray(y, np.int32)[only], 120)
    model = chain(64, *dense(2, 32, "relu", "he_normal"))
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, batches)


def one_and_two() -> Training:
    """Labels 1 and 2 for a cross-entropy that knows 0 and 1."""
    whole = zero_and_one()
    whole.batches[:] = [(x, y + 1) for x, y in whole.batches]
    return whole


def zero_and_one() -> Training:
    model = chain(4, *dense(2, 16, "relu", "he_normal"), classes=1)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return training(model, keras.optimizers.Adam(5e-3), loss, cloud_batches(120))


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("unscaled-pixels", "unnormalized-input", unscaled_pixels, twin="scaled-pixels"),
    Program("tiny-pixels", "unnormalized-input", tiny_pixels, twin="usual-pixels"),
    Program("raw-table", "unnormalized-input", raw_table, twin="scaled-table"),
    Program("prices", "unscaled-target", prices, twin="scaled-prices"),
    Program("hole-in-the-data", "nonfinite-input", hole_in_the_data, twin="intact-rows", step=12),
    Program("missing-target", "nonfinite-input", missing_target, twin="scaled-prices", step=7),
    Program("one-class", "label-mismatch", one_class, twin="intact-rows"),
    Program("one-and-two", "label-mismatch", one_and_two, twin="zero-and-one"),
    Program("scaled-pixels", "", scaled_pixels),
    Program("usual-pixels", "", usual_pixels),
    Program("scaled-table", "", scaled_table),
    Program("scaled-prices", "", scaled_prices),
    Program("intact-rows", "", intact_rows),
    Program("zero-and-one", "", zero_and_one),
)
# fmt: on
"""The programs of this family and their twins."""
