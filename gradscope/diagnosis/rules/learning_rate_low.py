"""learning-rate-low: updates so small that the run gets nowhere in the time it is given."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.facts import optimizer
from gradscope.diagnosis.moves import LEAST_ELASTICITY, USUAL_MOVE, Moves, moves, sensible
from gradscope.diagnosis.outcome import ALARM, broken, outcome, said
from gradscope.diagnosis.pace import Slow, Stand, small_updates, stand
from gradscope.diagnosis.remedies import optimizer_line
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

CHANGED = 1.5
"""Ratio of learning rates: at the end over the median, a warm-up is still under way above it; of
the largest to the least, the rate is constant below it. Schedules change theirs tenfold."""

THROWN = 0.1
"""Update ratio of the middle kernel after which weights may be so large that any later update looks
small: the trouble is another one then. Ten times the largest ratio of healthy programs."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where updates are tiny, a gradient is there, and the run gets nowhere."""
    found = moves(run)
    if len(found.steps) < LEAST_STEPS or _warming(found) or broken(run):
        return ()
    slow = small_updates(found)
    if slow is None or not _pulled(found, slow.since) or _thrown(found, slow.since):
        return ()
    reached = stand(run, found, slow)
    if not slow.probability * reached.nowhere >= ALARM:
        return ()
    return (_finding(run, found, slow, reached),)


def _pulled(found: Moves, since: int) -> bool:
    """Whether there is a gradient that could move the loss, if only the steps were larger."""
    pull = found.elasticity[since:]
    pull = pull[np.isfinite(pull)]
    return len(pull) > 0 and float(np.median(pull)) >= LEAST_ELASTICITY


def _thrown(found: Moves, since: int) -> bool:
    """Whether the updates are small against weights that were thrown far before."""
    before = found.typical[:since]
    return bool((before[np.isfinite(before)] > THROWN).any())


def _warming(found: Moves) -> bool:
    rates = found.rates[np.isfinite(found.rates)]
    return len(rates) > 0 and float(rates[-1]) > CHANGED * float(np.median(rates))


def _constant(found: Moves) -> bool:
    rates = found.rates[np.isfinite(found.rates)]
    return not len(rates) or float(rates.max()) <= CHANGED * float(rates.min())


def _finding(run: RunView, found: Moves, slow: Slow, reached: Stand) -> Finding:
    result = outcome(run)
    learnt = reached.unlearnt < ALARM
    course = "the loss still falls, but slowly" if learnt else said(result)
    return Finding(
        cause="learning-rate-low",
        severity="warning" if learnt else "critical",
        layer=None,
        step=int(found.steps[0 if _constant(found) else slow.since]),
        confidence=slow.probability * reached.nowhere,
        summary=(
            f"One update changes the weights by {slow.ratio:.2g} of their size, where "
            f"{USUAL_MOVE:g} is usual, although there is a gradient, and {course}."
        ),
        evidence={
            "update_ratio": slow.ratio,
            "path": found.path,
            "learning_rate": found.rate,
            "elasticity": float(np.nanmedian(found.elasticity[slow.since :])),
            "loss_start": result.start,
            "loss_end": result.end,
            "probability_small": slow.probability,
            "probability_unlearnt": reached.unlearnt,
            "probability_crawling": reached.crawling,
        },
        remedy=_remedy(run, found, slow),
    )


def _remedy(run: RunView, found: Moves, slow: Slow) -> Remedy:
    """The rate that would give updates of the usual size."""
    factor = USUAL_MOVE / slow.ratio
    rates = found.rates[slow.since :]
    rates = rates[np.isfinite(rates) & (rates > 0)]
    if not len(rates):
        text = f"Multiply the learning rate by about {sensible(factor):g}."
        return Remedy(text, "", _REFERENCE)
    now = float(np.median(rates))
    first = float(found.typical[0])
    if not _constant(found) and slow.since and first > 0:
        rate = sensible(float(found.rates[0]) * USUAL_MOVE / first)
        return Remedy(
            f"Hold the learning rate at about {rate:g} until the loss levels off: it is down to "
            f"{now:.2g} before anything is learnt.",
            optimizer_line(run, rate),
            _REFERENCE,
        )
    rate = sensible(now * factor)
    text = f"Raise the learning rate from {now:.2g} to about {rate:g}"
    if optimizer(run).get("schedule"):
        text += f": multiply the schedule's rates by {sensible(factor):g}"
    return Remedy(f"{text}.", optimizer_line(run, rate), _REFERENCE)


_REFERENCE = "Karpathy, CS231n notes, Ratio of weights:updates"
