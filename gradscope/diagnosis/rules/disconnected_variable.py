"""disconnected-variable: trainable weights that no gradient can reach, though their layer ran."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from gradscope.diagnosis import facts
from gradscope.diagnosis.outcome import ALARM, failing, outcome, said
from gradscope.diagnosis.reading import recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView

LARGE_ERROR = 0.3
"""Share of the error of guessing, at the end, from which on a run would have had use for the
weights. Low, since the break itself is certain: a gradient that is None is counted, not measured;
what remains to ask is whether it matters."""

NAMED = 3
"""Variables that the summary names, for a sentence that can be read."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding for variables of layers that ran, and a remark on those of layers that didn't.

    It is a remark, too, where the run does well without them or is too young to tell.
    """
    steps = recorded_steps(run)
    lost = _paths(run.info.get("unconnected"))
    if not lost or not len(steps):
        return ()
    ran = [path for path in lost if _asked(run, path) and _ran(run, path)]
    harm = failing(run, LARGE_ERROR) if ran else 0.0
    serious = bool(ran) and harm >= ALARM
    paths = ran or lost
    where = ", ".join(paths[:NAMED]) + (" and others" if len(paths) > NAMED else "")
    way = "though the layer ran" if ran else "which had no part in the loss"
    tail = f", and {said(outcome(run))}" if serious else ""
    return (
        Finding(
            cause="disconnected-variable",
            severity="warning" if serious else "info",
            layer=paths[0],
            step=int(steps[0]),
            # A break is counted; what it does to the run is what is uncertain.
            confidence=harm if serious else 1.0,
            summary=f"No gradient reaches {where}, {way}{tail}.",
            evidence={
                "disconnected_variables": float(len(lost)),
                "of_layers_that_ran": float(len(ran)),
                "share_of_weights": _share(run, paths),
                "probability_failing": harm,
            },
            remedy=_BREAK if ran else _UNUSED,
        ),
    )


def _asked(run: RunView, path: str) -> bool:
    """Whether the step wanted a gradient: a loop may train only a part of the model on purpose."""
    wanted = run.info.get("none_gradients")
    return not isinstance(wanted, list | tuple) or path in _paths(cast(Any, wanted))


def _ran(run: RunView, path: str) -> bool:
    """Whether the variable's layer, or one within the same layer, put something out."""
    owner = path.rsplit("/", 1)[0]
    names = [layer.split("@")[0].split("[")[0] for layer in facts.layers(run)]
    return any(name == owner or owner.startswith(f"{name}/") for name in names)


def _share(run: RunView, paths: Sequence[str]) -> float:
    """The share of the model's weights that they hold; NaN where the shapes aren't known."""
    sizes = {path: facts.size(run, path) for path in facts.mapping(run.info.get("variables"))}
    if not sizes or None in sizes.values() or not set(paths) <= set(sizes):
        return float("nan")
    numbers = {path: float(size or 0) for path, size in sizes.items()}
    total = float(np.sum(list(numbers.values())))
    return sum(numbers[path] for path in paths) / total if total else float("nan")


def _paths(known: Any) -> list[str]:
    if not isinstance(known, list | tuple):
        return []
    return [path for path in cast(list[Any], known) if isinstance(path, str)]


_REFERENCE = "https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none"
_BREAK = Remedy(
    "Look on the way from this layer to the loss for what has no derivative: argmax, rounding, a "
    "cast to integers, NumPy, stop_gradient, or a computation outside of the tape.",
    "y = keras.ops.softmax(logits)  # instead of keras.ops.argmax(logits), ops.round(logits)",
    _REFERENCE,
)
_UNUSED = Remedy(
    "Leave the layer out, connect it to the loss, or state that it isn't trained.",
    "layer.trainable = False",
    _REFERENCE,
)
