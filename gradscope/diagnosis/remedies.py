"""What rules recommend, with values and layers taken from the run."""

from typing import Any

import numpy as np

from gradscope.diagnosis.facts import optimizer
from gradscope.diagnosis.reading import Series, medians, read
from gradscope.records import RunView
from gradscope.report import Remedy

SLOWER = 10.0
"""Factor by which a learning rate that broke a run is lowered: the usual grid of a first search
(Goodfellow et al. 2016, Deep Learning, section 11.4.3)."""

USUAL_RATE = 1e-3
"""Learning rate to assume where none is recorded: the default of keras.optimizers.Adam."""

RECTIFIERS = frozenset(["relu", "relu6"])
"""Activations whose units can be off: no output, no gradient."""

RELU_LIKE = RECTIFIERS | {"leaky_relu", "elu", "selu", "gelu", "silu"}
"""Activations that pass the gradient of half of their units or more."""

SQUASHING = frozenset(["sigmoid", "hard_sigmoid", "tanh", "softsign", "softmax"])
"""Activations that take a factor off each gradient."""

NEARLY_ALL = 0.9
"""Share of units that never fire: healthy nets stay below a fifth."""

FLOW = (
    "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural "
    "networks; Ioffe & Szegedy 2015, Batch normalization"
)
OFF = "Lu et al. 2019, Dying ReLU and initialization"


def way_back(run: RunView, layer: str, step: int, zero: bool) -> Remedy:
    """What lets the gradient pass a layer, after what the net has already.

    layer: where the gradient is lost; step: since when; zero: whether it is exactly 0 there.
    """
    kinds = _activations(run)
    off = _off(run, kinds, step) if zero else None
    if off is not None:
        return _revive(run, off, step)
    if set(kinds.values()) & RELU_LIKE and not set(list(kinds.values())[:-1]) & SQUASHING:
        return Remedy(
            f"Let the gradient pass {layer}: He initialization, normalization between layers, or "
            "residual connections.",
            'x = keras.layers.Dense(units, kernel_initializer="he_normal")(x)\n'
            "x = keras.layers.BatchNormalization()(x)  # before the activation",
            FLOW,
        )
    return Remedy(
        f"Let the gradient pass {layer}: ReLU-like activations with He initialization instead of "
        "sigmoid, tanh or softmax inside the net, normalization between layers, or residual "
        "connections.",
        'x = keras.layers.Dense(units, kernel_initializer="he_normal", use_bias=False)(x)\n'
        'x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))',
        FLOW,
    )


def _revive(run: RunView, off: str, step: int) -> Remedy:
    """For rectifiers that are off: by the first weights, or by an update that was too far."""
    steps = read(run, "grad_norm").steps
    if len(steps) and step <= steps[0]:
        return Remedy(
            f"Nearly all units of {off} are off from the first step, so no gradient passes. Start "
            "from random weights of the right size, and scale the inputs to about unit variance.",
            'x = keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)',
            OFF,
        )
    return Remedy(
        f"Nearly all units of {off} are off since step {step}, so no gradient passes. Lower the "
        "learning rate tenfold and start again: units that are off do not come back.",
        gentler_optimizer(run, clip=1.0),
        OFF,
    )


def _activations(run: RunView) -> dict[str, str]:
    """layer -> activation, in the order of the calls, of the layers where it is known."""
    layers: Any = run.info.get("layers")
    known: dict[str, str] = {}
    for layer in read(run, "activation_rms").names:
        try:
            kind: Any = layers[layer]["activation"]
        except (TypeError, KeyError):
            continue
        if isinstance(kind, str):
            known[layer] = kind
    return known


def _off(run: RunView, kinds: dict[str, str], step: int) -> str | None:
    """The first rectified layer of which nearly all units are silent from a step on, or None."""
    rectified = [layer for layer, kind in kinds.items() if kind in RECTIFIERS]
    sizes, dead = read(run, "activation_rms"), read(run, "dead_fraction")
    for layer in rectified:
        silent = _since(sizes, layer, step) == 0
        if silent or (layer in dead.names and _since(dead, layer, step) >= NEARLY_ALL):
            return layer
    return None


def _since(series: Series, layer: str, step: int) -> float:
    """The layer's median from a step on."""
    column = series.values[series.steps >= step, series.names.index(layer)]
    return float(medians(column[:, None], axis=0)[0])


def gentler_optimizer(run: RunView, clip: float) -> str:
    """A Keras line that makes the run's optimizer anew: slower, its gradient clipped to a norm."""
    rates = read(run, "learning_rate").values
    rates = rates[np.isfinite(rates) & (rates > 0)]
    rate = (float(np.median(rates)) if len(rates) else USUAL_RATE) / SLOWER
    return optimizer_line(run, rate, clip)


def optimizer_line(run: RunView, rate: float, clip: float | None = None) -> str:
    """A Keras line that makes the run's optimizer anew, with a learning rate and a momentum.

    rate: NaN for `USUAL_RATE`. clip: norm to which all gradients together are clipped, or None.
    """
    settings = [f"learning_rate={rate if np.isfinite(rate) else USUAL_RATE:.2g}"]
    momentum = optimizer(run).get("momentum")
    if _class(run) in ("SGD", "RMSprop") and isinstance(momentum, float) and momentum > 0:
        settings.append(f"momentum={momentum:.2g}")
    if clip is not None:
        settings.append(f"global_clipnorm={clip:.2g}")
    return f"optimizer = keras.optimizers.{_class(run)}({', '.join(settings)})"


def _class(run: RunView) -> str:
    """The class of the run's only optimizer, within a wrapper; Adam where that isn't known."""
    name = str(optimizer(run).get("class", ""))
    # A wrapper takes an optimizer, no learning rate.
    return name if name.isidentifier() and name != "LossScaleOptimizer" else "Adam"
