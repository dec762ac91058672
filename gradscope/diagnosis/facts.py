"""What a run's info says about the training: objective, optimizer, layers. Old runs say less."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from gradscope.records import RunView

ADAPTIVE = frozenset({"adam", "adamw", "nadam", "adamax", "rmsprop", "adagrad", "adadelta"})
"""Optimizers that divide by the gradient's own size, by lower-case class name."""


@dataclass(frozen=True)
class Objective:
    """What the loss function was given; each field is None where the run doesn't say.

    loss: its name in lower-case words, such as "mean_squared_error"; None for one written by hand.
    kind: "sparse", "onehot", "binary" or "regression". classes: number of classes.
    from_logits: what the loss was told. logits: whether it in fact works on logits.
    layer, activation, units: of the output that it was given; "linear" without activation.
    before: the activation that the output's own activation was applied to.
    """

    loss: str | None = None
    kind: str | None = None
    classes: int | None = None
    from_logits: bool | None = None
    logits: bool | None = None
    layer: str | None = None
    activation: str | None = None
    units: int | None = None
    before: str | None = None

    @property
    def classifies(self) -> bool:
        """True where labels are classes."""
        return self.kind in ("sparse", "onehot", "binary")


def objective(run: RunView) -> Objective:
    """The facts about loss, labels and output; all None for a run without them."""
    facts = mapping(run.info.get("objective"))
    output = mapping(facts.get("output"))
    return Objective(
        loss=_text(facts.get("loss")),
        kind=_text(facts.get("kind")),
        classes=_whole(facts.get("classes")),
        from_logits=_flag(facts.get("from_logits")),
        logits=_flag(facts.get("logits")),
        layer=_text(output.get("layer")),
        activation=_text(output.get("activation")),
        units=_whole(output.get("units")),
        before=_text(output.get("before")),
    )


def optimizer(run: RunView) -> Mapping[str, Any]:
    """The settings of the run's only optimizer, the inner one of a wrapper; else empty.

    "class" is its class; others such as "clipnorm" or "momentum" are there where they are set.
    """
    known: Any = run.info.get("optimizers")
    if not isinstance(known, list | tuple) or len(cast(list[Any], known)) != 1:
        return {}
    settings = mapping(cast(list[Any], known)[0])
    return mapping(settings.get("inner")) or settings


def several_optimizers(run: RunView) -> bool:
    """Whether a step trains with more than one: of several objectives no loss says how far it is.

    True for two nets that play against each other.
    """
    known: Any = run.info.get("optimizers")
    return isinstance(known, list | tuple) and len(cast(list[Any], known)) > 1


def adaptive(run: RunView) -> bool | None:
    """Whether the optimizer divides by the gradient's own size; None where that isn't known."""
    name = _text(optimizer(run).get("class"))
    return None if name is None else name.lower() in ADAPTIVE


def size(run: RunView, variable: str) -> int | None:
    """The number of elements of a variable."""
    shape = mapping(mapping(run.info.get("variables")).get(variable)).get("shape")
    if not isinstance(shape, list | tuple):
        return None
    count = 1
    for axis in cast(list[Any], shape):
        count *= int(axis)
    return count


def initial(run: RunView, variable: str) -> Mapping[str, float]:
    """A variable's "mean", "std" and "max_abs" before the first recorded step; else empty."""
    return mapping(mapping(mapping(run.info.get("variables")).get(variable)).get("initial"))


def layers(run: RunView) -> Mapping[str, Mapping[str, Any]]:
    """layer -> "class", "activation", "units"."""
    return {path: mapping(facts) for path, facts in mapping(run.info.get("layers")).items()}


def regularizers(run: RunView) -> Mapping[str, Mapping[str, Any]]:
    """variable -> "class", "l1", "l2"."""
    return {path: mapping(facts) for path, facts in mapping(run.info.get("regularizers")).items()}


def dropout(run: RunView) -> Mapping[str, float]:
    """layer -> dropout rate."""
    return {path: float(rate) for path, rate in mapping(run.info.get("dropout")).items()}


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one: facts come from a file."""
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
