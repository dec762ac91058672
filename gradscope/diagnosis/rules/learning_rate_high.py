"""learning-rate-high: updates too large for the weights, though loss and gradient began as usual.

Large first updates alone do no harm: many runs begin with 5 to 20 % of the weights and are well.
So there must be harm that such updates do, and a run that fails.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import adaptive, optimizer
from gradscope.diagnosis.harm import JUMP, STUCK, Harm, harm
from gradscope.diagnosis.moves import USUAL_MOVE, Moves, few_samples, moves, sensible
from gradscope.diagnosis.outcome import ALARM, HALF, failing, outcome, said
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import Progress, progress
from gradscope.diagnosis.raised import Raise, raised
from gradscope.diagnosis.reading import log10, medians, scalar
from gradscope.diagnosis.remedies import optimizer_line
from gradscope.diagnosis.restraint import decay_share
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView

LARGE = 0.02
"""Update over the size of the weights, middle kernel, over `WINDOW` steps: twenty times the guide
value (Karpathy, CS231n); the largest median of 34 healthy programs is 9e-3."""

WINDOW = 5
"""Recorded steps over which updates must be large: a gradient that explodes for a step or two is
another trouble."""

LAST = 3
"""Finite losses before a run breaks: what too large a rate breaks has climbed by then."""

LEAST_SIGMA = 0.1
"""Decades, the least standard deviation assumed of the size of an update between steps."""

ORDINARY_ERROR = 10.0
"""Error before the first update, over that of guessing: freshly initialized nets give 1 to 4.
Above, inputs, targets or first weights are out of scale before any rate has had a say."""

ORDINARY_ELASTICITY = 100.0
"""‖g‖·‖w‖ / |loss| of the middle kernel at the first step, a ratio: 0.4 to 10 in nets of all kinds.
Above, it is the gradient that is out of proportion, not the rate."""

DECAYED = 0.5
"""Share of weight decay in the large updates from which on it, not the rate, makes them large."""

ABSURD = 0.2
"""Size of an update that is too large at any batch size. Below it, with batches of a few samples,
the noise between them is the nearer cause: the same rate works on batches of 32."""

REFERENCE = "Goodfellow et al. 2016, Deep Learning, section 11.4.1: the learning rate"


@dataclass(frozen=True)
class _Large:
    """Large updates from index `since` on. size: of the first; probability: that they get large."""

    since: int
    size: float
    probability: float


def find(run: RunView) -> Sequence[Finding]:
    """A finding where ordinary gradients made large updates, these did harm, and the run fails."""
    found, course = moves(run), progress(run)
    later = raised(run, found)
    if later is not None and later.probability * failing(run, STUCK) >= ALARM:
        return (_after_raise(run, found, later),)
    if not len(found.steps) or not _ordinary(run, found, course):
        return ()
    large = _large(found, _end(run, found))
    if large is None or (few_samples(run) and large.size < ABSURD):
        return ()
    if _wrong_way(run, found, large) or _decays(run, found, large):
        return ()
    marks = harm(run, found, large.since)
    if marks.broke and _fell(run, found):
        return ()
    failed = 1.0 if marks.broke else outcome(run).unlearnt
    if not failed >= ALARM and marks.lasting() and course.known:
        failed = failing(run, STUCK)
    elif not marks.ruinous():
        return ()
    confidence = large.probability * failed
    if not confidence >= ALARM:
        return ()
    return (_finding(run, found, large, marks, confidence),)


def _ordinary(run: RunView, found: Moves, course: Progress) -> bool:
    """Whether loss and gradient were as usual before the first update, as far as is known."""
    first = found.steps[:1]
    loss = scalar(run, "loss", first)
    if not np.isfinite(loss).all():
        return False
    errors = course.error[course.steps == first[0]]
    if not np.isfinite(errors).any():  # a cross-entropy in nats, or nothing to compare with
        entropy = scalar(run, "label_entropy", first)
        errors = loss / np.where(entropy > 0, entropy, np.nan)
    error, pull = errors[:1], found.elasticity[:1]
    fits = ~(error > ORDINARY_ERROR).any() and ~(pull > ORDINARY_ELASTICITY).any()
    return bool(fits and np.isfinite(found.relative[0]).any())


def _wrong_way(run: RunView, found: Moves, large: _Large) -> bool:
    """Whether the loss was maximised: it falls below 0 without bound, or climbs step by step.

    Adam at too high a rate throws the weights far, and comes back from there; it doesn't climb.
    """
    losses = scalar(run, "loss", found.steps)
    losses = losses[np.isfinite(losses)]
    tail = float(np.median(losses[-max(3, len(losses) // 20) :]))
    if tail < 0 and tail < losses[0] - ORDINARY_ERROR * abs(losses[0]):
        return True
    if large.size >= ABSURD:
        return False
    middle = float(np.median(losses[len(losses) // 2 :][: max(3, len(losses) // 20)]))
    return bool(adaptive(run) and tail > ORDINARY_ERROR * abs(losses[0]) and tail > JUMP * middle)


def _decays(run: RunView, found: Moves, large: _Large) -> bool:
    """Whether the large updates are those of weight decay, mostly."""
    share = decay_share(run, found.steps[large.since : large.since + WINDOW])
    share = share[np.isfinite(share)]
    return len(share) > 0 and float(np.median(share)) >= DECAYED


def _fell(run: RunView, found: Moves) -> bool:
    """Whether the loss had fallen by half when it broke: such updates were bearable until then."""
    losses = scalar(run, "loss", found.steps)
    losses = losses[np.isfinite(losses)]
    return float(np.median(losses[-LAST:])) < HALF * float(losses[0])


def _end(run: RunView, found: Moves) -> int:
    """The number of recorded steps before loss or gradient are no longer finite."""
    bad = ~np.isfinite(scalar(run, "loss", found.steps))
    if "global_grad_norm" in run.statistics:
        bad |= ~np.isfinite(scalar(run, "global_grad_norm", found.steps))
    return int(np.argmax(bad)) if bad.any() else len(bad)


def _large(found: Moves, end: int) -> _Large | None:
    """The first window of large updates, or None. end: steps that are finite."""
    sizes = log10(medians(found.relative[:end], axis=1))
    if len(sizes) < WINDOW:
        sizes = np.append(sizes, np.full(WINDOW - len(sizes), np.nan))
    windows = np.lib.stride_tricks.sliding_window_view(sizes, WINDOW)
    middles = medians(np.where((~np.isnan(windows)).sum(axis=1)[:, None] < 2, np.nan, windows), 1)
    with np.errstate(invalid="ignore"):
        candidates = np.flatnonzero(middles >= np.log10(LARGE))
    if not len(candidates):
        return None
    # A decade more is as bad as ten: capped, so that a few absurd ones don't blur it.
    most = windows[candidates[np.argmax(middles[candidates])]]
    sizes = center(np.minimum(most, np.log10(LARGE) + 1), LEAST_SIGMA)
    # The first one says what the rate does; later ones meet weights that it threw far.
    since = int(candidates[0])
    first = windows[since][np.isfinite(windows[since])]
    return _Large(since, float(10 ** first[0]), float(sizes.above(np.log10(LARGE))))


def _finding(run: RunView, found: Moves, large: _Large, marks: Harm, confidence: float) -> Finding:
    result = outcome(run)
    step = int(found.steps[large.since])
    first = medians(found.relative[large.since : large.since + WINDOW], axis=0)
    layer = found.names[int(np.nanargmax(first))]
    unlearnt = marks.broke or result.unlearnt >= ALARM
    course = "then it is no longer finite" if marks.broke else said(result)
    if not unlearnt:
        course = f"{progress(run).left:.0%} of the error of guessing are left"
    numbers = {
        "update_ratio": large.size,
        "update_ratio_end": marks.late,
        "learning_rate": found.rate,
        "loss_jump": marks.jump,
        "weight_growth": marks.swollen,
        "units_off": marks.off,
        "loss_start": result.start,
        "loss_end": result.end,
        "probability_large": large.probability,
    }
    return Finding(
        cause="learning-rate-high",
        severity="critical" if unlearnt else "warning",
        layer=layer,
        step=step,
        confidence=confidence,
        summary=(
            f"From step {step} on one update changes the weights by {large.size:.2g} of their "
            f"size, where {USUAL_MOVE:g} is usual, most in {layer}; {marks.in_words()}, and "
            f"{course}."
        ),
        evidence={name: value for name, value in numbers.items() if np.isfinite(value)},
        remedy=_remedy(run, found, large, unlearnt),
    )


def _after_raise(run: RunView, found: Moves, one: Raise) -> Finding:
    """The finding where a rate was raised in the middle of the run, as on resuming it."""
    step = int(found.steps[one.since])
    numbers = {
        "learning_rate_before": one.before,
        "learning_rate": one.after,
        "loss_before": one.loss_before,
        "loss_end": one.loss_after,
        "probability_higher": one.probability,
    }
    end = f"has come to {one.loss_after:.3g}"
    if not np.isfinite(one.loss_after):
        end = "is no longer finite"
    return Finding(
        cause="learning-rate-high",
        severity="critical",
        layer=None,
        step=step,
        confidence=one.probability * failing(run, STUCK),
        summary=(
            f"At step {step} the learning rate goes up from {one.before:.2g} to {one.after:.2g}; "
            f"the loss, {one.loss_before:.3g} until then, {end}."
        ),
        evidence={name: value for name, value in numbers.items() if np.isfinite(value)},
        remedy=Remedy(
            f"Go back to the weights before step {step}, and go on from there at the rate of then, "
            f"{one.before:.2g}, or a lower one.",
            optimizer_line(run, one.before),
            REFERENCE,
        ),
    )


def _remedy(run: RunView, found: Moves, large: _Large, unlearnt: bool) -> Remedy:
    """The rate that gives updates of the usual size; a schedule where the run has learnt some."""
    factor = USUAL_MOVE / large.size
    rates = found.rates[large.since : large.since + WINDOW]
    rates = rates[np.isfinite(rates) & (rates != 0)]
    if not len(rates):
        return Remedy(f"Multiply the learning rate by about {sensible(factor):g}.", "", REFERENCE)
    now = float(np.median(rates))
    rate = sensible(abs(now) * factor)
    if now < 0:
        return Remedy(
            f"The learning rate is negative, {now:.2g}: take about {rate:g}.",
            optimizer_line(run, rate),
            REFERENCE,
        )
    text = f"Lower the learning rate from {now:.2g} to about {rate:g}"
    if optimizer(run).get("schedule"):
        text += f": multiply the schedule's rates by {sensible(factor):g}"
    lines = [optimizer_line(run, rate)]
    if not unlearnt:
        text += ", or let it fall when the loss stops falling"
        lines.append(
            'callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.2, patience=3)'
        )
    return Remedy(f"{text}, and start again from fresh weights.", "\n".join(lines), REFERENCE)
