"""AUTOTRAINER's rules on gradscope's records.

Zhang, Zhai, Ma & Shen 2021, AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair
System, ICSE; constants as published and as in the tool's default parameters.

The tool looks once per epoch, here once per validation. It asks for accuracies from 30 % of the
epochs on, here at the end of the run, which gives it fewer false alarms. R² stands in for accuracy
where labels are targets: without one the tool has no gate.
"""

import numpy as np

from benchmarks.verdicts.rivals.epochs import Epochs, at_steps, epochs, sizes
from benchmarks.verdicts.rivals.message import Message, together
from benchmarks.verdicts.scoring import Said
from gradscope.diagnosis.reading import Floats, kernels
from gradscope.records import RunView

VANISHING_RATIO = 1e-3
"""β₁: of the first kernel's gradient norm to the last one's, at most."""

VANISHING_NORM = 1e-4
"""β₂: of the first kernel's gradient, at most; asked beside β₁."""

EXPLODING_RATIO = 70.0
"""β₃: of the first kernel's gradient norm to the last one's, at least."""

DYING_SHARE = 0.7
"""γ: of all gradient elements that are exactly 0, at least."""

SWING = 0.03
"""ζ: between a local maximum and a local minimum of the training accuracy, at least."""

SWING_RATE = 0.2
"""η: such swings per epoch, at least."""

SLOW_GAIN = 0.01
"""δ: the largest gain of accuracy from one epoch to the next, at most."""

GATE = 0.7
"""Θ: a run whose training and validation accuracies both reached it has converged."""

LARGE_LOSS = 1e5
"""A validation loss that counts as not a number."""

EXPLODE = Message("explode", frozenset({"exploding-gradient", "nonfinite"}))
RELU = Message("relu", frozenset({"dead-units"}))
VANISH = Message("vanish", frozenset({"vanishing-gradient"}))
NOT_CONVERGE = Message(
    "not_converge", frozenset({"learning-rate-low", "underfitting", "loss-plateau"})
)
UNSTABLE = Message("unstable", frozenset({"learning-rate-high", "noisy-gradient", "loss-spike"}))


def judge(run: RunView) -> Said:
    """What the tool would have said: the first problem that it finds."""
    by_epoch = epochs(run)
    gradients = at_steps(run, "grad_norm", by_epoch.steps)
    zeros = at_steps(run, "grad_zero_fraction", by_epoch.steps)
    columns = kernels(run)
    weight = sizes(run)
    seen = {"vanish": False, "explode": False, "relu": False}
    for epoch in range(len(by_epoch.steps)):
        if _not_finite(by_epoch, gradients, epoch):
            return together([EXPLODE])
        if columns:
            _look(seen, gradients[epoch][columns], zeros[epoch], weight)
    message = _problem(by_epoch, seen)
    return together([message] if message else [])


def _look(seen: dict[str, bool], norms: Floats, zeros: Floats, weight: Floats) -> None:
    """Remembers what the gradients of one epoch show: the tool never forgets."""
    with np.errstate(all="ignore"):
        ratio = norms[0] / norms[-1]
    if ratio < VANISHING_RATIO and norms[0] < VANISHING_NORM:
        seen["vanish"] = True
    if ratio > EXPLODING_RATIO:
        seen["explode"] = True
    known = np.isfinite(zeros)
    if known.any() and np.average(zeros[known], weights=weight[known]) >= DYING_SHARE:
        seen["relu"] = True


def _problem(by_epoch: Epochs, seen: dict[str, bool]) -> Message | None:
    train, valid = by_epoch.accuracy, by_epoch.val_accuracy
    if not (np.isfinite(train).any() and np.isfinite(valid).any()):
        return None
    not_converged = min(np.nanmax(train), np.nanmax(valid)) < GATE
    slow = max(_gain(train), _gain(valid)) < SLOW_GAIN
    if not_converged or slow:
        for name, message in (("relu", RELU), ("explode", EXPLODE), ("vanish", VANISH)):
            if seen[name]:
                return message
        return NOT_CONVERGE if slow else None
    return UNSTABLE if _unstable(train) else None


def _not_finite(by_epoch: Epochs, gradients: Floats, epoch: int) -> bool:
    losses = by_epoch.loss[epoch], by_epoch.val_loss[epoch]
    here = gradients[epoch]
    # A variable that no gradient reaches has NaN in every record.
    reached = np.isfinite(gradients).any(0) | ~np.isfinite(losses[0])
    return bool(
        not np.all(np.isfinite(losses))
        or losses[1] >= LARGE_LOSS
        or not np.all(np.isfinite(here[reached]))
    )


def _gain(accuracy: Floats) -> float:
    """The largest gain from one epoch to the next, at least 0."""
    return float(max(0.0, np.nanmax(np.diff(accuracy), initial=0.0)))


def _unstable(accuracy: Floats) -> bool:
    inner, before, after = accuracy[1:-1], accuracy[:-2], accuracy[2:]
    peaks = inner[(inner >= before) & (inner >= after)]
    troughs = inner[(inner <= before) & (inner <= after)]
    count = min(len(peaks), len(troughs))
    swings = np.sum(peaks[:count] - troughs[:count] >= SWING)
    return bool(swings > 0 and swings >= SWING_RATE * len(accuracy))
