"""The marks that large updates leave: units off, swollen weights, a loss that jumped or broke."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.moves import Moves
from gradscope.diagnosis.outcome import broken
from gradscope.diagnosis.reading import Floats, medians, read, scalar
from gradscope.records import RunView

WORN = 0.02
"""Update over the size of the weights, middle kernel, at the end: twenty times the guide value
(Karpathy, CS231n); the largest median of 34 healthy programs is 9e-3."""

STUCK = 0.35
"""Share of the error of guessing above which a run that has learnt something counts as stuck, if
large updates left their mark on it."""

SWOLLEN = 3.0
"""Factor by which the weights grew, middle kernel: in nets that learn nothing, where decay or
chance moves healthy weights by some ten per cent."""

SWOLLEN_FAR = 5.0
"""The same in a net that has learnt something: a quick, healthy training may treble its weights."""

HALF_OFF = 0.75
"""Share of a rectified layer's units that never fire: healthy nets stay below .2, those with a rate
that is only just bearable reach .6."""

OFF = 0.9
"""The same, where it is proof by itself."""

JUMP = 3.0
"""Loss after the first updates over the loss before them: noise between batches is within a factor
of two, a step in the right direction lowers it."""

RESTLESS = 0.05
"""Update ratio that is left at the end: weights that change by a twentieth each step have changed
wholly twenty steps later, and keep nothing."""


@dataclass(frozen=True)
class Harm:
    """What large updates did. Ratios and shares; NaN where unknown."""

    broke: bool
    jump: float
    swollen: float
    off: float
    layer: str | None
    stopped: bool
    late: float

    def ruinous(self) -> bool:
        """Whether it explains that nothing was learnt."""
        return (
            self.broke
            or self.stopped
            or self.jump >= JUMP
            or self.swollen >= SWOLLEN
            or self.off >= HALF_OFF
            or self.late >= RESTLESS
        )

    def lasting(self) -> bool:
        """Whether it explains that a run stays far above where it could be."""
        worn = self.off >= HALF_OFF and (self.swollen >= 2 or self.late >= WORN)
        return self.off >= OFF or self.swollen >= SWOLLEN_FAR or worn

    def in_words(self) -> str:
        """The worst of the harm in words."""
        if self.off >= HALF_OFF:
            return f"{self.off:.0%} of the units of {self.layer} no longer fire"
        if self.stopped:
            return "some kernels have no gradient any more"
        if self.swollen >= SWOLLEN:
            return f"the weights have grown {self.swollen:.2g}-fold"
        if self.jump >= JUMP:
            return f"the loss jumped {self.jump:.2g}-fold"
        return f"the updates are still {self.late:.2g} of the weights at the end"


def harm(run: RunView, found: Moves, since: int = 0) -> Harm:
    """What became of a run after its updates from index `since` on."""
    losses = scalar(run, "loss", found.steps)
    with np.errstate(all="ignore"):
        after = losses[since + 1 :]
        after = after[np.isfinite(after)]
        jump = float(after.max() / abs(losses[since])) if len(after) else np.nan
    late = slice(-max(3, len(losses) // 10), None)
    growth = medians(found.growth, axis=1)
    off, layer = _off(run, late)
    return Harm(
        broke=broken(run) or bool(np.isinf(growth[-1:]).any()),
        jump=jump,
        swollen=_middle(growth[late]),
        off=off,
        layer=layer,
        stopped=_stopped(run, found, late),
        late=_middle(medians(found.relative, axis=1)[late]),
    )


def _middle(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")


def _off(run: RunView, late: slice) -> tuple[float, str | None]:
    """The largest share of units that went off in one layer, and that layer.

    Layers that were off before the first update are another matter: nothing is said of them.
    """
    dead = read(run, "dead_fraction")
    if not len(dead):
        return float("nan"), None
    start, end = dead.values[0], medians(dead.values[late], axis=0)
    lost = np.where(start < HALF_OFF, end, np.nan)
    if not np.isfinite(lost).any():
        return float("nan"), None
    worst = int(np.nanargmax(lost))
    return float(lost[worst]), dead.names[worst]


def _stopped(run: RunView, found: Moves, late: slice) -> bool:
    """Whether a kernel that had a gradient has exactly none any more."""
    grads = read(run, "grad_norm")
    columns = [grads.names.index(name) for name in found.names]
    values = grads.values[:, columns]
    return bool(((values[0] > 0) & (values[late] == 0).all(axis=0)).any())
