"""From a trace to numbers: one scalar for each statistic and name."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from gradscope.capture import clipping, evidence, objective
from gradscope.capture import variables as var
from gradscope.capture.models import compute_dtype
from gradscope.capture.trace import Output, Trace
from gradscope.probes import data as data_probe
from gradscope.probes import gradients, reduce, units, updates
from gradscope.probes import objective as objective_probe
from gradscope.probes.forms import compiled

_NAN = float("nan")

Column = tuple[tuple[str, ...], tf.Tensor]
"""(L names, float32[L])."""


@dataclass(frozen=True)
class Measured:
    """The numbers of one step.

    columns: statistic -> names and values; all but `dead_fraction`, which needs the steps before.
    silent: layer path -> bool[units], True for units that fired for no sample of the step.
    """

    columns: dict[str, Column]
    silent: dict[str, tf.Tensor]


def measure(trace: Trace) -> Measured:
    """All statistics of the step that a trace saw, as tensors of the same graph."""
    with compiled(trace.xla):
        return _measure(trace)


def _measure(trace: Trace) -> Measured:
    after = [var.read(v) for v in trace.variables]
    grads = [_sum(trace.grads_of(v)) for v in trace.variables]
    names = var.paths(trace.variables)
    numbers = gradients.gradients(grads, trace.scale)
    per_variable = {**numbers._asdict(), **updates.updates(trace.before_values(), after)._asdict()}
    columns = {statistic: (names, column) for statistic, column in per_variable.items()}
    known = [units.unit_sums(output.tensor) for output in trace.outputs]
    silent = {
        output.path: units.silent(
            output.units,
            output.kind or "",
            known=sums if output.units is output.tensor else None,
            **(_argument(output) if trace.xla else {}),
        )
        for output, sums in zip(trace.outputs, known, strict=True)
        if units.is_rectifier(output.kind) and output.units.shape.rank and output.units.shape[-1]
    }
    columns |= _measure_layers(trace, silent, known) | evidence.measure_classes(trace)
    for statistic, number in _measure_step(trace, grads, numbers).items():
        columns[statistic] = ((statistic,), tf.reshape(tf.cast(number, tf.float32), [1]))
    return Measured(columns, silent)


def _argument(output: Output) -> dict[str, tf.Tensor]:
    """What an output's activation function was applied to, and the bias that was added to it.

    Only under XLA: without it a further reader keeps TensorFlow from fusing the layer, which then
    rounds otherwise than the plain step.
    """
    argument = output.argument
    if argument is None:
        return {}
    if tf.executing_eagerly():
        return {"argument": argument}
    operation = argument.op
    if operation.type != "BiasAdd" or operation.get_attr("data_format") != b"NHWC":
        return {"argument": argument}
    # The product lies in memory, its sum with the bias would have to be written first.
    argument, bias = operation.inputs
    return {"argument": argument, "bias": bias}


def _measure_layers(
    trace: Trace, silent: dict[str, tf.Tensor], known: list[units.UnitSums | None]
) -> dict[str, Column]:
    outputs = trace.outputs
    pushed = [output for output in outputs if output.grads]
    judged = [
        output
        for output in outputs
        if units.can_saturate(output.kind)
        and (output.path in silent or not units.is_rectifier(output.kind))
    ]
    size = units.activations([output.tensor for output in outputs], known)
    grad_norms = units.activation_grad_norms([_sum(o.grads) for o in pushed], trace.scale)
    saturated = [
        units.saturated(output.units, output.kind or "", silent.get(output.path))
        for output in judged
    ]
    columns = {
        **{statistic: (outputs, column) for statistic, column in size._asdict().items()},
        "saturated_fraction": (judged, units.shares(saturated)),
        "activation_grad_norm": (pushed, grad_norms),
    }
    return {
        statistic: (tuple(output.path for output in of), column)
        for statistic, (of, column) in columns.items()
        if of
    }


def _measure_step(trace: Trace, grads: list[Any], numbers: Any) -> dict[str, tf.Tensor]:
    norms, largest = tf.unstack(numbers.grad_norm), tf.unstack(numbers.grad_max_abs)
    reached = [i for i, grad in enumerate(grads) if grad is not None]
    by_variable = {id(trace.variables[i]): (norms[i], largest[i]) for i in reached}
    share, penalty = _regularization(trace, grads)
    return {
        "loss": objective_probe.loss(trace.targets),
        "global_grad_norm": objective_probe.global_grad_norm([norms[i] for i in reached]),
        "regularization_grad_share": share,
        "regularization_loss": penalty,
        "clip_fraction": objective_probe.clip_fraction(clipping.clipped(trace, by_variable)),
        "learning_rate": trace.applies[0].learning_rate if trace.applies else tf.constant(_NAN),
        "loss_scale": tf.constant(1.0) if trace.scale is None else trace.scale,
        **({"grad_underflow_share": gradients.underflow_share(grads)} if half(trace) else {}),
        **data_probe.inputs(trace.inputs)._asdict(),
        **data_probe.features(trace.inputs)._asdict(),
        **evidence.measure_pair(trace),
    }


def _sum(parts: list[Any]) -> Any:
    """The sum of the gradients that several gradient calls gave, None without any."""
    if len(parts) < 2:
        return parts[0] if parts else None
    if all(isinstance(part, tf.IndexedSlices) for part in parts):
        return tf.IndexedSlices(
            tf.concat([part.values for part in parts], 0),
            tf.concat([part.indices for part in parts], 0),
            parts[0].dense_shape,
        )
    return tf.add_n([tf.convert_to_tensor(part) for part in parts])


def half(trace: Trace) -> bool:
    """True where layers of the model compute in float16."""
    return compute_dtype(trace) == "float16"


def _regularization(trace: Trace, grads: list[Any]) -> tuple[tf.Tensor, tf.Tensor]:
    """(regularization_grad_share, regularization_loss)."""
    regularized = [getattr(v, "regularizer", None) for v in trace.variables]
    if not any(regularized) or not objective.regularizers_count(trace):
        return tf.constant(0.0), tf.constant(0.0)
    whole, pulls, penalties = [], [], []
    for grad, regularizer, before in zip(grads, regularized, trace.before_values(), strict=True):
        pull = None
        if regularizer:
            pull, penalty = _penalty(regularizer, before)
            penalties.append(penalty)
        if grad is None:
            continue
        dense = reduce.real(
            tf.convert_to_tensor(grad) if regularizer else gradients.distinct(grad)[0]
        )
        whole.append(dense if trace.scale is None else dense / tf.cast(trace.scale, dense.dtype))
        pulls.append(pull)
    share = objective_probe.regularization_grad_share(whole, pulls)
    return share, objective_probe.loss(penalties)


def _penalty(regularizer: Any, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(∇R, R) of one variable: elementwise, so no pass through the network."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        penalty = regularizer(weights)
    pull = tape.gradient(penalty, weights, unconnected_gradients="zero")
    return tf.convert_to_tensor(pull), penalty
