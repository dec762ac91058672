"""What a seeded fault is made of: the program and its training, data, small nets and losses."""

# pyright: basic

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from gradscope.data import digits

BATCH = 64
Loss = Callable[[Any, Any], Any]
Batches = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Training:
    """A training before its first step.

    step: (x, y) -> loss, uncompiled. validate: the validation figures, or None; epoch: the steps
    after each of which they are asked for.
    """

    model: keras.Model
    step: Callable[[Any, Any], Any]
    batches: Batches
    validate: Callable[[], dict[str, float]] | None = None
    epoch: int = 0


@dataclass(frozen=True)
class Program:
    """A training that anyone could have written.

    cause: slug of what it suffers from, "" for a healthy one.
    also: slugs that an expert would accept in its place.
    start: gives it afresh.
    twin: name of the program that repairs it, "" for a healthy one.
    layer: part of the path where the trouble sits, "" where no layer is to blame.
    step: latest optimizer step at which it may be dated.
    """

    name: str
    cause: str
    start: Callable[[], Training]
    twin: str = ""
    layer: str = ""
    step: int = 0
    also: tuple[str, ...] = ()


def training(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Loss,
    batches: Batches,
    sign: float = 1.0,
) -> Training:
    """A model with the usual step. sign: of the gradient that is applied; 1 is right."""
    if not model.built:
        model(batches[0][0][:1])
    optimizer.build(model.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(
            (None if g is None else sign * g, v)
            for g, v in zip(gradients, model.trainable_variables, strict=True)
        )
        return value

    return Training(model, step, batches)


def validated(whole: Training, x: np.ndarray, y: np.ndarray, loss: Loss, epoch: int) -> Training:
    """The training with loss, and accuracy of sparse labels, on these rows after each epoch."""

    def validate() -> dict[str, float]:
        p = np.asarray(whole.model(x, training=False))
        figures = {"loss": float(loss(y, p))}
        if y.dtype.kind == "i":
            figures["accuracy"] = float((p.argmax(axis=1) == y).mean())
        return figures

    return Training(whole.model, whole.step, whole.batches, validate, epoch)


def cycle(x: np.ndarray, y: np.ndarray, steps: int, batch: int = BATCH) -> Batches:
    """Shuffled whole batches, epoch after epoch, until there are enough."""

    def endless() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        order = np.random.default_rng(1)
        while True:
            rows = order.permutation(len(x))
            for start in range(0, len(x) - batch + 1, batch):
                chosen = rows[start : start + batch]
                yield x[chosen], y[chosen]

    source = endless()
    return [next(source) for _ in range(steps)]


def digits_batches(steps: int) -> Batches:
    """Images of ten digits, pixels in [0, 1]: float32[BATCH, 64], labels int32[BATCH]."""
    x, y, *_ = digits()
    return cycle(np.asarray(x, np.float32), np.asarray(y, np.int32), steps)


def line_batches(steps: int) -> Batches:
    """A noisy linear target of eight standard normal inputs."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1024, 8)).astype(np.float32)
    y = x @ rng.normal(size=(8, 1)) * 0.5 + 0.1 * rng.normal(size=(1024, 1))
    return cycle(x, y.astype(np.float32), steps)


def cloud_batches(steps: int) -> Batches:
    """Two classes that a line separates by far."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, size=(1024, 1))
    x = 6.0 * (y - 0.5) + 0.3 * rng.normal(size=(1024, 4))
    return cycle(x.astype(np.float32), y.astype(np.float32), steps)


def chain(size: int, *hidden: Any, classes: int = 10, last: str | None = None) -> keras.Model:
    """Inputs of a size, the hidden layers, and a dense output layer."""
    stack = [keras.Input([size]), *hidden, layers.Dense(classes, activation=last, name="output")]
    return keras.Sequential(stack)


def dense(count: int, units: int, activation: str | None, start: Any) -> list[Any]:
    """Equal dense layers hidden_1, hidden_2, ...; start: their kernel initializer."""
    return [
        layers.Dense(units, activation=activation, kernel_initializer=start, name=f"hidden_{i}")
        for i in range(1, count + 1)
    ]


def cross_entropy(y, logits):
    """Of sparse labels and logits."""
    return ops.mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True))


def squared(y, p):
    """The mean squared error."""
    return ops.mean(ops.square(y - p))
