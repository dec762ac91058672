"""What is known of a run before its first number: versions, model, optimizer."""

import platform
from typing import Any

import keras
import tensorflow as tf

import gradscope
from gradscope.capture import variables as var
from gradscope.capture.trace import Trace


def facts(trace: Trace) -> dict[str, Any]:
    """The JSON-ready facts of `records.Start.info`."""
    names = var.paths(trace.variables)
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
            for name, v in zip(names, trace.variables, strict=True)
        },
        "unconnected": [
            name for name, v in zip(names, trace.variables, strict=True) if not trace.grads_of(v)
        ],
        "layers": {
            output.path: {
                "class": output.layer_class,
                "activation": output.kind,
                "units": output.tensor.shape[-1] if output.tensor.shape.rank else None,
            }
            for output in trace.outputs
        },
        "optimizers": [_optimizer(apply.optimizer) for apply in trace.applies],
    }


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
