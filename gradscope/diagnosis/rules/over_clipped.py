"""over-clipped: the gradient is cut at every step, down to updates that get the run nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.facts import adaptive, optimizer, size
from gradscope.diagnosis.moves import (
    LEAST_ELASTICITY,
    Moves,
    moves,
    noise_floor,
    sensible,
)
from gradscope.diagnosis.outcome import ALARM, outcome, said
from gradscope.diagnosis.pace import TINY, Slow, Stand, small_updates, stand
from gradscope.diagnosis.posterior import rate_below
from gradscope.diagnosis.reading import Floats, read, scalar
from gradscope.diagnosis.remedies import optimizer_line
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

MANY = 0.5
"""Share of the variables whose gradient is shortened, from which on a step counts as clipped.
Clipping each for itself lets the small ones, such as biases, pass."""

MOST_STEPS = 0.8
"""Share of clipped steps that the true share must exceed. Clipping is meant for the rare step
(Pascanu et al. 2013); a sensible `clipnorm` shortens a few per cent."""

SHORTENED = 3.0
"""Factor by which clipping shortens the update: half a decade, since below the learning rate alone
could make up for it."""

ORDINARY = 0.9
"""Quantile of the run's own gradient norms that is proposed as a limit, so that one step in ten is
clipped. Pascanu et al. 2013 take half to ten times the average norm."""


@dataclass(frozen=True)
class _Clipping:
    """How a run is clipped.

    since: index of the first clipped step. probability: that more than `MOST_STEPS` of the steps
    are clipped; share: of those that are. factor: what clipping divides the update by.
    layer: the variable with most of the squared norm on clipped steps; driving: that share.
    limit: a sensible limit; loss units per unit of weight.
    """

    since: int
    probability: float
    share: float
    factor: float
    layer: str
    driving: float
    limit: float


def find(run: RunView) -> Sequence[Finding]:
    """A finding where nearly all steps are clipped, updates are small by it, and the run fails."""
    found = moves(run)
    if len(found.steps) < LEAST_STEPS or "clip_fraction" not in run.statistics:
        return ()
    slow = small_updates(found)
    if slow is None or not np.nanmax(found.elasticity, initial=0.0) >= LEAST_ELASTICITY:
        return ()
    clipping = _clipping(run, found)
    if clipping is None or not slow.ratio * clipping.factor >= TINY:
        return ()
    reached = stand(run, found, slow)
    if not slow.probability * clipping.probability * reached.nowhere >= ALARM:
        return ()
    return (_finding(run, found, slow, clipping, reached),)


def _clipping(run: RunView, found: Moves) -> _Clipping | None:
    """How the run is clipped; None where it isn't, or where it does no harm."""
    fractions = scalar(run, "clip_fraction", found.steps)
    known = np.isfinite(fractions)
    clipped = known & (fractions >= MANY)
    hits, trials = int(clipped.sum()), int(known.sum())
    if not trials or hits <= MOST_STEPS * trials:
        return None
    factor = _factor(run, found, clipped)
    if not factor >= SHORTENED:
        return None
    layer, driving, limit = _drives(run, found, clipped)
    return _Clipping(
        since=int(np.argmax(clipped)),
        probability=1.0 - rate_below(MOST_STEPS, hits, trials),
        share=hits / trials,
        factor=factor,
        layer=layer,
        driving=driving,
        limit=limit,
    )


def _factor(run: RunView, found: Moves, clipped: NDArray[np.bool_]) -> float:
    """The update without clipping over the measured one, median over clipped steps.

    Plain descent would move by rate times gradient, over 1 − momentum where there is one. An
    adaptive optimizer undoes any clipping, unless the gradient falls below its epsilon: without
    that it would move by the rate times `noise_floor` at least.
    """
    updates = read(run, "update_norm")
    moved = _total(updates.at(found.steps))
    kind = adaptive(run)
    momentum = optimizer(run).get("momentum")
    if kind is None:
        return float("nan")
    if kind:
        counts = [size(run, name) or 0 for name in updates.names]
        free = found.rates * noise_floor(run) * np.sqrt(float(sum(counts)))
    else:
        inertia = momentum if isinstance(momentum, float) and 0 < momentum < 1 else 0.0
        free = found.rates * scalar(run, "global_grad_norm", found.steps) / (1 - inertia)
    with np.errstate(all="ignore"):
        factors = (free / moved)[clipped]
    factors = factors[np.isfinite(factors)]
    return float(np.median(factors)) if len(factors) else float("nan")


def _drives(run: RunView, found: Moves, clipped: NDArray[np.bool_]) -> tuple[str, float, float]:
    """The variable with the largest part of the squared norm, that part, and a sensible limit."""
    grads = read(run, "grad_norm")
    values = grads.at(found.steps)[clipped]
    total = _total(values)
    with np.errstate(all="ignore"):
        shares = np.nan_to_num((values / total[:, None]) ** 2).mean(axis=0)
    largest = int(np.argmax(shares))
    norms = total[np.isfinite(total) & (total > 0)]
    limit = sensible(float(np.quantile(norms, ORDINARY))) if len(norms) else float("nan")
    return grads.names[largest], float(shares[largest]), limit


def _total(norms: Floats) -> Floats:
    """float64[S]: the norm of all variables together."""
    # In units of the largest, so that no square overflows.
    largest = np.max(np.nan_to_num(norms, posinf=0.0), axis=1, initial=0.0)
    with np.errstate(all="ignore"):
        return largest * np.sqrt(np.nansum((norms / largest[:, None]) ** 2, axis=1))


def _finding(
    run: RunView, found: Moves, slow: Slow, clipping: _Clipping, reached: Stand
) -> Finding:
    result = outcome(run)
    learnt = reached.unlearnt < ALARM
    course = "the loss still falls, but slowly" if learnt else said(result)
    return Finding(
        cause="over-clipped",
        severity="warning" if learnt else "critical",
        layer=clipping.layer,
        step=int(found.steps[clipping.since]),
        confidence=slow.probability * clipping.probability * reached.nowhere,
        summary=(
            f"The gradient is clipped at {clipping.share:.0%} of the steps, which makes updates "
            f"{clipping.factor:.2g} times smaller: {slow.ratio:.2g} of the weights. "
            f"{clipping.layer} has {clipping.driving:.0%} of the squared norm; {course}."
        ),
        evidence={
            "clipped_steps": clipping.share,
            "shortened_by": clipping.factor,
            "share_of_layer": clipping.driving,
            "update_ratio": slow.ratio,
            "sensible_limit": clipping.limit,
            "loss_start": result.start,
            "loss_end": result.end,
            "probability_clipped": clipping.probability,
            "probability_nowhere": reached.nowhere,
        },
        remedy=_remedy(run, found, clipping),
    )


def _remedy(run: RunView, found: Moves, clipping: _Clipping) -> Remedy:
    """The limit that one step in ten exceeds, where the run clips now."""
    if not np.isfinite(clipping.limit):
        return Remedy("Clip at a larger norm.", "", _REFERENCE)
    settings = optimizer(run)
    inside = any(settings.get(name) for name in ("clipnorm", "global_clipnorm", "clipvalue"))
    code = f"gradients, _ = tf.clip_by_global_norm(gradients, {clipping.limit:g})"
    if inside:
        code = optimizer_line(run, found.rate, clipping.limit)
    return Remedy(
        f"Clip at a norm of {clipping.limit:g}, which about nine in ten of this run's own "
        "gradients stay below, or not at all.",
        code,
        _REFERENCE,
    )


_REFERENCE = "Pascanu et al. 2013, On the difficulty of training recurrent neural networks"
