"""Whether the machinery of a training works: gradients arrive and weights move as usual.

Where it does and nothing is learnt all the same, the reason lies in the data or in what the model
can express.
"""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import adaptive, optimizer, size
from gradscope.diagnosis.reading import Floats, kernels, medians, read, scalar
from gradscope.records import RunView

LEAST_UPDATE = 1e-4
"""Update ratio, median over kernels and steps: 34 healthy programs lie between 1.6e-4 and 9e-3,
programs of too low a learning rate below 1e-4. 1e-3 is usual (Karpathy, CS231n)."""

MOST_UPDATE = 0.1
"""Update ratio of the middle kernel over the first steps: ten times the largest median of healthy
programs. Weights that change by a tenth each step keep no memory of what they learnt."""

LEAST_PATH = 0.05
"""Sum of update ratios over all steps: weights that moved by less than a twentieth of themselves
had no chance to learn. Healthy programs of this size have learnt by then: a hundred of their
usual steps of 6e-4."""

LEAST_ELASTICITY = 1e-2
"""‖g‖·‖w‖ / |loss| of the first kernels early on: the relative change of the loss when one changes
by its own size. Less than a hundredth, and no step of usual size shows in the loss. Healthy nets
have .05 to 10, one of equal first weights 5e-3, nets whose gradient vanishes 1e-6."""

FIRST_KERNELS = 4
"""One part in so many of the kernels, from the inputs' side, of which the best counts: a gradient
that arrives there has passed what lies behind. Queries, keys and gates beside that way may have
next to none in a net that learns well (attention that is still even; Vaswani et al. 2017)."""

MOST_DEAD = 0.5
"""Share of a layer's units that never fire: healthy nets stay below .2."""

MOST_REGULARIZED = 0.5
"""Share of the gradient, from which on the regularizers have the say; healthy programs: 1e-3."""

EARLY = 20
"""Recorded steps that count as early: afterwards also a sound optimum has little gradient left."""

NOISE = 0.5
"""√mean(m²/v) of Adam. About √((1−β₁)/(1+β₁)) = .23 for β₁ = .9 where successive gradients are
independent noise, 1 where they agree; the middle of the two on a log scale."""

ADAMS = frozenset({"adam", "adamw", "nadam"})
"""Optimizers whose update over the learning rate is m/√v, by lower-case class name."""


@dataclass(frozen=True)
class Machinery:
    """The moving parts, each as one number; NaN where unknown.

    update: median update ratio over kernels and steps; first_update: over the first steps.
    path: sum of update ratios over all steps, of the middle kernel.
    elasticity: of the first kernels, early on: what of the gradient arrives there.
    dead: share of units that never fire, in the layer where it is largest, at the end.
    regularized: share of the regularizers in the gradient, early on.
    broken: whether anything ever was not finite.
    signal: √mean(m²/v) of Adam at the end, middle kernel.
    """

    update: float
    first_update: float
    path: float
    elasticity: float
    dead: float
    regularized: float
    broken: bool
    signal: float

    @property
    def moves(self) -> bool:
        """Whether weights move as in a training that can learn; False where that isn't known."""
        return (
            not self.broken
            and self.update >= LEAST_UPDATE
            and self.path >= LEAST_PATH
            and not self.first_update > MOST_UPDATE
        )

    @property
    def works(self) -> bool:
        """Whether, beyond that, nothing that is known stands in the way of the gradient."""
        return (
            self.moves
            and not self.elasticity < LEAST_ELASTICITY
            and not self.dead >= MOST_DEAD
            and not self.regularized > MOST_REGULARIZED
        )

    @property
    def directionless(self) -> bool:
        """Whether successive gradients are known to be noise, or nothing is known of that."""
        return not self.signal > NOISE


def machinery(run: RunView) -> Machinery:
    """The moving parts of a run."""
    columns = kernels(run)
    ratios = read(run, "update_ratio")
    names = read(run, "grad_norm").names
    updates = np.zeros((0, 0))
    if columns and ratios.names == names:
        updates = ratios.values[:, columns]
    # A kernel that begins at 0 moves infinitely far in its first step.
    updates = np.where(np.isfinite(updates), updates, np.nan)
    middle = medians(updates, axis=1)
    dead, steps = read(run, "dead_fraction").values, ratios.steps
    shares = read(run, "regularization_grad_share").values[:EARLY]
    return Machinery(
        update=_median(middle),
        first_update=_median(middle[:EARLY]),
        path=_path(steps, middle),
        elasticity=_elasticity(run, columns),
        dead=float(np.nanmax(dead[-1])) if len(dead) and np.isfinite(dead[-1]).any() else np.nan,
        regularized=_median(shares.ravel()),
        broken=_broken(run),
        signal=_signal(run, columns),
    )


def _median(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")


def _path(steps: Floats | np.ndarray, middle: Floats) -> float:
    """Σ of the update ratio over all steps, those between two records as the earlier one."""
    good = np.isfinite(middle)
    if not good.any():
        return float("nan")
    gaps = np.append(np.diff(steps[good]), 1)
    return float((gaps * middle[good]).sum())


def _elasticity(run: RunView, columns: list[int]) -> float:
    grads, weights = read(run, "grad_norm"), read(run, "weight_norm")
    if not columns or weights.names != grads.names:
        return float("nan")
    at = grads.steps[:EARLY]
    # Kernels that begin at 0 grow: their size over the run is what counts.
    sizes = medians(weights.values, axis=0)[columns]
    loss = np.abs(scalar(run, "loss", at))[:, None]
    with np.errstate(all="ignore"):
        ratio = grads.values[:EARLY][:, columns] * sizes / np.where(loss > 0, loss, np.nan)
    each = medians(np.where(np.isfinite(ratio), ratio, np.nan), axis=0)
    first = each[: max(1, len(each) // FIRST_KERNELS)]
    return float(np.nanmax(first)) if np.isfinite(first).any() else float("nan")


def _broken(run: RunView) -> bool:
    counts, loss = read(run, "nonfinite_count").values, read(run, "loss").values
    return bool((counts > 0).any() or (len(loss) and not np.isfinite(loss).all()))


def _signal(run: RunView, columns: list[int]) -> float:
    """The median over kernels and the last half of the steps; NaN for any other optimizer."""
    settings = optimizer(run)
    if adaptive(run) is None or str(settings.get("class")).lower() not in ADAMS:
        return float("nan")
    updates = read(run, "update_norm")
    rates = scalar(run, "learning_rate", updates.steps)[:, None]
    names = read(run, "grad_norm").names
    if not columns or updates.names != names:
        return float("nan")
    sizes = np.array([size(run, names[i]) or np.nan for i in columns], np.float64)
    half = len(updates) // 2
    with np.errstate(all="ignore"):
        ratio = updates.values[half:][:, columns] / (rates[half:] * np.sqrt(sizes))
    return _median(medians(np.where(np.isfinite(ratio), ratio, np.nan), axis=0))
