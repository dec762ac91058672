"""What a preflight is given, checked: every mistake gets a message that says what to do."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gradscope.capture import variables as var
from gradscope.errors import UsageError

MOST_ROWS = 32
"""Samples that the model is tried on, of those in the batch. To overfit "a single batch of only a
few examples" is the test (Karpathy 2019, A Recipe for Training Neural Networks); Keras' own default
batch has 32."""

SCHEDULE_STEPS = (0, 1, 10, 100, 1_000, 10_000, 100_000)
"""Steps at which a learning-rate schedule is asked: a warm-up begins at 0, and its top counts."""


@dataclass(frozen=True)
class Subject:
    """A training as it is meant to be.

    model: built, with trainable variables.
    x, y: nests of NumPy arrays, the whole batch.
    rows: which of its samples the model is tried on.
    loss: (y, p) -> a tensor.
    asked: the same, compiled: what it draws comes from a stream of its own, as in training.
    named: how the loss was given: its name or class.
    optimizer: a Keras optimizer.
    learning_rate: its rate; of a schedule the highest.
    schedule: the schedule's class, "" for a plain rate.
    """

    model: Any
    x: Any
    y: Any
    rows: np.ndarray
    loss: Callable[[Any, Any], Any]
    asked: Callable[[Any, Any], Any]
    named: str
    optimizer: Any
    learning_rate: float
    schedule: str

    def part(self, nest: Any) -> Any:
        """The samples of a nest of arrays that the model is tried on, as tensors."""
        return tf.nest.map_structure(lambda array: tf.convert_to_tensor(array[self.rows]), nest)


def subject(model: Any, batch: Any, loss: Any, optimizer: Any) -> Subject:
    """The subject of these arguments of `preflight`.

    Raises UsageError for what can't be tried.
    """
    _check_model(model)
    x, y = _pair(batch)
    x, y = _arrays(x, "the inputs x"), _arrays(y, "the labels y")
    count = _samples(x, y)
    fixed = any(
        shape and shape[0] is not None
        for shape in (getattr(one, "shape", None) for one in tf.nest.flatten(_inputs(model)))
    )
    rows = np.arange(count)
    if count > MOST_ROWS and not fixed:
        # Spread over the batch: a sorted one begins with one class.
        rows = np.linspace(0, count - 1, MOST_ROWS).round().astype(int)
    optimizer = _optimizer(optimizer)
    rate, schedule = _rate(optimizer)
    called, named = _loss(loss), _named(loss)
    return Subject(model, x, y, rows, called, tf.function(called), named, optimizer, rate, schedule)


def _inputs(model: Any) -> Any:
    try:
        return model.inputs
    except AttributeError:
        return []


def _check_model(model: Any) -> None:
    if isinstance(model, type) or not callable(model):
        got = model.__name__ if isinstance(model, type) else type(model).__name__
        raise UsageError(
            f"preflight: model={got}; expected a Keras model, or an object that is called with x "
            "and has `trainable_variables`. Pass the model itself, as in preflight(model, (x, y), "
            "loss, optimizer)."
        )
    if getattr(model, "built", True) is False:
        raise UsageError(
            f"preflight: the model {getattr(model, 'name', '')!r} is not built, so it has no "
            "weights to try. Build it first: call model(x) once, or begin it with "
            "keras.Input(shape)."
        )
    try:
        variables = var.trainable(model)
    except UsageError:
        raise UsageError(
            f"preflight: expected a Keras model or an object with `trainable_variables`, got "
            f"{type(model).__name__}. Pass the model that is to be trained."
        ) from None
    if not variables:
        raise UsageError(
            f"preflight: the model {getattr(model, 'name', type(model).__name__)!r} has no "
            "trainable variables, so it can't learn. Check that its layers aren't all frozen "
            "(`layer.trainable`)."
        )


def _pair(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1]
    if isinstance(batch, tf.data.Dataset) or hasattr(batch, "__next__"):
        got, do = "a data set", "Take one batch of it: preflight(model, next(iter(data)), ...)."
    elif isinstance(batch, tuple | list):
        got = f"a {type(batch).__name__} of {len(batch)}"
        do = "Leave sample weights and the like out: preflight(model, (x, y), ...)."
    else:
        got, do = type(batch).__name__, "Write preflight(model, (x, y), ...)."
    raise UsageError(f"preflight: batch is {got}; expected one batch as the pair (x, y). {do}")


def _arrays(nest: Any, what: str) -> Any:
    """The nest with NumPy arrays for its leaves; lists of numbers become one array."""
    if isinstance(nest, list) and all(isinstance(one, bool | int | float | list) for one in nest):
        nest = np.asarray(nest)
        if nest.dtype == np.float64:
            nest = nest.astype(np.float32)
    leaves = []
    for leaf in tf.nest.flatten(nest):
        try:
            array = np.asarray(leaf.numpy() if hasattr(leaf, "numpy") else leaf)
        except Exception as error:
            raise UsageError(
                f"preflight: {what} can't be read as an array ({type(error).__name__}: {error}). "
                "Pass NumPy arrays or eager tensors of one batch."
            ) from None
        if array.dtype.kind not in "biuf" and str(array.dtype) != "bfloat16":
            raise UsageError(
                f"preflight: {what} hold {array.dtype}, expected numbers. Turn text into numbers "
                "before the model, for instance with keras.layers.TextVectorization."
            )
        if array.ndim == 0:
            raise UsageError(
                f"preflight: {what} hold a single number, expected an array whose first axis is "
                "the batch. Pass a batch: x of shape (samples, ...), y of shape (samples, ...)."
            )
        # What TensorFlow would do with Python's own floats, and Keras with an array of them.
        leaves.append(array.astype(np.float32) if array.dtype == np.float64 else array)
    if not leaves:
        raise UsageError(
            f"preflight: {what} are empty; expected arrays. Pass one batch as the pair (x, y)."
        )
    return tf.nest.pack_sequence_as(nest, leaves)


def _samples(x: Any, y: Any) -> int:
    counts = {len(array) for array in tf.nest.flatten((x, y))}
    if len(counts) > 1:
        shapes = [tuple(array.shape) for array in tf.nest.flatten((x, y))]
        raise UsageError(
            f"preflight: the arrays of the batch differ in their first axis: {shapes}. Expected as "
            "many labels as inputs. Pass x and y of the same samples."
        )
    (count,) = counts
    if count < 2:
        raise UsageError(
            f"preflight: the batch has {count} sample{'s' * (count != 1)}; expected 2 or more, "
            "better 32, to tell the labels' spread. Pass a whole batch."
        )
    return count


def _loss(loss: Any) -> Callable[[Any, Any], Any]:
    given = loss
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            raise UsageError(
                f"preflight: loss={given!r} is no loss of Keras. Pass a name such as "
                '"sparse_categorical_crossentropy" or "mean_squared_error", a Keras loss object, '
                "or a function of (y, p)."
            ) from None
        return loss if isinstance(loss, keras.losses.Loss) else _as_compiled(loss)
    if isinstance(loss, type):
        raise UsageError(
            f"preflight: loss={loss.__name__} is a class; expected an instance. Write "
            f"{loss.__name__}()."
        )
    if not callable(loss):
        raise UsageError(
            f"preflight: loss is {type(loss).__name__}, which can't be called; expected a Keras "
            "loss object, its name, or a function of (y, p). Pass what the training step calls."
        )
    try:
        inspect.signature(loss).bind(None, None)
    except TypeError:
        raise UsageError(
            f"preflight: loss {_named(loss)} doesn't take two arguments; expected a function of "
            "(y, p), the labels and what the model predicts. Wrap it: lambda y, p: ..."
        ) from None
    except ValueError:
        pass  # a builtin without a signature
    return loss


def _as_compiled(function: Any) -> Callable[[Any, Any], Any]:
    """A loss function of Keras as `compile` takes it: labels (n,) go with outputs (n, 1)."""

    def loss(y: Any, p: Any) -> Any:
        if not function.__name__.startswith("sparse") and y.shape.rank == p.shape.rank - 1:
            y = y[..., None] if p.shape[-1] == 1 else y
        return function(y, p)

    return loss


def _named(loss: Any) -> str:
    if isinstance(loss, str):
        return loss
    return getattr(loss, "__name__", None) or type(loss).__name__


def _optimizer(optimizer: Any) -> Any:
    if isinstance(optimizer, str):
        try:
            return keras.optimizers.get(optimizer)
        except ValueError:
            raise UsageError(
                f"preflight: optimizer={optimizer!r} is no optimizer of Keras. Pass a name such "
                'as "adam", or an optimizer: keras.optimizers.Adam(1e-3).'
            ) from None
    if isinstance(optimizer, type):
        raise UsageError(
            f"preflight: optimizer={optimizer.__name__} is a class; expected an instance. Write "
            f"keras.optimizers.{optimizer.__name__}(learning_rate=...)."
        )
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise UsageError(
            f"preflight: optimizer is {type(optimizer).__name__}; expected a Keras optimizer, such "
            "as keras.optimizers.Adam(1e-3). Pass the one that the training uses."
        )
    return optimizer


def _rate(optimizer: Any) -> tuple[float, str]:
    """(learning rate, class of its schedule or "")."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule: Any = getattr(inner, "_learning_rate", None)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        values = [float(schedule(step)) for step in SCHEDULE_STEPS]
        return max(values), type(schedule).__name__
    return float(inner.learning_rate), ""
