"""Hook on layer calls: inputs of the model, outputs of its layers."""

import re
from typing import Any

import keras
import tensorflow as tf

from gradscope.capture.hooks import Hook
from gradscope.capture.trace import Trace

_MOVING = re.compile(
    r"InputLayer|Identity|Masking|Flatten|Reshape|Permute|RepeatVector|.*Pool.*|.*Padding.*|"
    r"Cropping.*|UpSampling.*|.*Dropout.*|GaussianNoise"
)
"""Layers that move, mask or pool values of the layer before: its units, not theirs."""

_MOVERS = tuple(
    getattr(keras.layers, name) for name in dir(keras.layers) if _MOVING.fullmatch(name)
)
_ATTENTION = tuple(
    getattr(keras.layers, name) for name in dir(keras.layers) if name.endswith("Attention")
)
"""Layers whose softmax is over positions, which are no units."""


def around_call(trace: Trace, call: Any, layer: Any, *args: Any, **kwargs: Any) -> Any:
    """The layer's outputs, untouched, after noting them."""
    if trace.opaque or not trace.owns(layer):
        return call(layer, *args, **kwargs)
    with trace.noting():
        _note_inputs(trace, layer, args, kwargs)
    name, was_built = trace.name(layer), getattr(layer, "built", True)
    # An RNN's cell runs in a loop body, whose tensors can't be used outside it.
    opaque = isinstance(layer, keras.layers.RNN)
    trace.layers.append(layer)
    trace.opaque += opaque
    try:
        outputs = call(layer, *args, **kwargs)
    finally:
        trace.opaque -= opaque
        trace.layers.pop()
    with trace.noting():
        if not was_built:
            trace.refresh()
        trace.saw_layer(layer)
        if _is_recorded(trace, layer):
            _note_outputs(trace, getattr(layer, "path", None) or name, layer, outputs)
    return outputs


def _note_inputs(trace: Trace, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    first = trace.inputs is None
    if not first and layer is not trace.model:
        return
    given = args[0] if args else list(kwargs.values())
    leaves = [x for x in tf.nest.flatten(given) if isinstance(x, tf.Tensor)]
    numeric = [x for x in leaves if x.dtype.is_floating or x.dtype == tf.uint8]
    if trace.graph is not None:
        numeric = [x for x in numeric if x.graph is trace.graph]
    trace.inputs = numeric


def _note_outputs(trace: Trace, name: str, layer: Any, outputs: Any) -> None:
    floats = [x for x in tf.nest.flatten(outputs) if trace.here(x)]
    for position, tensor in enumerate(floats):
        path = f"{name}[{position}]" if position else name
        trace.add_output(path, tensor, type(layer).__name__)


def _is_recorded(trace: Trace, layer: Any) -> bool:
    if isinstance(layer, _MOVERS):
        return False
    parent = trace.layers[-1] if trace.layers else None
    return not (isinstance(layer, keras.layers.Softmax) and isinstance(parent, _ATTENTION))


HOOKS = (Hook(keras.layers.Layer, "__call__", around_call),)
