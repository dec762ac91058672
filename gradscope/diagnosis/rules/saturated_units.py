"""saturated-units: a squashing layer sits on its flat ends, where no gradient passes.

A trained tanh net saturates half its units and is healthy, a solved classifier all its outputs.
So it counts where it was there from the beginning, or where nothing was learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis import facts
from gradscope.diagnosis.harm import STUCK
from gradscope.diagnosis.outcome import ALARM, failing, outcome, said
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.reading import Floats, onset, read
from gradscope.diagnosis.remedies import SQUASHING
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

MOSTLY = 2 / 3
"""Share of a layer's outputs that is saturated: in 34 healthy programs, trained tanh nets among
them, 0.51 at most."""

LEAST_SIGMA = 0.02
"""Share, the least standard deviation between batches that is assumed of it."""

EARLY = 0.1
"""Share of the run: saturation that began later may be what learning came to."""

LEAST_EARLY = 20
"""Recorded steps that count as early at least: a layer may saturate in the first few updates."""

LARGE_ERROR = 0.7
"""Share of the error of guessing, at the end. Tasks with noise that can't be learnt end at up to
0.75, but not with a layer that was saturated from the beginning."""

FROM_THE_START = 0.5
"""The same share at the very first step, in all squashing layers inside the net: before anything is
learnt, Glorot's weights and inputs of unit size leave tanh and sigmoid below 0.05 of it."""

FIRST = 5
"""Recorded steps that count as the first: no healthy rate saturates half a net in fewer."""

PERSISTENCE = 0.9
"""Least share of the recorded steps, from the first to the last, at which it is saturated."""

REFERENCE = (
    "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural "
    "networks"
)


@dataclass(frozen=True)
class _Layer:
    """A saturated layer. since: index of the recorded step at which it began."""

    name: str
    kind: str
    since: int
    share: float
    probability: float


def find(run: RunView) -> Sequence[Finding]:
    """A finding for the first layer that is saturated, in a run that fails."""
    shares = read(run, "saturated_fraction")
    if len(shares) < LEAST_STEPS:
        return ()
    kinds = _squashing(run, shares.names)
    columns = {name: shares.values[:, shares.names.index(name)] for name in kinds}
    begun = bool(columns) and all(np.median(c[:FIRST]) > FROM_THE_START for c in columns.values())
    floor = FROM_THE_START if begun else MOSTLY
    layers = [_layer(name, kinds[name], column, floor) for name, column in columns.items()]
    found = [layer for layer in layers if layer is not None]
    if not found:
        return ()
    worst = min(found, key=lambda layer: (layer.since, -layer.share))
    result = outcome(run)
    early = worst.since <= max(LEAST_EARLY, EARLY * len(shares))
    harm = failing(run, STUCK if begun else LARGE_ERROR) if early else result.unlearnt
    if worst.probability * harm < ALARM:
        return ()
    return (
        Finding(
            cause="saturated-units",
            severity="critical" if result.unlearnt >= ALARM else "warning",
            layer=worst.name,
            step=int(shares.steps[worst.since]),
            confidence=worst.probability * harm,
            summary=(
                f"{100 * worst.share:.0f} % of the outputs of {worst.name} ({worst.kind}) are at "
                f"the flat ends of the function, and {said(result)}."
            ),
            evidence={
                "saturated_share": worst.share,
                "layers_saturated": float(len(found)),
                "probability_saturated": worst.probability,
                "probability_failing": harm,
            },
            remedy=_remedy(worst),
        ),
    )


def _squashing(run: RunView, names: tuple[str, ...]) -> dict[str, str]:
    """layer -> activation of the layers in question.

    Not a softmax over places, as in attention: it is there to choose one. Nor the output, save
    where the loss takes its gradient through the activation: a cross-entropy undoes that.
    """
    objective, known = facts.objective(run), facts.layers(run)
    through = objective.loss is not None and "crossentropy" not in objective.loss
    chosen: dict[str, str] = {}
    last = objective.layer or next(reversed(read(run, "activation_rms").names), "")
    for name in names:
        kind = str(known.get(name, {}).get("activation"))
        choosing = kind == "softmax" and not _has_weights(run, name)
        output = name == last or name.startswith(f"{last}/")
        if kind in SQUASHING and not choosing and (through or not output):
            chosen[name] = kind
    return chosen


def _has_weights(run: RunView, layer: str) -> bool:
    """Whether the layer is one with a kernel, such as a dense one."""
    return any(path.startswith(f"{layer}/") for path in read(run, "weight_norm").names)


def _layer(name: str, kind: str, shares: Floats, floor: float) -> _Layer | None:
    """The layer where its share is above the floor to the end, else None."""
    since = onset(shares > floor, PERSISTENCE)
    if since is None:
        return None
    late = shares[since:]
    share = center(late[-max(5, len(late) // 10) :], LEAST_SIGMA)
    probability = float(np.nan_to_num(share.above(floor)))
    if probability < ALARM:
        return None
    return _Layer(name, kind, since, float(share.location), probability)


def _remedy(layer: _Layer) -> Remedy:
    if layer.kind == "softmax":
        return Remedy(
            f"Softmax belongs at the output: use ReLU in {layer.name}.",
            'x = keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)',
            REFERENCE,
        )
    return Remedy(
        f"Keep what goes into {layer.kind} of {layer.name} near 0: normalize it before the "
        "activation, scale the inputs to about unit variance, and start from Glorot's weights.",
        'x = keras.layers.Dense(units, kernel_initializer="glorot_uniform")(x)\n'
        f'x = keras.layers.Activation("{layer.kind}")(keras.layers.BatchNormalization()(x))',
        REFERENCE,
    )
