"""How much of what there is to learn a run has learnt: whether a doubtful setting does harm."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.outcome import ALARM, LEAST_NOISE, broken, outcome
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import LEAST_CHANCE, Progress, class_shares, progress
from gradscope.diagnosis.reading import Floats, Steps, read, scalar
from gradscope.records import RunView
from gradscope.report import LEAST_STEPS

NOISY = 0.25
"""Share of what there is to learn that healthy runs on noisy data reach at least: their error ends
at 0.75 of guessing at most. A regression below has failed, whatever its noise."""

HALF = 0.5
"""The same share for classes, of which accuracy tells more than a cross-entropy; and the share of a
run above the error of guessing from which on a regression is measured by it, too."""

MODEST = 0.75
"""The same share for classes where the run was slow to start or isn't done: there the way to go is
the setting's fault, not the noise's."""

SLOW = 0.1
"""Share of the run's steps above the error of guessing: a usual start is below it within a few per
cent of the run."""


@dataclass(frozen=True)
class Skill:
    """What a run has learnt of what there is to learn, step by step.

    steps: int64[S]. values: float64[S], 0 for guessing, 1 for perfect, below 0 for worse than
        guessing; NaN where unknown. For classes the share of what the most frequent class leaves
        that is predicted rightly; for targets the share of their variance that is explained.
    classes: whether they are accuracies. broke: whether the run ends in NaN or Inf.
    unlearnt: probability that nothing was learnt, for runs whose labels aren't known.
    """

    steps: Steps
    values: Floats
    classes: bool
    broke: bool
    unlearnt: float

    @property
    def known(self) -> bool:
        """Whether labels and predictions were seen."""
        return bool(np.isfinite(self.values).any())

    @property
    def end(self) -> float:
        """Its median over the last fifth of the run; NaN where unknown."""
        return float(np.median(self._late())) if self.known else float("nan")

    def below(self, bound: float) -> float:
        """Probability that the skill at the end is less than the bound; 1 where the run broke.

        Where labels aren't known, that nothing was learnt at all. 0 where there is too little to
        judge, and where the probability is less than a half.
        """
        if self.broke:
            return 1.0
        if len(self.steps) < LEAST_STEPS:
            return 0.0
        if not self.known:
            return self.unlearnt
        if self.end >= bound:
            return 0.0
        now = center(self._late(), LEAST_NOISE)
        return float(np.nan_to_num(1.0 - now.above(bound)).item())

    def _late(self) -> Floats:
        values = self.values[np.isfinite(self.values)]
        return values[-max(5, len(values) // 5) :]


def skill(run: RunView) -> Skill:
    """What a run has learnt so far."""
    course = progress(run)
    values = _of_classes(run, course.steps)
    classes = bool(np.isfinite(values).any())
    if not classes:
        values = 1.0 - course.error
    return Skill(course.steps, values, classes, broke(run), outcome(run).unlearnt)


def harmed(course: Progress, learnt: Skill) -> float:
    """Probability that a run with a doubtful scale learns too little, or too little so late."""
    late = above_guessing(course)
    if not learnt.classes:
        return learnt.below(HALF if late >= HALF else NOISY)
    unfinished = late >= SLOW or course.falling() >= ALARM
    return learnt.below(MODEST if unfinished else HALF)


def broke(run: RunView) -> bool:
    """Whether the run ends in a loss, or in weights, that are not finite."""
    weights = read(run, "weight_norm").values
    return broken(run) or bool(len(weights) and np.isnan(weights[-1]).any())


def above_guessing(course: Progress) -> float:
    """The share of the run's steps at which the error exceeds that of guessing; NaN if unknown."""
    known = np.isfinite(course.error)
    steps, error = course.steps[known], course.error[known]
    if len(steps) < LEAST_STEPS:
        return float("nan")
    # Each recorded step stands for those up to the next one.
    spans = np.append(np.diff(steps), 1).astype(np.float64)
    return float(spans[error > 1].sum() / spans.sum())


def first_error(course: Progress) -> float:
    """The error at the first step, the only one before any update; NaN if unknown."""
    return float(course.error[0]) if len(course.error) else float("nan")


def _of_classes(run: RunView, steps: Steps) -> Floats:
    """float64[S]: accuracy, relative to predicting the most frequent class."""
    _, shares = class_shares(run)
    top = float(shares.max()) if len(shares) else 1.0
    if 1.0 - top < LEAST_CHANCE:
        return np.full(len(steps), np.nan)
    return (scalar(run, "accuracy", steps) - top) / (1.0 - top)
