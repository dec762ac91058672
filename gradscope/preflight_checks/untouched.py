"""Everything that a try changes, put back bit for bit."""

import random
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.ops import stateful_random_ops  # its global generator, without making one

from gradscope.capture import variables as var

_SEEDS = "global_seed_generator"
"""Where Keras keeps the generator behind `keras.random` and initializers without a seed."""


class Values:
    """The values of variables as they were when they were added."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, tf.Tensor]] = {}

    def keep(self, variables: Any) -> None:
        """Adds those that aren't among them yet: Keras or TensorFlow variables."""
        for variable in variables:
            resource = var.resource(variable)
            if id(resource) not in self._kept and hasattr(resource, "assign"):
                self._kept[id(resource)] = (resource, tf.identity(var.read(variable)))

    def put_back(self) -> None:
        """Gives each variable the value that it had."""
        for resource, value in self._kept.values():
            resource.assign(value)


@contextmanager
def untouched(model: Any) -> Iterator[Values]:
    """The kept values of the model's variables, put back when the block ends, however it does.

    So are Python's, NumPy's, TensorFlow's and Keras' random state, and the extra losses that the
    layers hold. Warnings of what is tried are not shown: the checks say it better.
    """
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(_random_state())
        stack.enter_context(_extra_losses(model))
        values = Values()
        stack.callback(values.put_back)
        values.keep(getattr(model, "variables", model.trainable_variables))
        yield values


@contextmanager
def no_dropout(model: Any) -> Iterator[None]:
    """No dropout in the model while the block runs: capacity is asked for, not regularization."""
    changed: list[tuple[Any, str, float]] = []
    for layer in _layers(model):
        for holder in (layer, getattr(layer, "cell", None)):
            for name in ("rate", "dropout", "recurrent_dropout"):
                rate = vars(holder).get(name) if holder is not None else None
                kind = type(holder).__name__
                drops = "Dropout" in kind or (name != "rate" and hasattr(holder, "units"))
                if isinstance(rate, float) and 0.0 < rate < 1.0 and drops:
                    changed.append((holder, name, rate))
    try:
        for holder, name, _ in changed:
            setattr(holder, name, 0.0)
        yield
    finally:
        for holder, name, rate in changed:
            setattr(holder, name, rate)


def _layers(model: Any) -> list[Any]:
    flatten = getattr(model, "_flatten_layers", None)
    return [] if flatten is None else list(flatten(include_self=True, recursive=True))


@contextmanager
def _random_state() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    values = Values()
    generator = stateful_random_ops.global_generator
    if generator is not None:
        values.keep([generator.state])
    from keras.src.backend.common import global_state

    seeds = global_state.get_global_attribute(_SEEDS)
    if seeds is not None:
        values.keep([seeds.state])
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        values.put_back()
        stateful_random_ops.global_generator = generator
        global_state.set_global_attribute(_SEEDS, seeds)


@contextmanager
def _extra_losses(model: Any) -> Iterator[None]:
    held = [
        (layer, list(layer._losses), set(layer._loss_ids))
        for layer in _layers(model)
        if isinstance(layer, keras.layers.Layer) and hasattr(layer, "_losses")
    ]
    try:
        yield
    finally:
        for layer, losses, ids in held:
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(ids)
