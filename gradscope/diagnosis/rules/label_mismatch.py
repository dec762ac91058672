"""label-mismatch: labels that are none of the classes, or all of one class."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.facts import Objective, objective
from gradscope.diagnosis.outcome import ALARM
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import usual_loss
from gradscope.diagnosis.reading import Floats, read, recorded_steps, scalar
from gradscope.diagnosis.rule import Finding
from gradscope.diagnosis.skill import skill
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

GOOD = 0.8
"""Share of what there is to learn: a run above it has learnt in spite of such labels, as one does
that leaves them out on purpose (`ignore_class`)."""

SEVERAL = 2.0
"""Distance of the largest label from the smallest, both 0 or more, from which on they name more
than two classes: then the loss is the wrong one, see output-mismatch."""

WHOLE_LOSS = 0.1
"""Share by which the cross-entropy of the labels may differ from the loss; where it differs by
more, the loss knows other labels, too, as that of a discriminator does."""

LEAST_MISSING = 0.01
"""Share of the labels without a class, from which on it is worth a word: wrong labels of one per
cent are usual in well-kept data sets (Northcutt et al. 2021, Pervasive label errors: 3.3 %)."""

TINY = 1e-4
"""Nats: the least cross-entropy that this comparison is made for; clipping shows below."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where labels are out of range and it shows, or all of one class."""
    facts = objective(run)
    if not facts.classifies or facts.layer is None or not len(recorded_steps(run)):
        return ()
    return _out_of_range(run, facts) or _no_class(run, facts) or _one_class(run, facts)


def _out_of_range(run: RunView, facts: Objective) -> Sequence[Finding]:
    least, largest = _finite(run, "target_min"), _finite(run, "target_max")
    classes = _classes(facts)
    if not len(least) or not len(largest) or classes is None:
        return ()
    low, high = float(least.min()), float(largest.max())
    if low >= 0 and high <= classes - 1:
        return ()
    if facts.kind == "binary" and low >= 0 and high - low >= SEVERAL:
        return ()
    broken = _breaks_there(run, classes)
    if not broken and facts.loss is None and not _is_cross_entropy(run):
        return ()
    # A cross-entropy of two classes takes all that is not 0 for 1.
    alike = facts.kind == "binary" and low >= 1
    failing = 1.0 if broken or alike else skill(run).below(GOOD)
    if failing < ALARM:
        return ()
    end = "the loss is not finite where they occur" if broken else "the run does not learn"
    end = "all of them pull the same way" if alike and not broken else end
    return (
        Finding(
            cause="label-mismatch",
            severity="critical",
            layer=facts.layer,
            step=int(recorded_steps(run)[0]),
            confidence=failing,
            summary=f"Labels go from {low:g} to {high:g}, but {facts.layer} knows the classes 0 to "
            f"{classes - 1}, and {end}.",
            evidence={
                "target_min": low,
                "target_max": high,
                "classes": float(classes),
                "probability_failing": failing,
            },
            remedy=_range_remedy(facts, low, high, classes),
        ),
    )


def _no_class(run: RunView, facts: Objective) -> Sequence[Finding]:
    """For one-hot rows without a one, as tf.one_hot makes them of numbers out of range."""
    shares = read(run, "class_share")
    known = shares.values[np.isfinite(shares.values).all(axis=1)] if len(shares) else np.zeros(0)
    if facts.kind != "onehot" or len(known) < LEAST_STEPS:
        return ()
    missing = 1.0 - known.sum(axis=1)
    some = float(center(missing, LEAST_MISSING).above(LEAST_MISSING))
    failing = skill(run).below(GOOD) if some >= ALARM else 0.0
    if some * failing < ALARM:
        return ()
    share = float(np.median(missing))
    return (
        Finding(
            cause="label-mismatch",
            severity="critical",
            layer=facts.layer,
            step=int(recorded_steps(run)[0]),
            confidence=some * failing,
            summary=f"{share:.0%} of the one-hot labels are rows of zeros, which name none of the "
            f"{facts.classes} classes: such a sample teaches nothing.",
            evidence={"share_without_class": share, "probability_failing": failing},
            remedy=Remedy(
                "Give each class a number from 0 on before the numbers become one-hot rows: one "
                "that is out of range becomes a row of zeros.",
                "names, numbers = np.unique(y, return_inverse=True)\n"
                "labels = keras.ops.one_hot(numbers, len(names))",
                "https://www.tensorflow.org/api_docs/python/tf/one_hot",
            ),
        ),
    )


def _one_class(run: RunView, facts: Objective) -> Sequence[Finding]:
    seen = _only_class(run, facts)
    steps = recorded_steps(run)
    if seen is None or len(steps) < LEAST_STEPS or not _whole_loss(run, _of_class(run, seen)):
        return ()
    return (
        Finding(
            cause="label-mismatch",
            severity="critical",
            layer=facts.layer,
            step=int(steps[0]),
            confidence=1.0,
            summary=f"All labels of all {len(steps)} recorded batches are of class {seen}: there "
            "is nothing to tell apart.",
            evidence={"class": float(seen), "recorded_batches": float(len(steps))},
            remedy=Remedy(
                "Look at how the labels are read, and at how the data are sorted or filtered: the "
                "training data hold one class only.",
                "np.unique(y_train, return_counts=True)",
                "Karpathy 2019, A recipe for training neural networks",
            ),
        ),
    )


def _classes(facts: Objective) -> int | None:
    """How many classes the labels may name; None where they name none by a number."""
    if facts.kind == "sparse":
        # One output for several classes is no fault of the labels.
        return facts.classes or facts.units if facts.units != 1 else None
    return 2 if facts.kind == "binary" and facts.units in (1, None) else None


def _breaks_there(run: RunView, classes: int) -> bool:
    """Whether the loss is not finite at the first step with a label out of range."""
    series = read(run, "target_max")
    least = read(run, "target_min").at(series.steps)[:, :1]
    with np.errstate(invalid="ignore"):
        outside = ((series.values[:, :1] > classes - 1) | (least < 0)).any(axis=1)
    if not outside.any():
        return False
    first = series.steps[[np.argmax(outside)]]
    return len(read(run, "loss")) > 0 and not np.isfinite(scalar(run, "loss", first)[0])


def _only_class(run: RunView, facts: Objective) -> int | None:
    """The class of all labels in all recorded batches; None where there are several."""
    shares = read(run, "class_share")
    if len(shares):
        known = shares.values[np.isfinite(shares.values).all(axis=1)]
        there = np.flatnonzero((known > 0).any(axis=0)) if len(known) else np.zeros(0, int)
        whole = len(there) == 1 and bool((known[:, there[0]] == 1).all())
        return int(there[0]) if whole else None
    least, largest = _finite(run, "target_min"), _finite(run, "target_max")
    if facts.kind == "sparse" and len(least) and len(largest):
        return int(least.min()) if least.min() == largest.max() else None
    return None


def _of_class(run: RunView, seen: int) -> Floats:
    """float64[S]: the cross-entropy of the samples of one class, at the steps of the loss."""
    own, steps = read(run, "class_loss"), read(run, "loss").steps
    if str(seen) not in own.names:
        return np.full(len(steps), np.nan)
    return own.at(steps)[:, own.names.index(str(seen))]


def _is_cross_entropy(run: RunView) -> bool:
    """Whether the loss is that of the labels that have a class, or may be.

    The labels of a loss written by hand are a guess: integers beside an embedding are no classes.
    """
    steps = read(run, "loss").steps
    over_all = usual_loss(run, steps)
    with np.errstate(invalid="ignore"):
        over_known = over_all / read(run, "class_share").at(steps).sum(axis=1)
    return _whole_loss(run, over_all) or _whole_loss(run, over_known)


def _whole_loss(run: RunView, mine: Floats) -> bool:
    """Whether a cross-entropy is all of the loss, as far as that is known."""
    loss = read(run, "loss")
    if not len(loss):
        return True
    data = loss.values[:, 0] - np.nan_to_num(scalar(run, "regularization_loss", loss.steps))
    known = np.isfinite(mine) & np.isfinite(data) & (mine > TINY)
    if not known.any():
        return True
    apart = center(np.abs(data[known] / mine[known] - 1.0), WHOLE_LOSS / 10)
    return float(np.nan_to_num(apart.above(WHOLE_LOSS)).item()) < 1 - ALARM


def _finite(run: RunView, statistic: str) -> Floats:
    values = read(run, statistic).values
    return values[np.isfinite(values)]


def _range_remedy(facts: Objective, low: float, high: float, classes: int) -> Remedy:
    reference = "https://keras.io/api/losses/probabilistic_losses/"
    if facts.kind == "binary":
        return Remedy(
            "Give the labels as 0 and 1.",
            f"y = (y - {low:g}) / {high - low:g}" if high > low else "y = np.clip(y, 0, 1)",
            reference,
        )
    if low == 1 and high == classes:
        return Remedy("Count the classes from 0.", "y = y - 1", reference)
    if low < 0:
        return Remedy(
            "Drop the examples with a negative label, or let the loss leave them out.",
            "loss_fn = keras.losses.SparseCategoricalCrossentropy("
            f"from_logits=True, ignore_class={low:.0f})",
            reference,
        )
    return Remedy(
        f"Give the output one unit for each label from 0 to {high:.0f}, or correct the labels.",
        f"outputs = keras.layers.Dense({high + 1:.0f})(x)",
        reference,
    )
