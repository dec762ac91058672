"""What is recorded of a layer that is watched closely: kinds, their bins and units, their names.

A *series* of details is one kind for one variable or layer output, under the key `<kind>/<path>`:
so the columns of a detailed row are a `Layout`, with keys in the place of statistics.
"""

from dataclasses import dataclass
from typing import Literal

LEAST_EXPONENT = -64
"""Of the histogram's finest bin: 2⁻⁶⁴ is 5e-20, far below what float32 adds to a weight."""

MOST_EXPONENT = 15
"""Of its last bin, which ends at 2¹⁶."""

MOST_UNITS = 128
"""Units of a layer that are recorded one by one; of more, each second or third, ...: a picture has
no more rows."""


@dataclass(frozen=True)
class Kind:
    """One kind of detail.

    name: the slug under which a run stores it.
    per: what a series of it belongs to: a trainable variable or a layer's output.
    axis: what its values are spread over: "size" (bins of |g|) or "unit" (indices of the last
        axis).
    title: for a reader.
    formula: how it is computed.
    unit: of one value.
    scale: how to draw it.
    """

    name: str
    per: Literal["variable", "layer"]
    axis: Literal["size", "unit"]
    title: str
    formula: str
    unit: str
    scale: Literal["log", "linear", "share"]


KINDS: tuple[Kind, ...] = (
    Kind(
        "grad_histogram",
        "variable",
        "size",
        "gradient elements by size |gᵢ|",
        f"how many elements have 2^k ≤ |gᵢ| < 2^(k+1), for k from {LEAST_EXPONENT} to "
        f"{MOST_EXPONENT}; zeros, smaller, larger and non-finite ones apart",
        "elements",
        "log",
    ),
    Kind(
        "grad_unit_rms",
        "variable",
        "unit",
        "gradient of each unit's weights",
        "√ mean g² over the weights of one unit (index of the last axis)",
        "loss per unit of weight",
        "log",
    ),
    Kind(
        "unit_mean",
        "layer",
        "unit",
        "mean output of each unit",
        "mean a over the samples of the step",
        "activation",
        "linear",
    ),
    Kind(
        "unit_rms",
        "layer",
        "unit",
        "size of each unit's output",
        "√ mean a² over the samples of the step",
        "activation",
        "log",
    ),
    Kind(
        "unit_firing",
        "layer",
        "unit",
        "firing share of each unit",
        "share of samples for which a rectifier's unit fires",
        "share of samples",
        "share",
    ),
    Kind(
        "unit_saturated",
        "layer",
        "unit",
        "saturated share of each unit",
        "share of samples for which the unit is saturated: sigmoid, softmax outside [0.01, 0.99]; "
        "tanh, softsign |a| > 0.99",
        "share of samples",
        "share",
    ),
)

BY_NAME = {kind.name: kind for kind in KINDS}


def key_of(kind: str, path: str) -> str:
    """What a series of details is called.

    >>> key_of("unit_mean", "net/dense")
    'unit_mean/net/dense'
    """
    return f"{kind}/{path}"


def parts_of(key: str) -> tuple[str, str]:
    """(kind, path) of a series.

    >>> parts_of("unit_mean/net/dense")
    ('unit_mean', 'net/dense')
    """
    kind, _, path = key.partition("/")
    return kind, path


def bin_names() -> tuple[str, ...]:
    """What the values of a histogram are called, smallest elements first.

    >>> bin_names()[:4], bin_names()[-3:]
    (('0', '<2^-64', '2^-64', '2^-63'), ('2^15', '>=2^16', 'nonfinite'))
    """
    bins = (f"2^{exponent}" for exponent in range(LEAST_EXPONENT, MOST_EXPONENT + 1))
    return ("0", f"<2^{LEAST_EXPONENT}", *bins, f">=2^{MOST_EXPONENT + 1}", "nonfinite")


def unit_indices(units: int) -> range:
    """Which units of a layer are recorded: all, or as many as fit, equally far apart.

    >>> unit_indices(3), len(unit_indices(512)), unit_indices(300)[1]
    (range(0, 3), 128, 3)
    """
    return range(0, units, max(1, -(-units // MOST_UNITS)))
