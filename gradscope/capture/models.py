"""What a model's layers say of themselves: dropout, regularizers, the dtype they compute in."""

from typing import Any

import keras

from gradscope.capture import variables as var
from gradscope.capture.trace import Trace, layers

_DROPPING = tuple(
    getattr(keras.layers, name)
    for name in ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
                 "AlphaDropout", "GaussianDropout")
    if hasattr(keras.layers, name)
)  # fmt: skip


def compute_dtype(trace: Trace) -> str | None:
    """The narrowest float type that a layer with weights computes in, such as "float16"."""
    found = [str(getattr(layer, "compute_dtype", "")) for layer in _weighted(trace.model)]
    found += [str(var.resource(v).dtype.name) for v in trace.variables] if not found else []
    for narrow in ("float16", "bfloat16", "float32", "float64"):
        if narrow in found:
            return narrow
    return None


def _weighted(model: Any) -> list[Any]:
    # A model has the policy of its class, whatever its layers have.
    return [
        layer
        for layer in layers(model)
        if getattr(layer, "weights", None) and not isinstance(layer, keras.Model)
    ]


def dropout(model: Any) -> dict[str, float]:
    """Layer path -> the share of its inputs that it drops, where that isn't 0."""
    rates: dict[str, float] = {}
    for layer in layers(model):
        rate = getattr(layer, "rate" if isinstance(layer, _DROPPING) else "dropout", None)
        if isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate > 0:
            rates[getattr(layer, "path", None) or layer.name] = float(rate)
    return rates


def regularizers(trace: Trace) -> dict[str, dict[str, Any]]:
    """Variable path -> class and factors of its regularizer; a factor it lacks is 0."""
    named = zip(var.paths(trace.variables), trace.variables, strict=True)
    return {
        path: {"class": type(regularizer).__name__, **_factors(regularizer)}
        for path, variable in named
        if (regularizer := getattr(variable, "regularizer", None)) is not None
    }


def _factors(regularizer: Any) -> dict[str, float]:
    factors = {}
    for name in ("l1", "l2"):
        try:
            factors[name] = float(getattr(regularizer, name, 0.0) or 0.0)
        except (TypeError, ValueError):
            factors[name] = 0.0
    return factors
