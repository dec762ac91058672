"""What is recorded of a layer that is watched closely: kinds, their bins and units, their names.

A *series* of details is one kind for one variable or layer output, under the key `<kind>/<path>`:
so the columns of a detailed row are a `Layout`, with keys in the place of statistics.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradscope.errors import UsageError

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


Series = tuple[NDArray[np.int64], NDArray[np.float32]]
"""(steps int64[S] ascending, values float32[S, n])."""


@dataclass(frozen=True)
class Watched:
    """One stretch of steps over which a layer was watched closely.

    layer: its path, or a variable's.
    since: the step from which on.
    until: the step at which that ended, None where it went on to the end of the run.
    """

    layer: str
    since: int
    until: int | None


@dataclass(frozen=True, eq=False, repr=False)
class Details:
    """What a run holds of the layers that were watched closely; nothing in most runs.

    watched: which layers were, and when, in the order in which it began.

    >>> steps, values = np.array([10, 15]), np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)
    >>> columns = {"unit_mean/net/dense": ("0", "1")}
    >>> details = Details((), columns, lambda key: (steps, values))
    >>> details.paths, details.kinds("net/dense"), details.names("unit_mean", "net/dense")
    (('net/dense',), ('unit_mean',), ('0', '1'))
    >>> details.series("unit_mean", "net/dense")[1]
    array([[0.1, 0.2],
           [0.3, 0.4]], dtype=float32)
    """

    watched: tuple[Watched, ...]
    _columns: Mapping[str, tuple[str, ...]]
    _read: Callable[[str], Series]

    def __repr__(self) -> str:
        """One line; the arrays are asked for by name."""
        return f"<Details of {', '.join(self.paths) or 'no layer'}>"

    @property
    def keys(self) -> tuple[str, ...]:
        """All series, as `key_of` calls them."""
        return tuple(self._columns)

    @property
    def paths(self) -> tuple[str, ...]:
        """The variables and layer outputs of which there are details."""
        return tuple(dict.fromkeys(parts_of(key)[1] for key in self._columns))

    def kinds(self, path: str) -> tuple[str, ...]:
        """The kinds of detail of a variable or layer output; empty where there are none."""
        parts = map(parts_of, self._columns)
        return tuple(kind for kind, of in parts if of == path)

    def names(self, kind: str, path: str) -> tuple[str, ...]:
        """What the n values of a series are: bins (`bin_names`), or units by their index."""
        return self._columns.get(key_of(kind, path), ())

    def series(self, kind: str, path: str) -> Series:
        """(steps int64[S] ascending, values float32[S, n]), one row for each closer look.

        Raises UsageError for a series that the run doesn't hold.
        """
        key = key_of(kind, path)
        if key not in self._columns:
            held = ", ".join(map(str, self._columns)) or "none: no layer was watched closely"
            raise UsageError(
                f"Details.series: there is no {kind!r} of {path!r}. The run holds {held}."
            )
        return self._read(key)


def stretches(watches: Iterable[tuple[int, Sequence[str]]]) -> tuple[Watched, ...]:
    """When each layer was watched, from (step, layers watched from there on) in ascending order.

    >>> stretches([(20, ["a", "b"]), (50, ["b"]), (90, [])])
    (Watched(layer='a', since=20, until=50), Watched(layer='b', since=20, until=90))
    """
    found: list[Watched] = []
    running: dict[str, int] = {}
    for step, layers in watches:
        for layer in [layer for layer in running if layer not in layers]:
            place = running.pop(layer)
            found[place] = replace(found[place], until=step)
        for layer in layers:
            if layer not in running:
                running[layer] = len(found)
                found.append(Watched(layer, step, None))
    return tuple(found)
