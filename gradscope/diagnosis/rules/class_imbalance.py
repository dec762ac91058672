"""class-imbalance: rare classes are ignored, or known by heart only, for want of samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.held_back import HeldBack, held_back, now
from gradscope.diagnosis.machinery import MOST_REGULARIZED, machinery
from gradscope.diagnosis.outcome import ALARM
from gradscope.diagnosis.posterior import center, rate_below
from gradscope.diagnosis.progress import class_shares
from gradscope.diagnosis.reading import Floats, read, recorded_steps, scalar
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

RARE = 0.25
"""Share of a class times the number of classes, below which it is rare. Programs that learn all
classes have .29 to 1, one whose rare classes are missed .016."""

LEAST_IGNORED = 0.1
"""Share of the classes that are rare and ignored: their recalls take as much off the balanced
accuracy. Of a hundred classes one may be hard."""

LEAST_RARE = 0.2
"""Share of the classes that are rare, for bad validation to count as their fault: among a few
dozen samples one class of ten may be rare by chance."""

LEARNT = 0.5
"""Share of ln(classes), the loss of guessing evenly, that the common classes' loss must be below:
where those aren't learnt either, it isn't for being rare."""

SPOILED = 0.75
"""Validation error over that of predicting the training's shares: nearly all that was learnt of
skewed classes is lost, also where the accuracy, that of the common ones, is high."""

LEAST_SEEN = 3
"""Records that hold samples of a class, the least to judge its loss by."""

LATE = 3
"""The last one in so many of a class' records counts: early on each net ignores what is rare."""

LEAST_SIGMA = 0.05
"""Nats: the least noise of a class' loss that is assumed between batches."""

MOST_LISTED = 12
"""Classes whose weights a remedy lists one by one; of more it tells how to compute them."""


@dataclass(frozen=True)
class _Classes:
    """The classes that occur. shares: float64[C]. rare: float64[C], probability of being rare.

    ignored: float64[C], probability that the loss is above that of guessing evenly.
    common: share-weighted mean loss of the classes that aren't rare. level: ln C.
    """

    names: tuple[str, ...]
    shares: Floats
    rare: Floats
    ignored: Floats
    common: float
    level: float

    @property
    def among_rare(self) -> NDArray[np.bool_]:
        """Which classes are rare for certain."""
        return self.rare >= ALARM


def find(run: RunView) -> Sequence[Finding]:
    """A finding where rare classes are ignored in training, or missed in validation."""
    steps = recorded_steps(run)
    classes, parts = _classes(run), machinery(run)
    if classes is None or len(steps) < LEAST_STEPS or not classes.among_rare.any():
        return ()
    # A net that can't move, or is held at 0 by regularizers, learns the common classes at most.
    if not parts.moves or parts.regularized > MOST_REGULARIZED:
        return ()
    held = held_back(run)
    confidence, words = max(_ignored(classes), _missed(classes, held))
    if not confidence >= ALARM:
        return ()
    least = int(np.argmin(classes.shares))
    return (
        Finding(
            cause="class-imbalance",
            severity="warning",
            layer=None,
            step=int(steps[0]),
            confidence=confidence,
            summary=f"Class {classes.names[least]} makes up {classes.shares[least]:.2%} of the "
            f"samples, the largest class {classes.shares.max():.0%}; {words}.",
            evidence={
                "classes": float(len(classes.names)),
                "rare_classes": float(classes.among_rare.sum()),
                "ignored_classes": float((classes.ignored >= ALARM).sum()),
                "smallest_share": float(classes.shares[least]),
                "largest_share": float(classes.shares.max()),
                "loss_common": classes.common,
                "loss_guessing": classes.level,
                "gap": held.gap,
            },
            remedy=_remedy(classes),
        ),
    )


def _ignored(classes: _Classes) -> tuple[float, str]:
    """The probability that enough rare classes are ignored while common ones are learnt."""
    each = np.where(classes.among_rare, np.minimum(classes.rare, classes.ignored), 0.0)
    enough = max(1, int(np.ceil(LEAST_IGNORED * len(each))))
    count = int((each >= ALARM).sum())
    if not classes.common <= LEARNT * classes.level:
        return 0.0, ""
    what = "class is" if count == 1 else "classes are"
    words = f"{count} rare {what} predicted worse than by guessing, the common ones are learnt"
    return float(np.sort(each)[-enough]), words


def _missed(classes: _Classes, held: HeldBack) -> tuple[float, str]:
    """The probability that validation is bad, where many classes are rare."""
    if classes.among_rare.mean() < LEAST_RARE or not classes.common <= LEARNT * classes.level:
        return 0.0, ""
    spoiled = float(np.nan_to_num(now(held.error).above(SPOILED)))
    learnt = held.training_error[np.isfinite(held.training_error)]
    if not len(learnt) or not learnt[-1] <= LEARNT:
        spoiled = 0.0
    return max(held.worse(), spoiled), held.said()


def _classes(run: RunView) -> _Classes | None:
    names, pooled = class_shares(run)
    present = np.flatnonzero(pooled > 0)
    losses = read(run, "class_loss")
    if len(present) < 2 or losses.names != names:
        return None
    shares, level = pooled[present], float(np.log(len(present)))
    sizes = scalar(run, "batch_size", read(run, "class_share").steps)
    seen = float(sizes[np.isfinite(sizes)].sum())
    if not 1 <= seen < np.iinfo(np.int32).max:
        return None
    rare = [rate_below(RARE / len(present), round(seen * p), round(seen)) for p in shares]
    late = [_late(losses.values[:, i]) for i in present]
    ignored = [float(np.nan_to_num(center(one, LEAST_SIGMA).above(level))) for one in late]
    middles = np.array([np.median(one) if len(one) else np.nan for one in late])
    common = (np.array(rare) < ALARM) & np.isfinite(middles)
    weight = shares[common].sum()
    mean = float((shares[common] * middles[common]).sum() / weight) if weight > 0 else np.nan
    return _Classes(
        tuple(names[i] for i in present), shares, np.array(rare), np.array(ignored), mean, level
    )


def _late(losses: Floats) -> Floats:
    """The last third of a class' losses; empty where it was hardly ever seen."""
    losses = losses[np.isfinite(losses)]
    if len(losses) < LEAST_SEEN:
        return np.zeros(0)
    return losses[-max(LEAST_SEEN, len(losses) // LATE) :]


def _remedy(classes: _Classes) -> Remedy:
    weights = 1 / (len(classes.shares) * classes.shares)
    if len(weights) <= MOST_LISTED:
        listed = ", ".join(
            f"{name}: {weight:.3g}" for name, weight in zip(classes.names, weights, strict=True)
        )
        code = f"model.fit(x_train, y_train, class_weight={{{listed}}})"
    else:
        code = (
            "counts = np.bincount(y_train)\n"
            "weights = {c: len(y_train) / (len(counts) * n) for c, n in enumerate(counts) if n}\n"
            "model.fit(x_train, y_train, class_weight=weights)"
        )
    return Remedy(
        "Weigh each class by one over its share, so that all count alike, or draw rare classes "
        "more often; get more samples of those with a few only; judge by the recall of each "
        "class, not by accuracy. In a step of your own multiply each sample's loss by its weight.",
        code,
        "King & Zeng 2001, Logistic regression in rare events data; Buda et al. 2018, A systematic "
        "study of the class imbalance problem in convolutional neural networks",
    )
