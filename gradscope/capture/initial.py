"""What the weights were before the first recorded step."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tensorflow as tf

from gradscope.capture import variables as var
from gradscope.capture.trace import Trace


def initial(trace: Trace) -> dict[str, dict[str, float | None]]:
    """Variable path -> mean, std and max_abs of its value before the step; None where not finite.

    Computed on the device of the variables; only the figures are fetched. What can't be read yet,
    since it is made by the very program that is being traced, is left out.
    """
    if trace.graph is None:
        values: list[Any] = trace.before_values()
        return _figures(trace, values)
    # In a thread of its own there is no graph being traced: operations run at once.
    with ThreadPoolExecutor(1, "gradscope-initial") as other_thread:
        values = [var.resource(variable) for variable in trace.variables]
        return other_thread.submit(_figures, trace, values).result()


def _figures(trace: Trace, values: list[Any]) -> dict[str, dict[str, float | None]]:
    rows, known = [], []
    for path, value in zip(var.paths(trace.variables), values, strict=True):
        try:
            rows.append(_summary(tf.convert_to_tensor(value)))
            known.append(path)
        except (tf.errors.OpError, TypeError, ValueError):
            continue
    table = tf.stack(rows).numpy().tolist() if rows else []
    names = ("mean", "std", "max_abs")
    return {
        path: {
            name: figure if math.isfinite(figure) else None
            for name, figure in zip(names, row, strict=True)
        }
        for path, row in zip(known, table, strict=True)
    }


def _summary(value: tf.Tensor) -> tf.Tensor:
    """float32[3]: mean, standard deviation and largest magnitude."""
    wide = tf.cast(value, tf.float32)
    mean = tf.reduce_mean(wide)
    # One temporary of the variable's size at a time.
    largest = tf.maximum(tf.reduce_max(wide), -tf.reduce_min(wide))
    return tf.stack([mean, tf.math.reduce_std(wide), largest])
