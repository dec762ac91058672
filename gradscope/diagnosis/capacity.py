"""What a model can't express for its build: no nonlinearity, or hidden layers too narrow."""

from dataclasses import dataclass

from gradscope.diagnosis.facts import layers, objective
from gradscope.diagnosis.reading import kernels, read
from gradscope.records import RunView

NARROW = 2
"""Units: one or two ReLU units fold the input space once or twice (Montúfar et al. 2014, On the
number of linear regions of deep neural networks)."""

PER_CLASS = 0.25
"""Units of a hidden layer per class, below which several classes must share each direction."""

LINEAR = frozenset(
    {"Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"}
    | {"SeparableConv1D", "SeparableConv2D", "Conv2DTranspose", "Embedding", "BatchNormalization"}
    | {"Normalization", "Rescaling", "Add", "Subtract", "Average", "Concatenate", "InputLayer"}
)
"""Keras layers that are linear (or affine) where they have no activation."""


@dataclass(frozen=True)
class Limit:
    """Why a model can express little.

    layer: path of the layer to change, or None for the whole model.
    units: of that layer; 0 where the width is not the limit.
    words: the reason, for the end of a sentence.
    """

    layer: str | None
    units: int
    words: str


def limit(run: RunView) -> Limit | None:
    """What limits the model of a run; None where nothing is known to."""
    known = layers(run)
    if not known:
        return None
    head = objective(run).layer
    hidden = [path for path in known if path != head]
    if head is None:
        hidden = hidden[:-1]
    plain = [
        known[path].get("class") in LINEAR and known[path].get("activation") in (None, "linear")
        for path in hidden
    ]
    if all(plain):
        return Limit(None, 0, "the model has no nonlinearity, so that all it can be is linear")
    least = _least_units(run)
    names = read(run, "grad_norm").names
    weighted = [names[column] for column in kernels(run)]
    for path in hidden:
        units = known[path].get("units")
        if not isinstance(units, int) or not any(w.startswith(path + "/") for w in weighted):
            continue
        if units <= least:
            few = "unit" if units == 1 else "units"
            return Limit(path, units, f"all must pass the {units} {few} of {path}")
    return None


def _least_units(run: RunView) -> int:
    """The width at which a hidden layer counts as narrow; 0 where the output has many targets."""
    facts = objective(run)
    if facts.classifies:
        return max(NARROW, int(PER_CLASS * (facts.classes or 0)))
    # A narrow middle is the point of an autoencoder.
    return NARROW if (facts.units or 1) <= NARROW else 0
