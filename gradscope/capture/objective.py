"""Hooks on losses: labels, predictions, and whether the weight regularizers are in the loss.

The first pair of a step counts, where it has several losses or outputs. Three kinds of calls are
seen: Keras' loss objects (also `compile`'s), its loss functions, TensorFlow's cross-entropies.
Keras' cross-entropies all end in its backend's, which says whether logits were restored there.
"""

import functools
import importlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gradscope.capture.ancestry import Ancestry
from gradscope.capture.hooks import Hook
from gradscope.capture.trace import Pair, Trace

SPARSE, ONEHOT, BINARY = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
)
"""Keras' names of the cross-entropies, TensorFlow's included."""

_RESTORING = (SPARSE, ONEHOT, BINARY)
"""Those of Keras take the logits from before a softmax or sigmoid where they can."""

REGRESSION = frozenset(
    {
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "huber",
        "log_cosh",
    }
)
"""Losses whose labels are quantities."""

OTHER = re.compile("hinge|ctc|circle")
"""Losses whose labels are neither classes nor quantities, whatever their shape."""

_ENDS = {"sparse": "Softmax", "onehot": "Softmax", "binary": "Sigmoid"}
"""The operation before which Keras takes the logits."""


def around_loss(trace: Trace, call: Any, loss: Any, *args: Any, **kwargs: Any) -> Any:
    """The loss, after noting what it was given."""
    made = None
    with trace.noting():
        given = _given(args, kwargs)
        if given is not None:
            made = _note(trace, _name(loss), *given, _told(loss))
    with _judging(trace, made):
        return call(loss, *args, **kwargs)


def around_function(name: str, trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The loss, after noting what Keras' loss function was given."""
    made = None
    with trace.noting():
        given = _given(args, kwargs)
        if given is not None:
            third = args[2] if len(args) > 2 and name in _RESTORING else False
            told = bool(kwargs.get("from_logits", third)) if "crossentropy" in name else None
            made = _note(trace, name, *given, told)
    with _judging(trace, made):
        return call(*args, **kwargs)


def _given(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """(labels, predictions) of a call of a Keras loss, in whatever order they were named."""
    named = dict(zip(("y_true", "y_pred"), args, strict=False)) | dict(kwargs)
    found = named.get("y_true"), named.get("y_pred")
    return None if any(one is None for one in found) else found


def around_backend(name: str, trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The cross-entropy, after noting which logits it works on."""
    with trace.noting():
        target, output, told = _bound(args, kwargs)
        pair = trace.judging or _note(trace, name, target, output, bool(told))
        if pair is not None:
            # The last word: a loss object may have cast the output, and lost its logits so.
            pair.logits, pair.scores, pair.restored = None, None, False
            _complete(trace, pair, output, bool(told), "Sigmoid" if name == BINARY else "Softmax")
    return call(*args, **kwargs)


def around_cross_entropy(name: str, trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """TensorFlow's cross-entropy, after noting labels and logits."""
    with trace.noting():
        labels = kwargs["labels"] if "labels" in kwargs else args[0]
        logits = kwargs["logits"] if "logits" in kwargs else args[1]
        pair = _note(trace, name, labels, logits, True)
        if pair is not None:
            pair.logits, pair.scores, pair.restored = True, pair.predictions, False
    return call(*args, **kwargs)


@contextmanager
def _judging(trace: Trace, pair: Pair | None) -> Iterator[None]:
    """Lets what the backend does inside the block complete the pair."""
    outer, trace.judging = trace.judging, pair
    try:
        yield
    finally:
        trace.judging = outer


def _note(
    trace: Trace, name: str | None, labels: Any, predictions: Any, told: bool | None
) -> Pair | None:
    """The pair, where it is the first of the step and made of tensors; else None."""
    if trace.pair is not None or trace.elsewhere() or not isinstance(predictions, tf.Tensor):
        return None
    if not isinstance(labels, (tf.Tensor, tf.Variable, np.ndarray, keras.Variable)):
        return None
    tensor = tf.convert_to_tensor(labels)
    numeric = tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool
    if not numeric or not trace.holds(tensor) or not trace.here(predictions):
        return None
    trace.pair = pair = Pair(tensor, predictions, name, loss_kind(name, tensor, predictions), told)
    if told is not None:
        pair.logits, pair.scores = told, predictions if told else None
    if told is not None and name in _RESTORING:
        _complete(trace, pair, predictions, told, _ENDS.get(pair.kind or "", ""))
    return pair


def _complete(trace: Trace, pair: Pair, output: Any, told: bool, end: str) -> None:
    """Says on which logits a cross-entropy of Keras works, as its backend decides."""
    restored = getattr(output, "_keras_logits", None)
    if restored is None and tf.is_symbolic_tensor(output) and output.op.type == end:
        restored = output.op.inputs[0]
    if pair.from_logits is None:
        pair.from_logits = told
    scores = restored if restored is not None else output if told else None
    if isinstance(scores, tf.Tensor) and trace.here(scores):
        pair.logits, pair.scores = True, scores
        pair.restored = restored is not None
    elif not pair.logits:
        pair.logits = False


def loss_kind(name: str | None, labels: tf.Tensor, predictions: tf.Tensor) -> str | None:
    """The kind of labels that a loss takes, by its name; None where that doesn't tell."""
    text = name or ""
    if "binary" in text:
        return "binary"
    if "categorical" in text:
        fits = labels.shape.rank == predictions.shape.rank and labels.shape[-1] != 1
        return "onehot" if fits and not text.startswith("sparse") else "sparse"
    return "regression" if text in REGRESSION else None


def _name(loss: Any) -> str | None:
    """The name of the function that a loss wraps, or its class' name written like one.

    None for a lambda.
    """
    wrapped = getattr(getattr(loss, "fn", None), "__name__", None)
    if wrapped:
        return None if wrapped.startswith("<") else wrapped
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(loss).__name__).lower()


def _told(loss: Any) -> bool | None:
    """What a loss was told of `from_logits`; None where it has no such setting."""
    settings = getattr(loss, "_fn_kwargs", None) or {}
    told = settings.get("from_logits", getattr(loss, "from_logits", None))
    if told is None and getattr(getattr(loss, "fn", None), "__name__", "") in _FUNCTIONS:
        told = False if "crossentropy" in (_name(loss) or "") else None
    return None if told is None else bool(told)


def _bound(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
    """(target, output, from_logits) of a call of the backend's cross-entropies."""
    names = ("target", "output", "from_logits")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    return given["target"], given["output"], given.get("from_logits", False)


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


_FUNCTIONS = (
    SPARSE,
    ONEHOT,
    BINARY,
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
    *sorted(REGRESSION),
)

_CROSS_ENTROPIES = (
    ("sparse_softmax_cross_entropy_with_logits", SPARSE),
    ("softmax_cross_entropy_with_logits", ONEHOT),
    ("sigmoid_cross_entropy_with_logits", BINARY),
)


def _module(name: str) -> ModuleType | None:
    """A module of Keras' own, None where this version has no such."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _hooks_of(module: ModuleType | None, names: tuple[str, ...], around: Any) -> list[Hook]:
    held = vars(module) if module is not None else {}
    return [Hook(module, name, functools.partial(around, name)) for name in names if name in held]


HOOKS = (
    Hook(keras.losses.Loss, "__call__", around_loss),
    Hook(keras.layers.Layer, "losses", around_losses),
    *_hooks_of(_module("keras.losses"), _FUNCTIONS, around_function),
    # What `tf.keras.losses` is.
    *_hooks_of(_module("keras._tf_keras.keras.losses"), _FUNCTIONS, around_function),
    *_hooks_of(_module("keras.src.backend.tensorflow.nn"), _RESTORING, around_backend),
    *(
        Hook(tf.nn, name, functools.partial(around_cross_entropy, loss))
        for name, loss in _CROSS_ENTROPIES
    ),
)
