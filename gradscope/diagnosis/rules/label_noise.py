"""label-noise: the labels don't follow from the inputs, so that nothing is to be learnt from them.

A diagnosis by exclusion: everything works, and yet the error is that of guessing; or what is
learnt of the training data is worth nothing on others.
"""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.capacity import limit
from gradscope.diagnosis.facts import several_optimizers
from gradscope.diagnosis.held_back import LEAST_SIGMA, WIDE, best, held_back
from gradscope.diagnosis.machinery import machinery
from gradscope.diagnosis.mixing import mixing
from gradscope.diagnosis.outcome import ALARM, MEANINGFUL_FALL, outcome
from gradscope.diagnosis.posterior import StudentT
from gradscope.diagnosis.progress import class_shares, progress
from gradscope.diagnosis.reading import read, recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

LEAST_VALIDATIONS = 3
"""Validations of which the best must be no better than guessing: one may be bad by chance."""

MOST_ERROR = 1.5
"""Error over that of guessing: a net without information stays near 1. One further above does worse
than to predict the class shares, which no lack of information explains."""

STILL = 0.5
"""Probability that the loss falls (or rises), above which the run may be on its way somewhere."""

MIXED = 0.25
"""Intraclass correlation of labels, above which sorted data explain as well why nothing that is
learnt lasts; see gradscope.diagnosis.rules.unshuffled_data."""

EVEN = 0.2
"""Least share of a class times the number of classes, below which class imbalance explains as well
why validation is bad; see gradscope.diagnosis.rules.class_imbalance."""

_Found = tuple[float, str, dict[str, float]]


def find(run: RunView) -> Sequence[Finding]:
    """A finding where labels carry no information about the inputs."""
    steps = recorded_steps(run)
    if len(steps) < LEAST_STEPS or not progress(run).known or several_optimizers(run):
        return ()
    found = max(_unlearnable(run), _memorized(run), _noisier(run), key=lambda one: one[0])
    confidence, words, evidence = found
    if not confidence >= ALARM:
        return ()
    return (
        Finding(
            cause="label-noise",
            severity="warning",
            layer=None,
            step=int(steps[0]),
            confidence=confidence,
            summary=words,
            evidence=evidence,
            remedy=_REMEDY,
        ),
    )


_NOTHING: _Found = (0.0, "", {})


def _unlearnable(run: RunView) -> _Found:
    """Nothing is learnt though gradients arrive, weights move and the model could learn."""
    course, parts = progress(run), machinery(run)
    if not parts.works or not parts.directionless or limit(run) is not None or not _varied(run):
        return _NOTHING
    # A run that knew more at its best lost it again, which is another story.
    if not course.best >= 1 - MEANINGFUL_FALL or not course.left <= MOST_ERROR:
        return _NOTHING
    falling, rising = course.falling(), course.rising()
    if max(falling, rising) >= STILL:
        return _NOTHING
    words = (
        f"Gradients and updates are as usual, but the error stays at {course.left:.2f} of that of "
        "guessing: the labels seem to have nothing to do with the inputs."
    )
    evidence = {
        "error": course.left,
        "update_ratio": parts.update,
        "gradient_signal": parts.signal,
        "probability_falling": falling,
    }
    return outcome(run).unlearnt, words, evidence


def _memorized(run: RunView) -> _Found:
    """Training learns, but never was validation better than guessing."""
    held = held_back(run)
    mixed = mixing(run)
    sorted_data = mixed is not None and not mixed.correlation.location <= MIXED
    if len(held) < LEAST_VALIDATIONS or sorted_data or _skewed(run):
        return _NOTHING
    ours = progress(run).left
    if not ours < 1 - MEANINGFUL_FALL:
        return _NOTHING
    least, _ = best(held.error)
    chance = _above(least, 1 - MEANINGFUL_FALL, len(held))
    if held.scored:
        score = 1 - best(1 - held.accuracy)[0]
        chance = min(chance, _above(held.majority + WIDE, score, len(held)))
    words = (
        f"The training data are learnt by heart (error {ours:.2f} of that of guessing), but "
        f"validation was never better than guessing ({least:.2f} at best): what the labels say "
        "holds for no other sample."
    )
    return chance, words, {"training_error": ours, "validation_error_best": least}


def _noisier(run: RunView) -> _Found:
    """Validation knew better than the training data, until those were learnt by heart.

    At its best validation is compared with the training thereafter, which has seen more. Dropout
    would explain it as well.
    """
    held = held_back(run)
    rates = run.info.get("dropout")
    if len(held) < LEAST_VALIDATIONS or not held.scored or rates is None or rates:
        return _NOTHING
    lost, where = held.lost()
    if where + 1 >= len(held):
        return _NOTHING
    ahead = float(held.accuracy[where] - held.training_accuracy[where + 1])
    chance = min(_above(ahead, WIDE, len(held)), lost)
    words = (
        f"At step {held.steps[where]} validation accuracy was {held.accuracy[where]:.2f} and that "
        f"in training {held.training_accuracy[where + 1]:.2f}; then the wrong labels among the "
        "training data were learnt by heart, and validation got worse."
    )
    return chance, words, {"validation_ahead": ahead, "best_step": float(held.steps[where])}


def _above(value: float, floor: float, count: int) -> float:
    """The probability that a validation figure is in truth above a floor."""
    figure = StudentT(np.array(value), np.array(LEAST_SIGMA), np.array(float(count)))
    return float(np.nan_to_num(figure.above(floor)))


def _varied(run: RunView) -> bool:
    """Whether the inputs differ at all, as far as is known."""
    spread = read(run, "input_std").values
    spread = spread[np.isfinite(spread)]
    return not len(spread) or float(np.median(spread)) > 0


def _skewed(run: RunView) -> bool:
    _, shares = class_shares(run)
    some = shares[shares > 0]
    return len(some) > 0 and float(some.min()) * len(some) < EVEN


_REMEDY = Remedy(
    "Look at some samples as the model gets them, with their labels. Often inputs and labels were "
    "shuffled, sorted or joined separately: use one order for both. Where labels are wrong here "
    "and there, find them by their loss, correct or drop them.",
    "order = np.random.default_rng(0).permutation(len(x_train))\n"
    "x_train, y_train = x_train[order], y_train[order]  # one order for both",
    "Zhang et al. 2017, Understanding deep learning requires rethinking generalization; Arpit et "
    "al. 2017, A closer look at memorization; Northcutt et al. 2021, Confident learning",
)
