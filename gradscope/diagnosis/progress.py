"""How far a run has come: its error against guessing, and whether it still falls."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.posterior import StudentT, center, difference, slope
from gradscope.diagnosis.reading import Floats, Steps, read, scalar
from gradscope.records import RunView

LEAST_CHANCE = 1e-3
"""Nats, or share of a target's mean that its standard deviation must exceed: below, one constant
prediction fits (nearly) all, and an error relative to it says nothing."""

SKEWED = 0.5
"""Share of the rarest class times the number of classes: below, class weights are worth while, and
the error is taken over classes alike where that shows that they were learnt."""

BINS = 12
"""Parts into which the loss is cut before a trend is fitted, each with its median: a straight line
over them has ten degrees of freedom, and neighbouring batches no say of their own."""

LEAST_PER_BIN = 3
"""Recorded steps in a part, the least of which a median withstands an outlier."""

LEAST_SAMPLES = 32
"""Samples over which an error is a mean: of single ones, most may be near 0 while a few, and with
them the mean, are far off. The usual batch (Bengio 2012, Practical recommendations)."""

FALLING = 0.05
"""Share of its level that the loss must lose over the part of the run that is looked at, to count
as falling: less would take more than ten such parts for one halving (0.95^13 = 0.5)."""


@dataclass(frozen=True)
class Progress:
    """The course of a run's error.

    steps: int64[S], those with a finite loss. loss: float64[S], without regularizers.
    chance: the loss of the best constant prediction: the entropy of the class shares in nats, or
        the variance of the target; NaN where labels aren't known.
    error: float64[S], 1 where a step does no better than that, 0 where it is perfect; NaN where
        unknown. For classes a ratio of cross-entropies, for targets one of squared errors. Where
        shares are skewed, the mean over classes if that is less: class weights aim at it.
    """

    steps: Steps
    loss: Floats
    chance: float
    error: Floats

    @property
    def known(self) -> bool:
        """Whether the error is known at all."""
        return bool(np.isfinite(self.error).any())

    @property
    def left(self) -> float:
        """Median error at the end; the loss at the end over the first one where that is unknown."""
        if self.known:
            error = self.error[np.isfinite(self.error)]
            return float(np.median(error[-max(5, len(error) // 10) :]))
        if not len(self.loss) or not self.loss[0] > 0:
            return float("nan")
        return float(np.median(self.loss[-max(5, len(self.loss) // 10) :]) / self.loss[0])

    @property
    def best(self) -> float:
        """Least median of `error`, or of the loss over its first value, in any part of the run."""
        if not self.known and not len(self.loss):
            return float("nan")
        values = self.error if self.known else self.loss / self.loss[0]
        middles = _bins(values[np.isfinite(values)])
        return float(middles.min()) if len(middles) else float("nan")

    def trended(self, share: float = 0.5) -> bool:
        """Whether there are enough steps to say which way the loss goes over the last part."""
        return self._trend(share)[0] is not None

    def falling(self, share: float = 0.5) -> float:
        """Probability that the loss falls notably (by `FALLING`) over the last part of the run.

        share: how much of the run that part is. 0 where too few steps tell.
        """
        trend, level = self._trend(share)
        if trend is None:
            return 0.0
        return float(np.nan_to_num(1.0 - trend.above(-FALLING * level / (BINS - 1))).item())

    def fall(self, share: float = 0.5) -> float:
        """By how much the error has fallen over the last part of the run; NaN where unknown.

        The difference of medians of that part's first and last sixth.
        """
        middles = _bins(self.error[np.isfinite(self.error)])
        late = middles[len(middles) - int(share * len(middles)) :]
        return float(late[0] - late[-1]) if len(late) else float("nan")

    def rising(self, share: float = 0.5) -> float:
        """Probability that the loss rises as notably over the last part of the run."""
        trend, level = self._trend(share)
        if trend is None:
            return 0.0
        return float(np.nan_to_num(trend.above(FALLING * level / (BINS - 1))).item())

    def _trend(self, share: float) -> tuple[StudentT | None, float]:
        middles = _bins(self.loss[len(self.loss) - int(share * len(self.loss)) :])
        if len(middles) < BINS:
            return None, float("nan")
        level = float(np.median(np.abs(middles)))
        return slope(middles[None], scatter=FALLING * level / BINS), level


def progress(run: RunView) -> Progress:
    """The course of a run, from its finite losses."""
    series = read(run, "loss")
    if not len(series):
        return Progress(np.zeros(0, np.int64), np.zeros(0), float("nan"), np.zeros(0))
    good = np.isfinite(series.values[:, 0])
    steps = series.steps[good]
    penalty = np.nan_to_num(scalar(run, "regularization_loss", steps), posinf=0.0, neginf=0.0)
    chance, error = _classes(run, steps)
    if not np.isfinite(chance):
        chance, error = _targets(run, steps)
    error = _trailing_mean(error, scalar(run, "batch_size", steps))
    return Progress(steps, series.values[good, 0] - penalty, chance, error)


def class_shares(run: RunView) -> tuple[tuple[str, ...], Floats]:
    """The classes and their shares in all recorded batches, float64[C]; empty without labels."""
    shares = read(run, "class_share")
    if not len(shares):
        return (), np.zeros(0)
    weights = np.nan_to_num(scalar(run, "batch_size", shares.steps), nan=1.0, posinf=1.0)
    known = np.isfinite(shares.values).all(axis=1) & (weights > 0)
    if not known.any():
        return (), np.zeros(0)
    pooled = np.average(shares.values[known], axis=0, weights=weights[known])
    if not pooled.sum() > LEAST_CHANCE:  # no label names a class
        return (), np.zeros(0)
    return shares.names, pooled / pooled.sum()


def target_variance(run: RunView) -> float:
    """The variance of the target over all recorded batches; NaN without targets."""
    steps = read(run, "target_std").steps
    means, sigmas = scalar(run, "target_mean", steps), scalar(run, "target_std", steps)
    known = np.isfinite(means) & np.isfinite(sigmas)
    if not known.any():
        return float("nan")
    return float(np.mean(sigmas[known] ** 2) + np.var(means[known]))


def not_learnt(course: Progress, meaningful: float, least_sigma: float) -> float:
    """Probability that the error at the end is within `meaningful` of guessing, or above it.

    meaningful: share of the error of guessing. least_sigma: least noise assumed of one step.
    NaN where the error isn't known.
    """
    error = course.error[np.isfinite(course.error)]
    if not len(error):
        return float("nan")
    now = center(error[-max(5, len(error) // 5) :], least_sigma)
    guess = StudentT(np.array(1.0), np.array(0.0), np.asarray(now.df))
    return float(np.nan_to_num(difference(now, guess).above(-meaningful)).item())


def _classes(run: RunView, steps: Steps) -> tuple[float, Floats]:
    _, pooled = class_shares(run)
    shares, losses = read(run, "class_share").at(steps), read(run, "class_loss").at(steps)
    some = pooled[pooled > 0]
    entropy = float(-(some * np.log(some)).sum())
    if not len(some) or not losses.shape[1] or entropy < LEAST_CHANCE:
        return float("nan"), np.full(len(steps), np.nan)
    error = _mean_loss(shares, losses) / entropy
    if float(some.min()) * len(some) < SKEWED:
        even = _evenly(losses[:, pooled > 0])
        # Trained with class weights, a net is bad by the shares and good by the classes.
        if _end(even) < _end(error):
            return entropy, even
    return entropy, error


def usual_loss(run: RunView, steps: Steps) -> Floats:
    """float64[len(steps)]: the mean cross-entropy, or squared error, whatever the loss function."""
    shares, losses = read(run, "class_share").at(steps), read(run, "class_loss").at(steps)
    if losses.shape[1] and losses.shape == shares.shape:
        return _mean_loss(shares, losses)
    return scalar(run, "residual_rms", steps) ** 2


def _mean_loss(shares: Floats, losses: Floats) -> Floats:
    return np.where(shares > 0, shares * losses, 0.0).sum(axis=1)


def _evenly(losses: Floats) -> Floats:
    """float64[S]: the mean over the classes of their latest losses, over that of guessing evenly.

    NaN until each of them has been seen.
    """
    last = np.maximum.accumulate(
        np.where(np.isfinite(losses), np.arange(len(losses))[:, None], -1), axis=0
    )
    latest = np.take_along_axis(losses, np.maximum(last, 0), axis=0)
    return np.where((last >= 0).all(axis=1), latest.mean(axis=1), np.nan) / np.log(losses.shape[1])


def _end(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values[-max(5, len(values) // 5) :])) if len(values) else float("nan")


def _targets(run: RunView, steps: Steps) -> tuple[float, Floats]:
    variance = target_variance(run)
    means = scalar(run, "target_mean", steps)
    means = means[np.isfinite(means)]
    if not len(means) or not variance > (LEAST_CHANCE * float(np.median(np.abs(means)))) ** 2:
        return float("nan"), np.full(len(steps), np.nan)
    return variance, scalar(run, "residual_rms", steps) ** 2 / variance


def _trailing_mean(error: Floats, samples: Floats) -> Floats:
    """The mean over so many of the last steps that they have `LEAST_SAMPLES` samples together."""
    known = samples[np.isfinite(samples) & (samples >= 1)]  # less is a damaged record
    length = int(np.ceil(LEAST_SAMPLES / float(np.median(known)))) if len(known) else 1
    where = np.flatnonzero(np.isfinite(error))
    if length < 2 or not len(where):
        return error
    total = np.concatenate([[0.0], np.cumsum(error[where])])
    index = np.arange(1, len(where) + 1)
    first = np.maximum(index - length, 0)
    smooth = error.copy()
    smooth[where] = (total[index] - total[first]) / (index - first)
    return smooth


def _bins(values: Floats) -> Floats:
    """The medians of `BINS` equal parts; empty where a part would have too few values."""
    if len(values) < BINS * LEAST_PER_BIN:
        return np.zeros(0)
    return np.array([np.median(part) for part in np.array_split(values, BINS)])
