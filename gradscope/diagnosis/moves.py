"""How far each update moves the weights, how far they get, and what the gradient could do."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import mapping, optimizer, size
from gradscope.diagnosis.reading import Floats, Steps, kernels, medians, read, scalar
from gradscope.records import RunView

USUAL_MOVE = 1e-3
"""Update ratio to aim at (Karpathy, CS231n notes). 34 healthy programs lie between 1.6e-4 and
9e-3, with a median of 6e-4."""

LEAST_ELASTICITY = 1e-3
"""‖g‖·‖w‖ / |loss|, a ratio: the relative change of the loss when a kernel changes by its own
size. From 0.3 to 80 in nets that learn, initially and later; 1e-6 where the gradient vanishes."""

FEW = 8
"""Samples in a batch, up to which gradients count as noisy. Their noise falls with the root of the
number; 32 is the usual default (Bengio 2012, Practical recommendations), half as noisy."""

ADAMS = frozenset({"adam", "adamw", "nadam"})
"""Optimizers whose update over the learning rate is m/√v, by lower-case class name."""


@dataclass(frozen=True)
class Moves:
    """The updates of the kernels, from a run's `update_ratio`.

    steps: int64[S]. names: the kernels. ratios: float64[S, L], ‖Δw‖ / ‖w‖, NaN where w is 0.
    relative: float64[S, L], the same over ‖w‖ or the norm that weights of 1/√fan_in have, whichever
        is larger: weights that begin near 0 do not make an update large.
    growth: float64[S, L], that larger norm over its first value.
    elasticity: float64[S], of the middle kernel; NaN where it isn't recorded.
    rates: float64[S], learning rates.
    """

    steps: Steps
    names: tuple[str, ...]
    ratios: Floats
    relative: Floats
    growth: Floats
    elasticity: Floats
    rates: Floats

    @property
    def typical(self) -> Floats:
        """float64[S]: the update ratio of the middle kernel."""
        return medians(self.ratios, axis=1)

    @property
    def path(self) -> float:
        """Sum of the typical ratios over all steps, also those that aren't recorded.

        The weights can't have moved further than this times their size.
        """
        each = np.nan_to_num(self.typical, nan=0.0, posinf=0.0)
        gaps = np.diff(self.steps, append=self.steps[-1:] + 1) if len(each) else each
        return float(np.sum(each * gaps))

    @property
    def rate(self) -> float:
        """The median learning rate; NaN where none is recorded."""
        known = self.rates[np.isfinite(self.rates) & (self.rates > 0)]
        return float(np.median(known)) if len(known) else float("nan")


def moves(run: RunView) -> Moves:
    """The updates of a run; of no steps where they aren't recorded."""
    series = read(run, "update_ratio")
    grads = read(run, "grad_norm")
    names = tuple(grads.names[i] for i in kernels(run))
    if not names or not set(names) <= set(series.names):
        none = np.zeros((0, 0))
        return Moves(np.zeros(0, np.int64), (), none, none, none, np.zeros(0), np.zeros(0))
    steps = series.steps
    ratios = series.values[:, [series.names.index(name) for name in names]]
    weights = _columns(run, "weight_norm", names, steps)
    updates = _columns(run, "update_norm", names, steps)
    # A kernel that no gradient reaches doesn't move, and says nothing about the step size.
    pulled = grads.at(steps)[:, [grads.names.index(name) for name in names]]
    ratios = np.where(np.isnan(pulled) | (weights == 0), np.nan, ratios)
    usual = np.array([_usual_norm(run, name) for name in names])
    with np.errstate(all="ignore"):
        larger = np.fmax(weights, usual)
        relative = np.where(larger > weights, updates / larger, ratios)
        growth = larger / larger[:1] if len(larger) else larger
    return Moves(
        steps=steps,
        names=names,
        ratios=ratios,
        relative=relative,
        growth=growth,
        elasticity=_elasticity(run, steps, pulled, weights),
        rates=scalar(run, "learning_rate", steps),
    )


def few_samples(run: RunView) -> bool:
    """Whether the batches have so few samples that their gradients are mostly noise."""
    sizes = read(run, "batch_size").values
    sizes = sizes[np.isfinite(sizes)]
    return len(sizes) > 0 and float(np.median(sizes)) <= FEW


def agreement(run: RunView) -> Floats:
    """float64[S]: how far successive gradients of the middle kernel agree; NaN where unknown.

    1 where they are the same, `noise_floor` where they are independent noise. For Adam √mean(m²/v),
    its signal-to-noise; for descent with momentum ‖Δw‖ (1 − momentum) / (rate ‖g‖), which is known
    where nothing is clipped.
    """
    found = moves(run)
    name = str(optimizer(run).get("class", "")).lower()
    updates = _columns(run, "update_norm", found.names, found.steps)
    if name in ADAMS and found.names:
        counts = np.array([size(run, kernel) or np.nan for kernel in found.names])
        pull = np.sqrt(counts) * np.ones_like(updates)
    elif name == "sgd" and _momentum(run) and not _clips(run):
        pull = _columns(run, "grad_norm", found.names, found.steps) / (1 - _momentum(run))
    else:
        return np.full(len(found.steps), np.nan)
    with np.errstate(all="ignore"):
        return medians(updates / pull / found.rates[:, None], axis=1)


def _momentum(run: RunView) -> float:
    value = optimizer(run).get("momentum")
    return float(value) if isinstance(value, int | float) and 0 < value < 1 else 0.0


def _clips(run: RunView) -> bool:
    fractions = read(run, "clip_fraction").values
    return bool((fractions[np.isfinite(fractions)] > 0).any())


def noise_floor(run: RunView) -> float:
    """√((1−β)/(1+β)): `agreement` where gradients are independent noise.

    β is Adam's β₁ or the momentum; .23 for β = .9.
    """
    beta = _momentum(run) or optimizer(run).get("beta_1", 0.9)
    beta = float(beta) if isinstance(beta, int | float) and 0 <= beta < 1 else 0.9
    return float(np.sqrt((1 - beta) / (1 + beta)))


def sensible(value: float) -> float:
    """The nearest of 1, 2 and 5 times a power of ten: what a person would type.

    >>> sensible(3.7e-4), sensible(0.0163), sensible(8.1)
    (0.0005, 0.02, 10.0)
    """
    if not np.isfinite(value) or value <= 0:
        return float("nan")
    decade = int(np.floor(np.log10(value)))
    grid = [float(f"{digit}e{decade + up}") for up in (0, 1) for digit in (1, 2, 5)]
    return min(grid, key=lambda one: abs(np.log10(one / value)))


def _columns(run: RunView, statistic: str, names: tuple[str, ...], steps: Steps) -> Floats:
    """float64[S, L] of these variables; NaN where they aren't recorded."""
    series = read(run, statistic)
    if not set(names) <= set(series.names):
        return np.full((len(steps), len(names)), np.nan)
    return series.at(steps)[:, [series.names.index(name) for name in names]]


def _usual_norm(run: RunView, name: str) -> float:
    """The norm of a kernel whose weights have standard deviation 1/√fan_in; NaN without shape."""
    shape = mapping(mapping(run.info.get("variables")).get(name)).get("shape")
    if not isinstance(shape, list | tuple) or not shape:
        return float("nan")
    return float(np.sqrt(float(shape[-1])))  # pyright: ignore[reportUnknownArgumentType]


def _elasticity(run: RunView, steps: Steps, grads: Floats, weights: Floats) -> Floats:
    loss = np.abs(scalar(run, "loss", steps))[:, None]
    with np.errstate(all="ignore"):
        return medians(np.where(loss > 0, grads * weights / loss, np.nan), axis=1)
