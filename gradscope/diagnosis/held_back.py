"""What the validation figures say, beside the training's own at the same steps."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.facts import objective
from gradscope.diagnosis.posterior import StudentT, center, slope
from gradscope.diagnosis.progress import Progress, class_shares, progress, usual_loss
from gradscope.diagnosis.reading import Floats, Steps, medians, read, scalar
from gradscope.records import RunView

LEAST_SIGMA = 0.03
"""Share: standard error of a validation figure that is assumed at least, that of an accuracy of one
half on 300 rows (√(p(1−p)/n)). How many rows there are isn't recorded, and the same rows again and
again scatter less than they err."""

MOST_SPREAD = 0.1
"""Natural log: the scatter (MAD) of loss over cross-entropy, or over squared error, between steps
up to which the one counts as a multiple of the other; a mean absolute error varies more."""

COMPARED = (0.05, 2.0)
"""Errors over that of guessing at which loss and error are compared: where the task is solved, or
the net sure of wrong classes, clipping and rounding tell them apart."""

UNCERTAIN = 0.1
"""Penalty over the loss of guessing, from which on a validation after the last record tells nothing
of the error: how large the penalty was by then isn't recorded."""

ABSOLUTE = float(np.sqrt(2 / np.pi))
"""Mean absolute deviation over standard deviation of a normal distribution."""

WIDE = 0.15
"""Share of rows: training accuracy − validation accuracy. 34 healthy programs stay under .04, other
sound ones on a few hundred rows under .12; programs that don't generalize have .25 to .44."""

WIDE_ERROR = 0.3
"""The same for errors over that of guessing, where no accuracy is known. Sound regressions on a few
hundred noisy rows reach .2 (R² of .6 in training and .4 in validation)."""

LOST = 0.1
"""Share of rows, or error over that of guessing, that validation must have lost since its best:
healthy programs lose .03 of their accuracy at most, by noise."""

LEAST_LATER = 3
"""Validations after the best that a line may be laid through: two scatter too much."""

RECENT = 5
"""The last part in so many of the validations counts as now, so do the last three of a few."""


@dataclass(frozen=True)
class HeldBack:
    """Validation figures and those of the training about the same steps, in the same units.

    steps: int64[V]. error: float64[V], validation loss over that of the best constant prediction
        for the training labels: 1 is guessing. training_error: the same of the training.
    accuracy, training_accuracy: float64[V], shares. majority: share of the largest class.
    All NaN where unknown.
    """

    steps: Steps
    error: Floats
    training_error: Floats
    accuracy: Floats
    training_accuracy: Floats
    majority: float

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def scored(self) -> bool:
        """Whether accuracies are known, of validation and of training."""
        return bool(np.isfinite(self.training_accuracy - self.accuracy).any())

    @property
    def gap(self) -> float:
        """How much worse validation is than training now: in accuracy, else in error."""
        return float(self._gap().location)

    def worse(self) -> float:
        """The probability that validation is much worse than training now; 0 where unknown."""
        return self.apart(WIDE if self.scored else WIDE_ERROR)

    def apart(self, floor: float) -> float:
        """The probability that it is worse by more than a floor."""
        return float(np.nan_to_num(self._gap().above(floor)))

    def lost(self) -> tuple[float, int]:
        """The probability that validation got worse by `LOST` since its best, and where that was.

        By a line over the figures since then: of accuracy where known, else of error. 0 where
        fewer than three follow, or where training got worse as well: that is no memorizing.
        """
        figures = 1 - self.accuracy if self.scored else self.error
        _, where = best(figures)
        ours = self.training_error[where + 1 :]
        ours = ours[np.isfinite(ours)]
        later = np.isfinite(figures[where:]).sum()
        if later <= LEAST_LATER or len(ours) < LEAST_LATER or not ours[-1] < ours[0]:
            return 0.0, where
        line, steps = slope(figures[None, where:], scatter=LEAST_SIGMA), len(figures) - where - 1
        return float(np.nan_to_num(line.above(LOST / steps)).item()), where

    def said(self) -> str:
        """How validation compares with training, for the end of a sentence."""
        ours, theirs = self.training_error, self.error
        what = "error relative to guessing"
        if self.scored:
            what, ours, theirs = "accuracy", self.training_accuracy, self.accuracy
        at = np.flatnonzero(np.isfinite(ours - theirs))
        if not len(at):
            return "there are no validation figures"
        return f"{what} is {ours[at[-1]]:.2f} in training and {theirs[at[-1]]:.2f} in validation"

    def _gap(self) -> StudentT:
        if self.scored:
            return now(self.training_accuracy - self.accuracy)
        return now(self.error - self.training_error)


def held_back(run: RunView) -> HeldBack:
    """The validation figures of a run; of no steps where it has neither loss nor accuracy."""
    figures = {
        name: (np.asarray(steps, np.int64), np.asarray(values, np.float64))
        for name, (steps, values) in run.validation.items()
        if name in ("loss", "accuracy")
    }
    points = [np.zeros(0, np.int64), *(steps for steps, _ in figures.values())]
    steps = np.unique(np.concatenate(points)).astype(np.int64)
    course = progress(run)
    level = guessing(run, course)
    _, shares = class_shares(run)
    training = _between(steps, course.steps, course.loss)
    loss = _figures(steps, figures.get("loss"))
    penalty = _penalty(run, steps)
    # Keras' evaluate adds the weight regularizers, a loop of one's own may not.
    known = np.isfinite(loss)
    if known.any() and bool(np.median(loss[known] - penalty[known]) >= 0):
        later = course.steps[-1] if len(course.steps) else 0
        stale = (steps >= later) & (penalty > UNCERTAIN * level)
        loss = np.where(stale, np.nan, np.maximum(loss - penalty, 0.0))
    scores = _between(steps, course.steps, scalar(run, "accuracy", course.steps))
    return HeldBack(
        steps,
        loss / level,
        training / level,
        _figures(steps, figures.get("accuracy")),
        scores,
        float(shares.max()) if len(shares) else float("nan"),
    )


def guessing(run: RunView, course: Progress) -> float:
    """What the loss of the best constant prediction would be, in the loss' own units.

    Where the loss is a multiple of cross-entropy or squared error, as many times that of the
    guess; of a mean absolute error `ABSOLUTE` standard deviations. Of any other loss, and without
    labels, the first one. NaN where that isn't positive either.
    """
    usual = usual_loss(run, course.steps)
    positive = (usual > 0) & (course.loss > 0) & np.isfinite(usual) & np.isfinite(course.loss)
    low, high = (bound * course.chance for bound in COMPARED)
    for some in (positive & (usual > low) & (usual < high), positive):
        # The quotient of two numbers may be too small for one.
        ratio = np.log(course.loss[some]) - np.log(usual[some])
        if len(ratio) and np.median(np.abs(ratio - np.median(ratio))) <= MOST_SPREAD:
            return float(course.chance * np.exp(np.median(ratio)))
    if course.chance > 0 and "absolute" in (objective(run).loss or ""):
        return ABSOLUTE * float(np.sqrt(course.chance))
    first = float(np.median(course.loss[:RECENT])) if len(course.loss) else float("nan")
    return first if first > 0 else float("nan")


def now(values: Floats) -> StudentT:
    """The posterior of the centre of the last values; NaN where there are none."""
    values = values[np.isfinite(values)]
    return center(values[-max(3, len(values) // RECENT) :], LEAST_SIGMA)


def best(values: Floats) -> tuple[float, int]:
    """The least value and its index: of medians of three neighbours where there are five or more.

    A single figure may be low by luck. NaN and 0 where no value is known.
    """
    if not np.isfinite(values).any():
        return float("nan"), 0
    smooth = values
    if len(values) >= RECENT:
        wide = np.concatenate([values[:1], values, values[-1:]])
        smooth = medians(np.stack([wide[:-2], wide[1:-1], wide[2:]], axis=1), axis=1)
    where = int(np.nanargmin(np.where(np.isfinite(smooth), smooth, np.inf)))
    return float(smooth[where]), where


def _figures(steps: Steps, points: tuple[Steps, Floats] | None) -> Floats:
    """float64[len(steps)]: the figure at each step, the last one where a step has several."""
    values = np.full(len(steps), np.nan)
    if points is not None:
        values[np.searchsorted(steps, points[0])] = points[1]
    return np.where(np.isfinite(values), values, np.nan)


def _penalty(run: RunView, steps: Steps) -> Floats:
    """float64[len(steps)]: what regularizers added to the loss at the next record.

    That was taken of the same weights as the validation; the last record, where none follows.
    """
    series = read(run, "regularization_loss")
    good = np.isfinite(series.values).all(axis=1)
    if not good.any():
        return np.zeros(len(steps))
    after = np.searchsorted(series.steps[good], steps, side="right")
    return series.values[good][np.minimum(after, good.sum() - 1), 0]


def _between(steps: Steps, recorded: Steps, values: Floats) -> Floats:
    """float64[len(steps)]: means of what was recorded since the step before.

    Means, as validation's are: the median accuracy of batches of four is 1 for many a net.

    The last record before it, where nothing was recorded in between.
    """
    good = np.isfinite(values)
    recorded, values = recorded[good], values[good]
    ends = np.searchsorted(recorded, steps, side="right")
    result = np.full(len(steps), np.nan)
    for i, end in enumerate(ends):
        if end:
            start = min(ends[i - 1] if i else 0, end - 1)
            result[i] = values[start:end].mean()
    return result
