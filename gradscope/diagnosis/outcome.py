"""Whether a run is in fact failing: the question before every other."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import objective
from gradscope.diagnosis.posterior import StudentT, center, difference, median_and_sigma
from gradscope.diagnosis.progress import not_learnt, progress
from gradscope.diagnosis.reading import Floats, Steps, read, scalar
from gradscope.records import RunView
from gradscope.report import LEAST_STEPS

ALARM = 0.9
"""Least posterior probability of a verdict: one in ten such verdicts may be wrong."""

MOST_HEAD = 5
"""Recorded steps that count as the start, at most: an easy task is solved within a few more, and
then the run would seem to have stood still."""

MEANINGFUL_FALL = 0.1
"""Share of the loss: a lesser fall is no learning. Fitting the output's bias alone, which needs no
other layer, typically takes a few per cent off a freshly initialized classifier's loss."""

PLATEAU_BAND = 0.25
"""Share of the label entropy: a loss this near to it is a cross-entropy in nats at the level of
predicting the class shares; one further above is another kind of loss, and isn't compared."""

HALF = 0.5
"""Share of the first loss: a run that fell below half of it has learnt, flat as it may be now."""

CONSTANT = 0.03
"""Standard deviation of the predictions over the samples, at most, relative to the residual: its
square, the most that they can have explained, is a thousandth of what is left."""

LEAST_NOISE = 1e-3
"""Share of the loss, the least noise between batches that is assumed: a loss that repeats itself
to more digits would make any difference certain."""


@dataclass(frozen=True)
class Outcome:
    """Where the loss began, where it is, and how probable it is that nothing was learnt.

    start: the first loss, the only one that no update touched, or the median of the first few where
        that is lower: a run that blew up in its first steps must not pass for one that recovered.
    end: median of the loss at the end. Both NaN where there is no loss.
    unlearnt: probability in [0, 1] that the error is not meaningfully lower than that of the best
        constant prediction, or 1 where predictions don't depend on the inputs, though a notable
        error is left (several targets, each of its own mean, are better predicted by constants
        than by one); where labels aren't known, that the loss is not meaningfully lower than
        at its start, or no lower than predicting the class shares gives. 0 where there is too
        little to judge.
    stalled: the same, or flat since the first tenth at more than half its start: nothing learnt
        but the level of the targets, or else a hard task solved as far as it goes. Only beside
        evidence that holds from the start.
    """

    start: float
    end: float
    unlearnt: float
    stalled: float


def outcome(run: RunView) -> Outcome:
    """The outcome of a run so far, from its finite losses."""
    series = read(run, "loss")
    if not len(series):
        return Outcome(np.nan, np.nan, 0.0, 0.0)
    losses = series.values[:, 0]
    good = np.isfinite(losses)
    steps, losses = series.steps[good], losses[good]
    if not len(losses):
        return Outcome(np.nan, np.nan, 0.0, 0.0)
    n = len(losses)
    noise = LEAST_NOISE * abs(float(np.median(losses)))
    head, tail = losses[: max(3, min(MOST_HEAD, n // 20))], losses[-max(5, n // 5) :]
    start, end = min(float(losses[0]), float(np.median(head))), float(np.median(tail))
    if n < LEAST_STEPS:
        return Outcome(start, end, 0.0, 0.0)
    now = center(tail, noise)
    guessing = not_learnt(progress(run), MEANINGFUL_FALL, LEAST_NOISE)
    if np.isfinite(guessing):
        # What the labels say holds, wherever the loss began.
        chances = [guessing, float(_constant(run))]
    else:
        chances = _against_start(run, steps, losses, head, tail, noise)
    unlearnt = stalled = max(chances)
    if end >= start - HALF * abs(start):
        stalled = max(stalled, _not_below(now, center(_after_first_tenth(losses), noise)))
    return Outcome(start, end, unlearnt, stalled)


def failing(run: RunView, above: float) -> float:
    """Probability that a run is failing: nothing learnt, broken off, or a large error at the end.

    above: share of the error of guessing that counts as large. Where labels aren't known it is
        `Outcome.stalled` instead, so ask only beside evidence that holds from the start.
    """
    if broken(run):
        return 1.0
    course, result = progress(run), outcome(run)
    if not course.known:
        return result.stalled
    if len(course.steps) < LEAST_STEPS:
        return 0.0
    large = not_learnt(course, 1 - above, LEAST_NOISE)
    return max(result.unlearnt, float(np.nan_to_num(large)))


def broken(run: RunView) -> bool:
    """Whether the run ends in losses that are not finite."""
    losses = read(run, "loss").values
    recent = losses[-max(1, len(losses) // 10) :]
    return bool(len(recent) and (~np.isfinite(recent)).all())


def said(result: Outcome) -> str:
    """What became of the loss, for the end of a sentence.

    >>> said(Outcome(2.396, 2.385, 1.0, 1.0)), said(Outcome(0.69, 0.72, 1.0, 1.0))
    ('the loss fell only from 2.396 to 2.385', 'the loss has not fallen: 0.69 -> 0.72')
    """
    if not np.isfinite(result.end):
        return "no loss was finite"
    if result.end < result.start:
        return f"the loss fell only from {result.start:.4g} to {result.end:.4g}"
    return f"the loss has not fallen: {result.start:.4g} -> {result.end:.4g}"


def _constant(run: RunView) -> bool:
    """Whether predictions of several targets are the same for all samples, and not good enough."""
    units = objective(run).units
    course = progress(run)
    if not units or units < 2 or not course.left >= MEANINGFUL_FALL:
        return False
    late = course.steps[-max(5, len(course.steps) // 5) :]
    spread, residual = scalar(run, "output_spread", late), scalar(run, "residual_rms", late)
    # The mean over outputs is given; the root mean square is at most √units times that.
    most = spread * np.sqrt(units)
    return bool(np.isfinite(most - residual).all() and (most < CONSTANT * residual).all())


def _against_start(
    run: RunView, steps: Steps, losses: Floats, head: Floats, tail: Floats, noise: float
) -> list[float]:
    """Probabilities that the loss isn't below its start, its first value, or the class shares'."""
    now = center(tail, noise)
    chances = [_not_below(now, center(head, noise)), _not_below(now, _first(losses, tail, noise))]
    entropy = scalar(run, "label_entropy", steps)[-len(tail) :]
    prior = center(entropy, noise)
    if prior.location > 0 and prior.location * (1 + PLATEAU_BAND) >= np.median(tail):
        chances.append(_not_below(now, prior))
    return chances


def _first(losses: Floats, tail: Floats, noise: float) -> StudentT:
    """The first loss: one value, as uncertain as the later ones differ between batches.

    Not as the first ones differ, among which may be the explosion that this is to see.
    """
    sigma = median_and_sigma(tail, noise)[1]
    return StudentT(np.array(losses[0]), np.array(sigma), np.array(float(len(tail) - 1)))


def _after_first_tenth(losses: Floats) -> Floats:
    n = len(losses)
    return losses[n // 10 : n // 10 + max(5, n // 10)]


def _not_below(now: StudentT, reference: StudentT) -> float:
    """The probability that `now` is not meaningfully below the reference."""
    fall = MEANINGFUL_FALL * np.abs(reference.location)
    probability = difference(now, reference).above(-fall)
    return float(np.nan_to_num(probability))
