"""A closer look at some layers of a traced step: details of their gradients and outputs."""

from typing import Any

import tensorflow as tf

from gradscope import detail
from gradscope.capture import variables as var
from gradscope.capture.measure import Column
from gradscope.capture.trace import Output, Trace
from gradscope.escalation import owner_of
from gradscope.probes import detail as probe

_MOST_VARIABLES = 4
"""Of one layer: kernel, bias and two more."""


def look(trace: Trace, layers: tuple[str, ...]) -> dict[str, Column]:
    """The details of the layers that a trace saw: `detail.key_of` -> names and values.

    layers: paths of layers; see `escalation.layers_of`.
    """
    columns: dict[str, Column] = {}
    for variable, path in _variables(trace, layers):
        columns |= _of_gradient(trace, variable, path)
    for output in trace.outputs:
        if output.path in layers:
            columns |= _of_output(output)
    return columns


def _variables(trace: Trace, layers: tuple[str, ...]) -> list[tuple[Any, str]]:
    """The watched layers' variables that a gradient reaches, with their paths."""
    outputs = {output.path for output in trace.outputs}
    named = list(zip(trace.variables, var.paths(trace.variables), strict=True))
    own = {
        layer: [
            (variable, path)
            for variable, path in named
            if owner_of(path, outputs) == layer and trace.grads_of(variable)
        ]
        for layer in layers
    }
    return [pair for layer in layers for pair in own[layer][:_MOST_VARIABLES]]


def _of_gradient(trace: Trace, variable: Any, path: str) -> dict[str, Column]:
    parts = trace.grads_of(variable)
    # A step that asks for a gradient twice applies the sum.
    grad = parts[0] if len(parts) == 1 else tf.add_n([tf.convert_to_tensor(p) for p in parts])
    shape = var.resource(variable).shape
    columns = {"grad_histogram": (detail.bin_names(), probe.grad_histogram(grad, trace.scale))}
    if shape.rank and shape.rank > 1 and shape[-1]:
        columns["grad_unit_rms"] = (_units(shape[-1]), probe.grad_unit_rms(grad, trace.scale))
    return {detail.key_of(kind, path): column for kind, column in columns.items()}


def _of_output(output: Output) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    if _has_units(output.tensor):
        names = _units(output.tensor.shape[-1])
        mean, size = probe.unit_sizes(output.tensor)
        columns = {"unit_mean": (names, mean), "unit_rms": (names, size)}
    if output.kind and output.units is not None and _has_units(output.units):
        names = _units(output.units.shape[-1])
        shares = probe.unit_shares(output.units, output.kind)
        columns |= {kind: (names, share) for kind, share in shares.items()}
    return {detail.key_of(kind, output.path): column for kind, column in columns.items()}


def _has_units(tensor: tf.Tensor) -> bool:
    return (tensor.shape.rank or 0) > 1 and bool(tensor.shape[-1])


def _units(count: int) -> tuple[str, ...]:
    return tuple(map(str, detail.unit_indices(count)))
