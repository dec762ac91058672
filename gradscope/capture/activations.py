"""Hook on activation functions: which one a layer's output went through.

Keras' fused activations, activation layers and keras.ops all call these functions of tf.nn, so one
hook sees them and the bare ones in a `call` alike.
"""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from gradscope.capture.hooks import Hook
from gradscope.capture.trace import Applied, Trace

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
    if trace.opaque:
        return out
    with trace.noting():
        if trace.here(out) and not (kind == "softmax" and trace.in_attention()):
            applied = Applied(kind, args[0] if args else next(iter(kwargs.values())), out)
            trace.made_by[id(out)] = applied
            if trace.layers:
                trace.add_applied(applied)
    return out


def resolve(trace: Trace, layer: Any, applied: Sequence[Applied]) -> None:
    """Gives outputs their activation, as a layer returns that has applied these functions.

    An output has the activation that made it, or the one that was applied right to it. One that
    was applied to anything else becomes an output of its own, `<layer path>/<kind>`, unless it is
    a part of the layer's own activation.
    """
    own = getattr(layer, "activation", None) is not None
    for one in applied:
        made, source = trace.by_tensor.get(id(one.out)), trace.by_tensor.get(id(one.x))
        if made is not None:
            made.kind, made.units, made.argument = one.kind, one.out, one.x
        elif source is not None and source.kind is None:
            source.kind, source.units, source.argument = one.kind, one.out, one.x
        elif source is None and not own:
            trace.add_output(f"{trace.name(layer)}/{one.kind}", one.out, "", one.kind)
            trace.by_tensor[id(one.out)].argument = one.x


HOOKS = tuple(
    Hook(owner, name, functools.partial(around_activation, kind))
    for owner, name, kind in _FUNCTIONS
    if name in vars(owner)
)
