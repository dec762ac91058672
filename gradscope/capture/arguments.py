"""The labels of a loss written by hand: the one argument of the step that fits the output."""

from typing import Any

import tensorflow as tf

from gradscope.capture.head import head
from gradscope.capture.hooks import watched_traces
from gradscope.capture.objective import OTHER
from gradscope.capture.trace import Pair, Trace


def note_arguments(arguments: Any) -> None:
    """Tells the traces of this thread what the step was called with, any nest of tensors."""
    for trace in watched_traces():
        with trace.noting():
            flat = tf.nest.flatten(arguments)
            trace.arguments = [x for x in flat if isinstance(x, tf.Tensor) and trace.holds(x)]


def settle(trace: Trace) -> None:
    """Completes what the hooks saw of labels and predictions, once the step is traced."""
    if trace.pair is None:
        trace.pair = _from_arguments(trace)
    elif trace.pair.kind is None and not OTHER.search(trace.pair.loss or ""):
        pair = trace.pair
        pair.kind = _kind(pair.labels, pair.predictions, head(trace).activation)
    pair = trace.pair
    if pair is None or pair.logits is not None or pair.kind not in ("sparse", "onehot", "binary"):
        return
    # Nobody says what a loss written by hand works on; its output's activation does.
    if head(trace).activation not in ("softmax", "sigmoid"):
        pair.scores = pair.predictions


def _from_arguments(trace: Trace) -> Pair | None:
    """The pair of the first output of the model that exactly one argument fits."""
    if trace.elsewhere():
        return None
    known = _behind(trace.fed)
    others = [x for x in trace.arguments if _key(x) not in known]
    activation = head(trace).activation
    for output in trace.returned:
        fitting = [(x, kind) for x in others if (kind := _kind(x, output, activation))]
        if len(fitting) == 1:
            return Pair(fitting[0][0], output, kind=fitting[0][1])
    return None


def _kind(labels: tf.Tensor, output: tf.Tensor, activation: str | None) -> str | None:
    """What labels are that fit an output, None for those that don't.

    Integers, one for each row of several outputs, are classes; floats of the output's shape are
    targets, of a softmax one-hot rows.
    """
    units = output.shape[-1] if output.shape.rank else None
    if units is None or labels.shape.rank is None:
        return None
    several = units > 1
    if labels.dtype.is_integer:
        return "sparse" if several and _same(labels.shape, output.shape[:-1]) else None
    if not labels.dtype.is_floating or not _same(labels.shape, output.shape):
        return None
    return "onehot" if several and activation == "softmax" else "regression"


def _same(one: tf.TensorShape, other: tf.TensorShape) -> bool:
    """Whether two shapes are equal but for axes of length 1 at the end."""
    return _without_ones(one).is_compatible_with(_without_ones(other))


def _without_ones(shape: tf.TensorShape) -> tf.TensorShape:
    sizes = shape.as_list()
    while len(sizes) > 1 and sizes[-1] == 1:
        sizes.pop()
    return tf.TensorShape(sizes)


def _key(tensor: tf.Tensor) -> Any:
    # One operation gives all parts of a batch of tf.data.
    return (tensor.op.name, tensor.value_index) if tf.is_symbolic_tensor(tensor) else id(tensor)


def _behind(tensors: list[tf.Tensor]) -> set[Any]:
    """The keys of tensors and of all that they were computed from."""
    keys: set[Any] = set()
    stack = list(tensors)
    while stack:
        tensor = stack.pop()
        if (key := _key(tensor)) not in keys:
            keys.add(key)
            stack += list(tensor.op.inputs) if tf.is_symbolic_tensor(tensor) else []
    return keys
