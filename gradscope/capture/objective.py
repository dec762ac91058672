"""Hooks on losses: labels, and whether the weight regularizers are part of the loss."""

import functools
from typing import Any

import keras
import tensorflow as tf

from gradscope.capture.ancestry import Ancestry
from gradscope.capture.hooks import Hook
from gradscope.capture.trace import Labels, Trace


def around_loss(trace: Trace, call: Any, loss: Any, *args: Any, **kwargs: Any) -> Any:
    """The loss, after noting the labels it was given."""
    with trace.noting():
        given = (*args, *kwargs.values())
        if len(given) >= 2 and (kind := _loss_kind(type(loss).__name__, loss)):
            _note_labels(trace, kind, given[0], given[1])
    return call(loss, *args, **kwargs)


def around_cross_entropy(kind: str, trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The cross-entropy, after noting its labels."""
    with trace.noting():
        labels = kwargs["labels"] if "labels" in kwargs else args[0]
        logits = kwargs["logits"] if "logits" in kwargs else args[1]
        _note_labels(trace, kind, labels, logits)
    return call(*args, **kwargs)


def _note_labels(trace: Trace, kind: str, labels: Any, predictions: Any) -> None:
    if trace.labels is not None or trace.elsewhere() or not isinstance(predictions, tf.Tensor):
        return
    if not isinstance(labels, (tf.Tensor, tf.Variable)) and not hasattr(labels, "shape"):
        return
    tensor = tf.convert_to_tensor(labels)
    if trace.holds(tensor):
        trace.labels = Labels(tensor, kind, predictions.shape[-1])


def _loss_kind(name: str, loss: Any) -> str | None:
    """The kind of labels a loss takes, from its class or, for a wrapped function, its name."""
    wrapped = getattr(loss, "fn", None)
    text = f"{name} {getattr(wrapped, '__name__', '')}".lower().replace("_", "")
    if "sparsecategorical" in text:
        return "sparse"
    if "categorical" in text:
        return "onehot"
    return "binary" if "binary" in text else None


def around_losses(trace: Trace, call: Any, layer: Any) -> Any:
    """The layer's extra losses, after noting them."""
    losses = call(layer)
    with trace.noting():
        trace.extra_losses.extend(x for x in losses if isinstance(x, tf.Tensor))
    return losses


def regularizers_count(trace: Trace) -> bool:
    """True where the weight regularizers are part of what the step differentiates."""
    if not trace.extra_losses:
        return False
    if trace.graph is None:
        return True
    names = {x.op.name for x in trace.extra_losses if trace.holds(x)}
    depends = Ancestry(lambda op: op.name in names)
    return any(depends(target) for target in trace.targets)


_CROSS_ENTROPIES = (
    ("sparse_softmax_cross_entropy_with_logits", "sparse"),
    ("softmax_cross_entropy_with_logits", "onehot"),
    ("sigmoid_cross_entropy_with_logits", "binary"),
)

HOOKS = (
    Hook(keras.losses.Loss, "__call__", around_loss),
    Hook(keras.layers.Layer, "losses", around_losses),
    *(
        Hook(tf.nn, name, functools.partial(around_cross_entropy, kind))
        for name, kind in _CROSS_ENTROPIES
    ),
)
