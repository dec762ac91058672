"""The usual training: a model, an optimizer, a loss, and rows that are shuffled each epoch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.program import Batch, Training

Loss = Callable[[Any, Any], Any]
"""(labels, predictions) -> scalar."""

Step = Callable[[Any, Any], Any]

WHOLE = 512
"""Rows that are predicted at once."""


@dataclass(frozen=True)
class Data:
    """Rows to train on, and clean ones held back.

    x, y: for training. Integer labels [n] are classes, floating ones [n, k] one-hot classes (k > 1,
        each row sums to 1), 0/1 in a column two classes, anything else targets.
    x_test, y_test: for the score.
    x_val, y_val: for validation figures; None for those of the score.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    x_val: np.ndarray | None = None
    y_val: np.ndarray | None = None

    @property
    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """(x, y) of the validation rows."""
        if self.x_val is None or self.y_val is None:
            return self.x_test, self.y_test
        return self.x_val, self.y_val


class Epochs:
    """Whole batches of all epochs, in a new order in each epoch; the same each time.

    x, y: the rows. batch: rows per batch; what is left over at an epoch's end is left out, so that
    all batches have one shape. seed: of the order. shuffle: False for the order of the rows.
    """

    def __init__(
        self, x: Any, y: Any, batch: int, epochs: int, seed: int, shuffle: bool = True
    ) -> None:
        self._x, self._y = x, y
        self._batch, self._epochs = batch, epochs
        self._seed, self._shuffle = seed, shuffle

    @property
    def epoch(self) -> int:
        """Steps per epoch."""
        return len(self._x) // self._batch

    def __len__(self) -> int:
        return self.epoch * self._epochs

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(self._seed)
        for _ in range(self._epochs):
            rows = np.arange(len(self._x))
            if self._shuffle:
                order.shuffle(rows)
            for i in range(self.epoch):
                chosen = rows[i * self._batch : (i + 1) * self._batch]
                yield self._x[chosen], self._y[chosen]


def training(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Loss,
    data: Data,
    *,
    batch: int,
    epochs: int,
    seed: int,
    step: Step | None = None,
) -> Training:
    """The training of a model on rows.

    loss: what is minimized, besides the weight regularizers' part.
    seed: of the order of rows.
    step: in place of the usual one.
    """
    optimizer.build(model.trainable_variables)
    batches = Epochs(data.x, data.y, batch, epochs, seed)

    def validate() -> dict[str, float]:
        x, y = data.validation
        outputs = predictions(model, x)
        figures = {"loss": float(loss(y, outputs)) + float(sum(model.losses, 0.0))}
        if _is_classes(data.y):
            figures["accuracy"] = float(np.mean(classes(outputs) == _labels(y)))
        return figures

    def score() -> float:
        outputs = predictions(model, data.x_test)
        if _is_classes(data.y):
            return balanced_accuracy(_labels(data.y_test), classes(outputs))
        return r_squared(data.y_test, outputs)

    return Training(
        model, step or usual_step(model, optimizer, loss), batches, batches.epoch, validate, score
    )


def usual_step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: Loss, sign: float = 1.0
) -> Step:
    """The step of the Keras and TensorFlow guides. sign: of the applied gradient; 1 is right."""

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
            if model.losses:
                value += tf.add_n(model.losses)
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(
            [
                (g if sign == 1.0 else sign * g, v)
                for g, v in zip(gradients, model.trainable_variables, strict=True)
            ]
        )
        return value

    return step


def predictions(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """float32[n, ...]: what the model says of rows, outside training."""
    parts = [
        np.asarray(model(x[i : i + WHOLE], training=False), np.float32)
        for i in range(0, len(x), WHOLE)
    ]
    return np.concatenate(parts)


def classes(outputs: np.ndarray) -> np.ndarray:
    """int[n]: the predicted classes, of probabilities or logits [n, k], or of one probability."""
    if outputs.shape[-1] == 1:
        return (outputs[..., 0] > 0.5).astype(np.int64)
    return np.argmax(outputs, -1)


def balanced_accuracy(labels: np.ndarray, predicted: np.ndarray) -> float:
    """The mean recall over the classes that occur among the labels.

    >>> round(balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])), 2)
    0.5
    """
    return float(np.mean([np.mean(predicted[labels == c] == c) for c in np.unique(labels)]))


def r_squared(targets: np.ndarray, predicted: np.ndarray) -> float:
    """1 - residual / total variation; NaN where a prediction is not finite.

    >>> r_squared(np.array([[1.0], [3.0]]), np.array([[2.0], [2.0]]))
    0.0
    """
    with np.errstate(all="ignore"):
        residual = np.sum((targets - predicted.reshape(targets.shape)) ** 2, dtype=np.float64)
    total = np.sum((targets - targets.mean(0)) ** 2, dtype=np.float64)
    return float(1.0 - residual / total) if np.isfinite(residual) else float("nan")


def _is_classes(y: np.ndarray) -> bool:
    if np.issubdtype(y.dtype, np.integer):
        return True
    if y.ndim == 2 and y.shape[1] > 1:
        return bool(np.all(np.abs(y.sum(1) - 1) < 1e-6) and np.all((y == 0) | (y == 1)))
    return bool(np.all((y == 0) | (y == 1)))


def _labels(y: np.ndarray) -> np.ndarray:
    if np.issubdtype(y.dtype, np.integer):
        return y
    return np.argmax(y, -1) if y.shape[1] > 1 else y[:, 0].astype(np.int64)
