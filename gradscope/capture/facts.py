"""What is known of a run before its first number: versions, model, optimizer."""

import platform
from typing import Any

import keras
import tensorflow as tf

import gradscope
from gradscope.capture import models
from gradscope.capture import variables as var
from gradscope.capture.head import head
from gradscope.capture.initial import initial
from gradscope.capture.trace import Trace
from gradscope.probes import classes


def facts(trace: Trace) -> dict[str, Any]:
    """The JSON-ready facts of `records.Start.info`."""
    names = var.paths(trace.variables)
    first = initial(trace)
    return {
        "versions": {
            "gradscope": gradscope.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "python": platform.python_version(),
        },
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "model": {"name": getattr(trace.model, "name", ""), "class": type(trace.model).__name__},
        "variables": {
            name: {"shape": list(v.shape), "dtype": _dtype(v)}
            | ({"initial": first[name]} if name in first else {})
            for name, v in zip(names, trace.variables, strict=True)
        },
        "unconnected": [
            name for name, v in zip(names, trace.variables, strict=True) if not trace.grads_of(v)
        ],
        "none_gradients": _none_gradients(trace, names),
        "layers": {
            output.path: {
                "class": output.layer_class,
                "activation": output.kind,
                "units": output.tensor.shape[-1] if output.tensor.shape.rank else None,
            }
            for output in trace.outputs
        },
        "optimizers": [_optimizer(apply.optimizer) for apply in trace.applies],
        "objective": _objective(trace),
        "regularizers": models.regularizers(trace),
        "dropout": models.dropout(trace.model),
        "compute_dtype": models.compute_dtype(trace),
    }


def _objective(trace: Trace) -> dict[str, Any]:
    """Loss, labels and output layer; None for each that isn't known."""
    pair, end = trace.pair, head(trace)
    output = pair.predictions if pair else trace.returned[0] if trace.returned else None
    units = output.shape[-1] if output is not None and output.shape.rank else None
    return {
        "loss": pair.loss if pair else None,
        "kind": pair.kind if pair else None,
        "classes": classes.count(pair.labels, pair.predictions, pair.kind) if pair else None,
        "from_logits": pair.from_logits if pair else None,
        "logits": pair.logits if pair else None,
        "output": {
            "layer": end.layer,
            "activation": end.activation,
            "units": units,
            "before": end.before,
        },
    }


def _none_gradients(trace: Trace, names: tuple[str, ...]) -> list[str]:
    """The variables that an optimizer was handed None for: asked for, but out of reach."""
    given = [pair for apply in trace.applies for pair in apply.given]
    missing = {id(var.resource(v)) for gradient, v in given if gradient is None}
    return [
        name
        for name, v in zip(names, trace.variables, strict=True)
        if id(var.resource(v)) in missing and not trace.grads_of(v)
    ]


def _dtype(variable: Any) -> str:
    return tf.as_dtype(variable.dtype).name


def _optimizer(optimizer: Any) -> dict[str, Any]:
    """The optimizer's settings that JSON can hold; nested and callable ones by their name."""
    plain: dict[str, Any] = {"class": type(optimizer).__name__}
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        plain["inner"] = _optimizer(inner)
    for key in ("clipnorm", "global_clipnorm", "clipvalue", "weight_decay", "use_ema",
                "gradient_accumulation_steps", "momentum", "nesterov", "beta_1", "beta_2",
                "epsilon", "rho", "loss_scale_factor"):  # fmt: skip
        value = getattr(optimizer, key, None)
        if isinstance(value, (bool, int, float, str)):
            plain[key] = value
    schedule = getattr(optimizer, "_learning_rate", None)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        plain["schedule"] = type(schedule).__name__
    return plain
