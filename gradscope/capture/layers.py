"""Hook on layer calls: inputs of the model, outputs of its layers."""

import re
from typing import Any

import keras
import tensorflow as tf

from gradscope.capture.activations import resolve
from gradscope.capture.head import states
from gradscope.capture.hooks import Hook
from gradscope.capture.trace import Trace
from gradscope.probes import units

_MOVING = re.compile(
    r"InputLayer|Identity|Masking|Flatten|Reshape|Permute|RepeatVector|.*Pool.*|.*Padding.*|"
    r"Cropping.*|UpSampling.*|.*Dropout.*|GaussianNoise"
)
"""Layers that move, mask or pool values of the layer before: its units, not theirs."""

_MOVERS = tuple(
    getattr(keras.layers, name) for name in dir(keras.layers) if _MOVING.fullmatch(name)
)
_KEEPERS = tuple(
    getattr(keras.layers, name)
    for name in ("Identity", "Masking", "Flatten", "Reshape", "Permute", "RepeatVector", "Dropout")
)
"""Those of them whose output has the activation of what they were given."""

_LOOPING = (keras.layers.RNN, keras.layers.TimeDistributed)
"""Layers that run others once for each time step, often in a loop body, whose tensors can't be used
outside it."""


def around_call(trace: Trace, call: Any, layer: Any, *args: Any, **kwargs: Any) -> Any:
    """The layer's outputs, untouched, after noting them."""
    if trace.opaque or not trace.owns(layer):
        return call(layer, *args, **kwargs)
    with trace.noting():
        _note_inputs(trace, layer, args, kwargs)
    opaque = isinstance(layer, _LOOPING)
    trace.enter(layer)
    trace.opaque += opaque
    try:
        outputs = call(layer, *args, **kwargs)
    finally:
        trace.opaque -= opaque
        applied = trace.leave()
    with trace.noting():
        trace.saw_layer(layer)
        if _is_recorded(trace, layer):
            kind = None if opaque else _named_activation(layer)
            _note_outputs(trace, layer, kind, outputs)
        elif isinstance(layer, _KEEPERS) and args and trace.here(outputs):
            # Both are kept, so that no other tensor gets their ids.
            trace.moved.setdefault(id(outputs), (args[0], outputs))
        resolve(trace, layer, applied)
        if layer is trace.model and not trace.layers and not trace.returned:
            trace.returned = [x for x in tf.nest.flatten(outputs) if trace.here(x)]
    return outputs


def _note_inputs(trace: Trace, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if trace.elsewhere() or trace.layers:
        return
    if layer is trace.model and not trace.model_called:
        # The model's own inputs count, over all its calls, not those of parts called before it.
        trace.model_called, trace.inputs, trace.fed = True, [], []
    elif trace.inputs and layer is not trace.model:
        return
    given = args[0] if args else list(kwargs.values())
    leaves = [x for x in tf.nest.flatten(given) if isinstance(x, tf.Tensor)]
    trace.fed += [x for x in leaves if trace.holds(x)]
    numeric = [x for x in leaves if x.dtype.is_floating or x.dtype == tf.uint8]
    trace.inputs += [x for x in numeric if trace.holds(x)]


def _note_outputs(trace: Trace, layer: Any, kind: str | None, outputs: Any) -> None:
    floats = [x for x in tf.nest.flatten(outputs) if trace.here(x)]
    for position, tensor in enumerate(floats):
        path = f"{trace.name(layer)}[{position}]" if position else trace.name(layer)
        trace.add_output(path, tensor, type(layer).__name__, kind, states(layer))


def _named_activation(layer: Any) -> str | None:
    """The name of a layer's `activation` argument, where it has one that gradscope knows."""
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    return name if name in units.KINDS else None


def _is_recorded(trace: Trace, layer: Any) -> bool:
    if isinstance(layer, _MOVERS):
        return False
    return not (isinstance(layer, keras.layers.Softmax) and trace.in_attention())


HOOKS = (Hook(keras.layers.Layer, "__call__", around_call),)
