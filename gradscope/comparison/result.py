"""The answer of a comparison, as data."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One setting that differs.

    what: its dotted name, such as "optimizer.learning_rate".
    a, b: its JSON-ready value in each run; None where a run doesn't have it.
    """

    what: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Datum:
    """One statistic of the batches.

    what: the statistic; "class_share.3" for one class of several, "input_mean.nonfinite" for the
        share of steps at which it is NaN or infinite.
    a, b: its mean over the middle three fifths of the steps, of shares over all; NaN where
        unknown.
    differs: whether more than chance and more than a trifle; see `gradscope.comparison.data`.
    """

    what: str
    a: float
    b: float
    differs: bool


@dataclass(frozen=True)
class Place:
    """A row, the optimizer step since which the runs part in it, and its value at that step.

    name: as run a has it.
    """

    statistic: str
    name: str
    step: int
    a: float
    b: float


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs.

    a, b: the runs' names.
    settings: what was set differently, most telling first.
    data: the statistics of the batches, those that differ first.
    parting: where the runs part: the first step, in it the first statistic as a step computes them
        (weights, activations, loss, gradients, updates), in it the first layer in depth order.
        None where they do not part.
    exact: whether the runs begin alike to the bit, so that `parting` is the first number that
        differs at all; otherwise it is the first that leaves what another seed explains.
    layers: the same for each row that parts, in the same order.
    only_a, only_b: names of variables and layers that only one run has.
    verdicts_a, verdicts_b: causes, root causes first.
    steps: how many steps are recorded in both.
    sentences: what a person should read, most telling first; never empty.

    >>> Comparison("good", "bad", sentences=("The two are the same.",)).to_dict()["parting"]
    """

    a: str
    b: str
    settings: tuple[Setting, ...] = ()
    data: tuple[Datum, ...] = ()
    parting: Place | None = None
    exact: bool = False
    layers: tuple[Place, ...] = ()
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()
    verdicts_a: tuple[str, ...] = ()
    verdicts_b: tuple[str, ...] = ()
    steps: int = 0
    sentences: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-ready data; numbers that JSON lacks become None."""
        parting = None
        if self.parting is not None:
            parting = {"exact": self.exact, **_place(self.parting)}
        return {
            "a": self.a,
            "b": self.b,
            "settings": [
                {"what": setting.what, "a": _plain(setting.a), "b": _plain(setting.b)}
                for setting in self.settings
            ],
            "data": [
                {
                    "what": datum.what,
                    "a": _plain(datum.a),
                    "b": _plain(datum.b),
                    "differs": datum.differs,
                }
                for datum in self.data
            ],
            "parting": parting,
            "layers": [_place(place) for place in self.layers],
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
            "verdicts": {"a": list(self.verdicts_a), "b": list(self.verdicts_b)},
            "sentences": list(self.sentences),
        }


def _place(place: Place) -> dict[str, Any]:
    return {
        "statistic": place.statistic,
        "name": place.name,
        "step": place.step,
        "a": _plain(place.a),
        "b": _plain(place.b),
    }


def _plain(value: Any) -> Any:
    """The value without NaN and infinities, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}  # pyright: ignore
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]  # pyright: ignore
    return value
