"""Trainings whose labels are skewed, sorted or wrong, and what repairs them."""

# pyright: basic

import keras
import numpy as np
from keras import layers

from gradscope.data import digits
from tests.faults.training import (
    BATCH,
    Batches,
    Program,
    Training,
    chain,
    cross_entropy,
    cycle,
    dense,
    digits_batches,
    squared,
    training,
    validated,
)

_EPOCH = 20
_ROWS = 400

# --- class-imbalance ----------------------------------------------------------------------------


def _weak_signal(share: float, weight: float, steps: int) -> Training:
    """Two classes that overlap; the second has a share, its samples a weight in the loss."""
    rng = np.random.default_rng(5)
    y = (rng.uniform(size=(4096, 1)) < share).astype(np.float32)
    x = rng.normal(size=(4096, 8)).astype(np.float32)
    x[:, :2] += 1.2 * y
    model = chain(8, *dense(2, 24, "relu", "he_normal"), classes=1, last="sigmoid")
    losses = keras.losses.BinaryCrossentropy(reduction="none")

    def loss(labels, p):
        weights = keras.ops.where(labels[:, 0] > 0.5, weight, 1.0)
        return keras.ops.mean(weights * losses(labels, p))

    return training(model, keras.optimizers.Adam(2e-3), loss, cycle(x, y, steps))


def one_in_a_hundred() -> Training:
    """One sample of a hundred is of the second class, and never predicted."""
    return _weak_signal(0.01, 1.0, 400)


def one_in_a_hundred_weighed() -> Training:
    return _weak_signal(0.01, 50.0, 400)


def _digits_kept(kept: float) -> Training:
    """Of the digits 0 to 4 only a share is kept; validation has them all."""
    x, y, x_test, y_test = digits()
    drawn = np.random.default_rng(6).uniform(size=len(y))
    some = (y > 4) | (drawn < kept)
    x, y = x[some], y[some].astype(np.int32)
    model = chain(64, *dense(2, 32, "relu", "he_normal"))
    batches = cycle(x, y, 300, batch=32)
    whole = training(model, keras.optimizers.Adam(3e-3), cross_entropy, batches)
    return validated(whole, x_test, y_test.astype(np.int32), cross_entropy, _EPOCH)


def few_small_digits() -> Training:
    return _digits_kept(0.02)


def all_small_digits() -> Training:
    return _digits_kept(1.0)


# --- unshuffled-data ----------------------------------------------------------------------------


def _in_order(batches: Batches, by_label: bool) -> Batches:
    """The same samples, one sort after another where asked, twice over."""
    x = np.concatenate([x for x, _ in batches])
    y = np.concatenate([y for _, y in batches])
    order = np.argsort(y.ravel(), kind="stable") if by_label else np.arange(len(y))
    pairs = [(x[rows], y[rows]) for rows in np.split(order, len(batches))]
    return pairs * 2


def _of_digits(by_label: bool) -> Training:
    batches = _in_order(digits_batches(120), by_label)
    model = chain(64, *dense(2, 32, "relu", "he_normal"))
    return training(model, keras.optimizers.Adam(2e-3), cross_entropy, batches)


def sorted_digits() -> Training:
    """First all zeros, then all ones, ...: each is forgotten over the next."""
    return _of_digits(by_label=True)


def shuffled_digits() -> Training:
    return _of_digits(by_label=False)


def _of_targets(by_label: bool) -> Training:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(BATCH * 60, 6)).astype(np.float32)
    y = np.tanh(x[:, :1] + x[:, 1:2] * x[:, 2:3]).astype(np.float32)
    batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, len(x), BATCH)]
    model = chain(6, *dense(2, 32, "relu", "he_normal"), classes=1)
    ordered = _in_order(batches, by_label) * 2
    return training(model, keras.optimizers.Adam(3e-3), squared, ordered)


def sorted_targets() -> Training:
    """A regression from the least target to the largest."""
    return _of_targets(by_label=True)


def shuffled_targets() -> Training:
    return _of_targets(by_label=False)


# --- label-noise --------------------------------------------------------------------------------


def intact_labels() -> Training:
    model = chain(64, *dense(2, 32, "relu", "he_normal"))
    return training(model, keras.optimizers.Adam(1e-3), cross_entropy, digits_batches(200))


def shuffled_labels() -> Training:
    """Labels that belong to other samples, anew in each batch."""
    rng = np.random.default_rng(4)
    whole = intact_labels()
    whole.batches[:] = [(x, rng.permutation(y)) for x, y in whole.batches]
    return whole


def _memory(wrong: float) -> Training:
    """A few hundred images, a share of them with a random label, and validation on right ones."""
    x, y, x_test, y_test = digits()
    rng = np.random.default_rng(8)
    x, y = x[:_ROWS], y[:_ROWS].astype(np.int32)
    drawn = rng.uniform(size=_ROWS) < wrong
    y = np.where(drawn, rng.integers(0, 10, _ROWS), y).astype(np.int32)
    images = [layers.Reshape([8, 8, 1]), layers.Conv2D(16, 3, activation="relu", name="conv")]
    model = chain(64, *images, layers.Flatten(), *dense(1, 96, "relu", "he_normal"))
    batches = cycle(x, y, 400, batch=32)
    whole = training(model, keras.optimizers.Adam(5e-3), cross_entropy, batches)
    return validated(whole, x_test, y_test.astype(np.int32), cross_entropy, _EPOCH)


def random_labels_by_heart() -> Training:
    return _memory(1.0)


def half_the_labels_wrong() -> Training:
    return _memory(0.5)


def right_labels() -> Training:
    return _memory(0.0)


# fmt: off
PROGRAMS: tuple[Program, ...] = (
    Program("one-in-a-hundred", "class-imbalance", one_in_a_hundred, twin="one-in-a-hundred-weighed"),
    Program("few-small-digits", "class-imbalance", few_small_digits, twin="all-small-digits"),
    Program("sorted-digits", "unshuffled-data", sorted_digits, twin="shuffled-digits"),
    Program("sorted-targets", "unshuffled-data", sorted_targets, twin="shuffled-targets"),
    Program("shuffled-labels", "label-noise", shuffled_labels, twin="intact-labels"),
    Program("random-labels-by-heart", "label-noise", random_labels_by_heart, twin="right-labels"),
    Program("half-the-labels-wrong", "label-noise", half_the_labels_wrong, twin="right-labels", also=("overfitting",), step=300),
    Program("one-in-a-hundred-weighed", "", one_in_a_hundred_weighed),
    Program("all-small-digits", "", all_small_digits),
    Program("shuffled-digits", "", shuffled_digits),
    Program("shuffled-targets", "", shuffled_targets),
    Program("intact-labels", "", intact_labels),
    Program("right-labels", "", right_labels),
)
# fmt: on
"""The programs of this family and their twins."""
