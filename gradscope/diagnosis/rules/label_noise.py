"""label-noise: the labels don't follow from the inputs, so that nothing is to be learnt from them.

A diagnosis by exclusion: everything works, and yet the error is that of guessing; or what is
learnt of the training data is worth nothing on others.
"""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.capacity import limit
from gradscope.diagnosis.facts import layers, several_optimizers
from gradscope.diagnosis.held_back import LEAST_SIGMA, WIDE, HeldBack, best, held_back, now
from gradscope.diagnosis.machinery import machinery
from gradscope.diagnosis.mixing import mixing
from gradscope.diagnosis.outcome import ALARM, LEAST_NOISE, MEANINGFUL_FALL, outcome
from gradscope.diagnosis.posterior import StudentT, center, difference
from gradscope.diagnosis.progress import class_shares, progress
from gradscope.diagnosis.reading import read, recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

LEAST_VALIDATIONS = 3
"""Validations of which the best must be no better than guessing: one may be bad by chance."""

LUCK = 1.5
"""Standard errors by which the best of several validations is better than they are by luck: 1.54 is
expected of ten independent normal figures, 1.87 of twenty (Harter 1961, Biometrika 48)."""

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

RECURRENT = frozenset(
    {"RNN", "SimpleRNN", "LSTM", "GRU", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)
"""Keras layers whose kernels are used at every step of time: their gradient is a sum over them all,
and says nothing of what reaches the early ones (Bengio et al. 1994, Learning long-term
dependencies with gradient descent is difficult)."""

FEW = 300
"""Training samples: fewer are learnt by heart by any net, whatever their labels, and say too little
of others for a verdict on the labels; that is overfitting."""

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
    course, chance = progress(run), 0.0
    # What matters may lie too far back in time; a net that learns by heart tells samples apart.
    if any(facts.get("class") in RECURRENT for facts in layers(run).values()):
        return _NOTHING
    if not _could_learn(run) or not course.left <= MOST_ERROR:
        return _NOTHING
    # A run that knew more at its best lost it again, which is another story.
    if course.best >= 1 - MEANINGFUL_FALL:
        chance = outcome(run).unlearnt
    if course.left >= 1 - MEANINGFUL_FALL:  # batches scatter more than validations do
        chance = max(chance, _never_better(run, held_back(run)))
    falling, rising = course.falling(), course.rising()
    if max(falling, rising) >= STILL:
        return _NOTHING
    words = (
        f"Gradients and updates are as usual, but the error stays at {course.left:.2f} of that of "
        "guessing: the labels seem to have nothing to do with the inputs."
    )
    parts = machinery(run)
    evidence = {
        "error": course.left,
        "update_ratio": parts.update,
        "gradient_signal": parts.signal,
        "probability_falling": falling,
    }
    return chance, words, evidence


def _memorized(run: RunView) -> _Found:
    """Training learns, or has begun to, but never was validation better than guessing."""
    held, ours = held_back(run), progress(run).left
    chance = _never_better(run, held)
    if not chance > 0:
        return _NOTHING
    begins = not ours < 1 - MEANINGFUL_FALL
    if begins:
        if not _could_learn(run):
            return _NOTHING
        chance = min(chance, _ahead(run, held))
    least, _ = best(held.error)
    words = (
        f"The training data {'begin to be' if begins else 'are'} learnt by heart (error {ours:.2f} "
        f"of that of guessing), but validation was never notably better than guessing ({least:.2f} "
        "at best): what the labels say holds for no other sample."
    )
    return chance, words, {"training_error": ours, "validation_error_best": least}


def _could_learn(run: RunView) -> bool:
    """Whether all that is known of the training works, save that gradients give no direction."""
    parts = machinery(run)
    return parts.works and parts.directionless and limit(run) is None and _varied(run)


def _never_better(run: RunView, held: HeldBack) -> float:
    """The probability that validation was at the level of guessing at its best, and still is.

    0 where there are too few of them, or where the order or the shares of the samples explain it.
    """
    mixed = mixing(run)
    sorted_data = mixed is not None and not mixed.correlation.location <= MIXED
    if len(held) < LEAST_VALIDATIONS or sorted_data or _skewed(run) or _few(run, held):
        return 0.0
    least, count = best(held.error)[0], len(held)
    chance = min(
        _above(least, 1 - MEANINGFUL_FALL - LUCK * LEAST_SIGMA, count),
        float(np.nan_to_num(now(held.error).above(1 - MEANINGFUL_FALL))),
    )
    if held.scored:
        score = 1 - best(1 - held.accuracy)[0]
        chance = min(chance, _above(held.majority + WIDE, score, count))
    return chance


def _ahead(run: RunView, held: HeldBack) -> float:
    """The probability that the training error is below that of validation and of guessing now."""
    error = progress(run).error
    error = error[np.isfinite(error)]
    ours = center(error[-max(5, len(error) // 5) :], LEAST_NOISE)
    theirs = difference(now(held.error), ours).above(0.0)
    return float(np.nan_to_num(min(float(theirs), 1 - float(ours.above(1.0)))))


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


def _few(run: RunView, held: HeldBack) -> bool:
    """Whether the training data are few samples: at most those between two validations."""
    sizes = read(run, "batch_size").values
    sizes = sizes[np.isfinite(sizes)]
    if not len(sizes) or len(held) < LEAST_VALIDATIONS:
        return False
    return float(np.median(np.diff(held.steps)) * np.median(sizes)) < FEW


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
