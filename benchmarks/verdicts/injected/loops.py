"""How the injected programs are trained, judged and written down."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.verdicts.injected.tasks import Array, Task
from benchmarks.verdicts.program import Batch, Program, Training

Loss = Callable[[Any, Any], Any]
"""(labels, predictions) -> loss; a mean is taken over what it leaves."""

_LOOK = 50
"""Steps between validations where an epoch is longer than that."""


class Epochs:
    """Batches of rows, epoch after epoch, each in a new order or always in the given one."""

    def __init__(self, x: Array, y: Array, batch: int, steps: int, seed: int, shuffle: bool):
        self._x, self._y = x, y
        self._batch, self._steps = batch, steps
        self._seed, self._shuffle = seed, shuffle

    def __len__(self) -> int:
        """The number of steps."""
        return self._steps

    def __iter__(self) -> Iterator[Batch]:
        """The batches, the same ones each time."""
        rng = np.random.default_rng(self._seed)
        each = len(self._x) // self._batch
        order = np.arange(len(self._x))
        for step in range(self._steps):
            if step % each == 0 and self._shuffle:
                order = rng.permutation(len(self._x))
            rows = order[step % each * self._batch :][: self._batch]
            yield self._x[rows], self._y[rows]


def descend(model: Any, optimizer: Any, loss: Loss) -> Callable[[Any, Any], Any]:
    """A plain training step; regularizers' penalties are added where there are any."""

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(y, model(x, training=True)))
            for penalty in model.losses:
                value += penalty
        grads = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return value

    return step


def training(
    seed: int,
    task: Task,
    model: Any,
    optimizer: Any,
    loss: Loss,
    *,
    steps: int,
    batch: int = 32,
    shuffle: bool = True,
    step: Callable[[Any, Any], Any] | None = None,
    cut: float = 0.0,
    batches: Any = None,
    answer: Callable[[Any], Any] | None = None,
) -> Training:
    """A training of a task.

    step: None for `descend`.
    cut: where the two classes of a single output are told apart.
    batches: None for `Epochs`.
    answer: output -> prediction, None where they are the same.
    """
    forward = tf.function(lambda x: model(x, training=False))

    def predict(x: Array) -> tuple[Any, Array]:
        output = forward(tf.constant(x))
        return output, np.asarray(output if answer is None else answer(output))

    def validate() -> dict[str, float]:
        output, found = predict(task.val_x)
        figures = {"loss": float(tf.reduce_mean(loss(tf.constant(task.val_y), output)))}
        if task.classes:
            right = _decided(found, cut) == _label(task.val_y)
            figures["accuracy"] = float(np.mean(right))
        return figures

    def score() -> float:
        found = predict(task.clean_x)[1].astype(np.float64)
        if task.classes:
            return _balanced_accuracy(_label(task.clean_y), _decided(found, cut))
        return _r_squared(task.clean_y.astype(np.float64), found)

    if batches is None:
        batches = Epochs(task.x, task.y, batch, steps, seed, shuffle)
    if step is None:
        step = descend(model, optimizer, loss)
    return Training(model, step, batches, min(len(task.x) // batch, _LOOK), validate, score)


def _label(y: Array) -> Array:
    """Labels as integers, flat, be they one-hot or in a column."""
    if y.dtype.kind == "f" and y.shape[-1] > 1:
        y = y.argmax(axis=-1)
    return y.reshape(-1).astype(np.int64)


def _decided(found: Array, cut: float) -> Array:
    """The class that a model's output says."""
    if found.shape[-1] == 1:
        return (found > cut).reshape(-1).astype(np.int64)
    return found.argmax(axis=-1).reshape(-1)


def _balanced_accuracy(label: Array, said: Array) -> float:
    return float(np.mean([np.mean(said[label == one] == one) for one in np.unique(label)]))


def _r_squared(target: Array, found: Array) -> float:
    """R², -1 where it is less or not finite."""
    left = np.square(target - found).sum() / np.square(target - target.mean(axis=0)).sum()
    return float(max(1 - left, -1.0)) if np.isfinite(left) else -1.0


def pair(
    name: str,
    expected: str,
    sick: Callable[[int], Training],
    well: Callable[[int], Training],
    good: float,
    architecture: str,
) -> tuple[Program, Program]:
    """A program and its repaired twin; expected: slugs, with blanks between."""
    twin = f"{name}-repaired"
    causes = frozenset(expected.split())
    return (
        Program(name, causes, _seeded(sick), good, twin, architecture),
        Program(twin, frozenset(), _seeded(well), good, "", architecture),
    )


def control(name: str, start: Callable[[int], Training], good: float, architecture: str) -> Program:
    """A healthy program."""
    return Program(name, frozenset(), _seeded(start), good, "", architecture)


def _seeded(start: Callable[[int], Training]) -> Callable[[int], Training]:
    def afresh(seed: int) -> Training:
        keras.utils.set_random_seed(seed)
        return start(seed)

    return afresh
