"""From a trace to numbers: one scalar for each statistic and name."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from gradscope import catalog
from gradscope.capture import clipping, objective
from gradscope.capture import variables as var
from gradscope.capture.trace import Trace
from gradscope.probes import data as data_probe
from gradscope.probes import gradients, reduce, units, updates
from gradscope.probes import objective as objective_probe

Values = dict[str, dict[str, tf.Tensor]]
"""statistic -> name -> float32 scalar."""


@dataclass(frozen=True)
class Measured:
    """The numbers of one step.

    values: all of them but `dead_fraction`, which needs the steps before.
    silent: layer path -> bool[units], True for units that fired for no sample of the step.
    """

    values: Values
    silent: dict[str, tf.Tensor]


def measure(trace: Trace) -> Measured:
    """All statistics of the step that a trace saw, as tensors of the same graph."""
    after = [var.read(v) for v in trace.variables]
    grads = [_sum(trace.grads_of(v)) for v in trace.variables]
    names = var.paths(trace.variables)
    values: Values = {statistic.name: {} for statistic in catalog.STATISTICS}
    for name, grad, before, now in zip(names, grads, trace.before_values(), after, strict=True):
        _put(values, name, gradients.gradient(grad, trace.scale)._asdict())
        _put(values, name, updates.update(before, now)._asdict())
    silent = _measure_layers(trace, values)
    _measure_step(trace, values, grads, names)
    return Measured({s: v for s, v in values.items() if v}, silent)


def _put(values: Values, name: str, numbers: dict[str, tf.Tensor]) -> None:
    for statistic, number in numbers.items():
        values[statistic][name] = number


def _measure_layers(trace: Trace, values: Values) -> dict[str, tf.Tensor]:
    silent: dict[str, tf.Tensor] = {}
    for output in trace.outputs:
        name, tensor = output.path, output.tensor
        values["activation_mean"][name] = units.activation_mean(tensor)
        values["activation_rms"][name] = units.activation_rms(tensor)
        if output.grads:
            grad = _sum(output.grads)
            values["activation_grad_norm"][name] = units.activation_grad_norm(grad, trace.scale)
        judged, kind = output.units, output.kind
        if judged is None or kind is None or not units.can_saturate(kind):
            continue
        if units.is_rectifier(kind) and judged.shape.rank and judged.shape[-1]:
            silent[name] = units.silent(judged, kind)
        elif units.is_rectifier(kind):
            continue
        values["saturated_fraction"][name] = units.saturated_fraction(
            judged, kind, silent.get(name)
        )
    return silent


def _measure_step(trace: Trace, values: Values, grads: list[Any], names: tuple[str, ...]) -> None:
    norms = values["grad_norm"]
    numbers = {
        id(v): (norms[name], values["grad_max_abs"][name])
        for name, v, grad in zip(names, trace.variables, grads, strict=True)
        if grad is not None
    }
    reached = [i for i, grad in enumerate(grads) if grad is not None]
    nan = tf.constant(float("nan"), tf.float32)
    labels = trace.labels
    step = {
        "loss": objective_probe.loss(trace.targets),
        "global_grad_norm": objective_probe.global_grad_norm([norms[names[i]] for i in reached]),
        "regularization_grad_share": _regularization(trace, grads),
        "clip_fraction": objective_probe.clip_fraction(clipping.clipped(trace, numbers)),
        "learning_rate": trace.applies[0].learning_rate if trace.applies else nan,
        "loss_scale": tf.constant(1.0) if trace.scale is None else trace.scale,
        "label_entropy": data_probe.label_entropy(
            *((labels.tensor, labels.kind, labels.classes) if labels else (None, None, None))
        ),
        **data_probe.inputs(trace.inputs)._asdict(),
    }
    for statistic, number in step.items():
        values[statistic][statistic] = number


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


def _regularization(trace: Trace, grads: list[Any]) -> tf.Tensor:
    regularized = [getattr(v, "regularizer", None) for v in trace.variables]
    if not any(regularized) or not objective.regularizers_count(trace):
        return tf.constant(0.0)
    whole, penalties = [], []
    for grad, regularizer, before in zip(grads, regularized, trace.before_values(), strict=True):
        if grad is None:
            continue
        dense = reduce.real(
            tf.convert_to_tensor(grad) if regularizer else gradients.distinct(grad)[0]
        )
        whole.append(dense if trace.scale is None else dense / tf.cast(trace.scale, dense.dtype))
        penalties.append(_penalty_grad(regularizer, before) if regularizer else None)
    return objective_probe.regularization_grad_share(whole, penalties)


def _penalty_grad(regularizer: Any, weights: tf.Tensor) -> tf.Tensor:
    """∇R of one variable: elementwise, so no pass through the network."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        penalty = regularizer(weights)
    return tf.convert_to_tensor(tape.gradient(penalty, weights, unconnected_gradients="zero"))
