"""Hook on activation functions: which one a layer's output went through.

Keras' fused activations, activation layers and keras.ops all call these functions of tf.nn, so one
hook sees them and the bare ones in a `call` alike.
"""

import functools
from typing import Any

import tensorflow as tf

from gradscope.capture.hooks import Hook
from gradscope.capture.layers import _ATTENTION
from gradscope.capture.trace import Applied, Output, Trace

_FUNCTIONS: tuple[tuple[Any, str, str], ...] = (
    (tf.nn, "relu", "relu"),
    (tf.nn, "relu6", "relu6"),
    (tf.nn, "elu", "elu"),
    (tf.nn, "selu", "selu"),
    (tf.nn, "gelu", "gelu"),
    (tf.nn, "silu", "silu"),
    (tf.nn, "swish", "silu"),
    (tf.nn, "leaky_relu", "leaky_relu"),
    (tf.nn, "softplus", "softplus"),
    (tf.math, "softplus", "softplus"),
    (tf.nn, "softsign", "softsign"),
    (tf.nn, "softmax", "softmax"),
    (tf.nn, "sigmoid", "sigmoid"),
    (tf.math, "sigmoid", "sigmoid"),
    (tf, "sigmoid", "sigmoid"),
    (tf.nn, "tanh", "tanh"),
    (tf.math, "tanh", "tanh"),
    (tf, "tanh", "tanh"),
)


def around_activation(kind: str, trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The activation, untouched, after noting it."""
    out = call(*args, **kwargs)
    if trace.opaque or not trace.layers:
        return out
    with trace.noting():
        inside_attention = isinstance(trace.layers[-1], _ATTENTION) or any(
            isinstance(layer, _ATTENTION) for layer in trace.layers[-2:]
        )
        if trace.here(out) and not (kind == "softmax" and inside_attention):
            x = args[0] if args else next(iter(kwargs.values()))
            owner = getattr(trace.layers[-1], "path", None) or trace.layers[-1].name
            trace.applied.append(Applied(kind, x, out, owner))
    return out


def resolve(trace: Trace) -> None:
    """Gives each output its activation: the function that made it, or one applied right to it.

    An activation on anything else becomes an output of its own, `<layer path>/<kind>`.
    """
    made = {id(applied.out): applied for applied in trace.applied}
    for output in trace.outputs:
        if applied := made.get(id(output.tensor)):
            output.kind, output.units = applied.kind, applied.out
    known = dict(trace.by_tensor)
    for applied in trace.applied:
        if id(applied.out) in known:
            continue
        source: Output | None = known.get(id(applied.x))
        if source is None:
            trace.add_output(f"{applied.owner}/{applied.kind}", applied.out, "")
            own = trace.by_tensor[id(applied.out)]
            own.kind, own.units = applied.kind, applied.out
        elif source.kind is None:
            source.kind, source.units = applied.kind, applied.out


HOOKS = tuple(
    Hook(owner, name, functools.partial(around_activation, kind))
    for owner, name, kind in _FUNCTIONS
    if name in vars(owner)
)
