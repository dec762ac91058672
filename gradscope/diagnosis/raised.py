"""A learning rate that was raised in the middle of a run, and what the loss did from there on."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.harm import JUMP
from gradscope.diagnosis.moves import Moves
from gradscope.diagnosis.posterior import center, difference
from gradscope.diagnosis.reading import Floats, log10, scalar
from gradscope.records import RunView
from gradscope.report import LEAST_STEPS

RAISED = 3.0
"""Learning rate over the largest one before: half a decade, the least change that a search over
rates on a log scale takes (Goodfellow et al. 2016, section 11.4.3). Restarts of a cyclic schedule
return to the largest one before, and a warm-up is over by `LEAST_STEPS` or rises bit by bit."""

LEAST_SIGMA = 0.1
"""Decades, the least standard deviation of a loss between batches that is assumed."""

AROUND = 0.1
"""Share of the recorded steps that count as just before the raise, and as the end."""


@dataclass(frozen=True)
class Raise:
    """A learning rate that was raised, and the loss that never came back from it.

    since: index of the first recorded step at the new rate. before, after: learning rates.
    loss_before, loss_after: medians just before and at the end.
    probability: that the loss is more than `JUMP` times what it was; 1 where it is not finite.
    """

    since: int
    before: float
    after: float
    loss_before: float
    loss_after: float
    probability: float


def raised(run: RunView, found: Moves) -> Raise | None:
    """The first raise of the rate from which the loss didn't come back, or None."""
    losses, rates = scalar(run, "loss", found.steps), found.rates
    if len(rates) <= LEAST_STEPS or not np.isfinite(rates).all() or not (rates > 0).all():
        return None
    most = np.maximum.accumulate(rates)
    for since in np.flatnonzero(rates[1:] >= RAISED * most[:-1]) + 1:
        if since < LEAST_STEPS:
            continue
        one = _compared(losses, rates, int(since))
        if one is not None:
            return one
    return None


def _compared(losses: Floats, rates: Floats, since: int) -> Raise | None:
    """The raise at an index, if the loss is higher ever since; None else."""
    width = max(5, int(AROUND * len(losses)))
    before, end = losses[max(0, since - width) : since], losses[since:][-width:]
    known = end[np.isfinite(end)]
    if not (np.isfinite(before) & (before > 0)).any():
        return None
    low = float(np.median(before[np.isfinite(before)]))
    if not len(known):
        high, probability = float("nan"), 1.0
    else:
        high = float(np.median(known))
        if not high > JUMP * low:
            return None
        step = difference(center(log10(known), LEAST_SIGMA), center(log10(before), LEAST_SIGMA))
        probability = float(np.nan_to_num(step.above(np.log10(JUMP))).item())
    return Raise(since, float(rates[since - 1]), float(rates[since]), low, high, probability)
