"""Where a prediction comes from: the layer, its activation, and what that was applied to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from gradscope.capture.trace import Trace

_PASSING = frozenset({"Cast", "Reshape", "Squeeze", "ExpandDims", "Identity"})
"""Operations whose output has the activation of their first input."""

_CURVED = (
    keras.layers.PReLU,
    keras.layers.Lambda,
    keras.layers.Wrapper,
    keras.layers.RNN,
    keras.Model,
)
"""Layers without an `activation` of which it doesn't follow that they are linear."""

_CROSSING = {"softmax", "sigmoid"}
"""Activations that a cross-entropy from logits applies itself."""


@dataclass(frozen=True)
class Head:
    """What is known of a prediction.

    layer: path of the layer it comes from, None where that isn't known.
    activation: the activation that made it, "linear" for none, None where that isn't known.
    before: the activation of what this one was applied to, where there is one.
    """

    layer: str | None = None
    activation: str | None = None
    before: str | None = None


def head(trace: Trace) -> Head:
    """The head of what the loss got; of what the model returned where no loss was seen."""
    pair = trace.pair
    if pair is None and not trace.returned:
        return Head()
    found = _of(trace, pair.predictions if pair else trace.returned[0])
    crossing = pair is not None and pair.logits and not pair.restored
    if crossing and found.activation in _CROSSING:
        # The loss takes its own softmax or sigmoid of one.
        return Head(found.layer, found.activation, found.activation)
    return found


def states(layer: Any) -> str | None:
    """The name of the activation that a layer states, "linear" without one, None if unknown."""
    own = getattr(layer, "activation", "none")
    if own is None:
        return "linear"
    if own != "none":
        name = getattr(own, "__name__", None) or getattr(own, "name", None)
        return None if name is None or name.startswith("<") else name
    built_in = type(layer).__module__.startswith("keras.")
    return "linear" if built_in and not isinstance(layer, _CURVED) else None


def _of(trace: Trace, tensor: Any) -> Head:
    nearest = None
    for source in _sources(trace, tensor):
        made, output = trace.made_by.get(id(source)), trace.by_tensor.get(id(source))
        if made is not None:
            under = _of(trace, made.x)
            before = None if under.activation == "linear" else under.activation
            return Head(output.path if output else under.layer, made.kind, before)
        if output is not None and (known := output.kind or output.stated):
            return Head(output.path, known)
        # A model whose last layer only reshapes returns a tensor of its own.
        nearest = nearest or (output.path if output is not None else None)
    return Head(nearest)


def _sources(trace: Trace, tensor: Any) -> Iterator[Any]:
    """The tensor, and those that it is a copy or another shape of, nearest first."""
    while tensor is not None:
        yield tensor
        moved = trace.moved.get(id(tensor))
        if moved is not None:
            tensor = moved[0]
        elif tf.is_symbolic_tensor(tensor) and tensor.op.type in _PASSING:
            tensor = tensor.op.inputs[0]
        else:
            return
