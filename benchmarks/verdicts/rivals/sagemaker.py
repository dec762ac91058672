"""Amazon SageMaker Debugger's built-in rules, with their default settings, on gradscope's records.

Source: "List of Debugger built-in rules", Amazon SageMaker developer guide, which gives each rule's
parameters and defaults. A rule looks at every saved step, here at every record.

Left out: SaturatedActivation, which looks at the arguments of activations, and the mispredictions
part of ClassImbalance, which needs a confusion matrix: gradscope records neither; TensorVariance,
whose limits have no default; rules for images, texts, trees and hardware.
"""

import numpy as np

from benchmarks.verdicts.rivals.epochs import Flags, epochs, sizes
from benchmarks.verdicts.rivals.message import Message, together
from benchmarks.verdicts.scoring import Said
from gradscope.diagnosis.reading import Floats, Steps, kernels, read, scalar
from gradscope.records import RunView

VANISHING_THRESHOLD = 1e-7
"""VanishingGradient, threshold: of mean |gradient|; here of its root mean square, no smaller."""

UPDATE_LARGE = 10.0
UPDATE_SMALL = 1e-8
UPDATE_EPSILON = 1e-9
"""WeightUpdateRatio, large_threshold, small_threshold and epsilon, added to the weights."""

UNCHANGED_STEPS = 3
UNCHANGED_RTOL = 1e-5
"""UnchangedTensor, num_steps and rtol; here of the norms of update and weights."""

DEAD_LAYER = 0.5
"""DeadRelu, threshold_layer: share of a layer's units that are inactive. Inactive is active for
less than 1 % of inputs; here for none of the last recorded steps, which is rarer."""

LOSS_STEPS = 10
LOSS_PERCENT = 0.1
"""LossNotDecreasing, num_steps and diff_percent: the loss has to fall so much within so many."""

OVERFIT_RATIO = 0.1
OVERFIT_PATIENCE = 1
"""Overfit, ratio_threshold and patience: (validation loss - training loss) / training loss."""

OVERTRAINING_PATIENCE = 10
OVERTRAINING_DELTA = 0.01
"""Overtraining, patience_validation and delta: so many validations without so much improvement."""

IMBALANCE = 10.0
IMBALANCE_SAMPLES = 500
"""ClassImbalance, threshold_imbalance and samples: labels of the commonest class to the rarest."""

INIT_RATIO = 10.0
INIT_RANGE = 1e-3
INIT_PATIENCE = 5
INIT_STEPS = 10
"""PoorWeightInitialization, threshold (largest to smallest variance of weights per layer),
distribution_range (between the 5th and 95th percentile of gradients), patience and steps. Read
together: one of the first two, and a loss that does not fall for so many of the first steps."""

NORMAL_RANGE = 3.29
"""Standard deviations between the 5th and 95th percentile of a normal distribution."""

NOT_FINITE = Message("ExplodingTensor", frozenset({"nonfinite", "exploding-gradient"}))
ALL_ZERO = Message(
    "AllZero", frozenset({"dead-units", "vanishing-gradient", "poor-initialization"})
)
VANISHING = Message("VanishingGradient", frozenset({"vanishing-gradient"}))
DEAD = Message("DeadRelu", frozenset({"dead-units"}))
INIT = Message("PoorWeightInitialization", frozenset({"poor-initialization"}))
LARGE = Message("WeightUpdateRatio, large", frozenset({"learning-rate-high", "exploding-gradient"}))
SMALL = Message("WeightUpdateRatio, small", frozenset({"learning-rate-low", "over-clipped"}))
UNCHANGED = Message("UnchangedTensor", SMALL.causes | {"dead-units", "disconnected-variable"})
CLASSES = Message("ClassImbalance", frozenset({"class-imbalance"}))
OVERFIT = Message("Overfit", frozenset({"overfitting"}))
OVERTRAINING = Message("Overtraining", frozenset({"overfitting"}))
LOSS = Message(
    "LossNotDecreasing",
    frozenset({"loss-plateau", "underfitting", "learning-rate-low", "label-noise"}),
)


def judge(run: RunView) -> Said:
    """What the rules report, those of tensors first, then those of losses."""
    loss = read(run, "loss")
    losses = loss.values[:, 0] if len(loss) else np.zeros(0)
    ratio = read(run, "update_ratio").values
    rms = read(run, "grad_norm").values / np.sqrt(sizes(run)) if len(loss) else np.zeros((0, 0))
    large, small = _updates(run)
    rules = (
        (NOT_FINITE, _not_finite(run, losses)),
        (ALL_ZERO, (read(run, "grad_zero_fraction").values >= 1).any()),
        (VANISHING, (rms < VANISHING_THRESHOLD).any()),
        (DEAD, (read(run, "dead_fraction").values > DEAD_LAYER).any()),
        (INIT, _poor_start(run, losses)),
        (LARGE, large),
        (SMALL, small),
        (UNCHANGED, _in_a_row(ratio <= UNCHANGED_RTOL, UNCHANGED_STEPS)),
        (CLASSES, _imbalance(run)),
        (OVERFIT, _overfit(run)),
        (OVERTRAINING, _overtraining(run)),
        (LOSS, _not_decreasing(loss.steps, losses)),
    )
    return together([message for message, fires in rules if fires])


def _not_finite(run: RunView, losses: Floats) -> bool:
    counts = read(run, "nonfinite_count").values
    return bool((counts > 0).any() or not np.isfinite(losses).all())


def _updates(run: RunView) -> tuple[bool, bool]:
    updates, weights = read(run, "update_norm").values, read(run, "weight_norm").values
    if not updates.size or not weights.size:
        return False, False
    with np.errstate(all="ignore"):
        ratios = updates / (weights + UPDATE_EPSILON)
    return bool((ratios > UPDATE_LARGE).any()), bool((ratios < UPDATE_SMALL).any())


def _in_a_row(flags: Flags, count: int) -> bool:
    """Whether so many flags in a row are set in one column."""
    if len(flags) < count:
        return False
    windows = [flags[i : len(flags) - count + 1 + i] for i in range(count)]
    return bool(np.logical_and.reduce(windows).any())


def _poor_start(run: RunView, losses: Floats) -> bool:
    columns = kernels(run)
    if not columns or not len(losses):
        return False
    size = sizes(run)[columns]
    weights = read(run, "weight_norm").values[:INIT_STEPS, columns]
    gradients = read(run, "grad_norm").values[:INIT_STEPS, columns]
    with np.errstate(all="ignore"):
        variances = weights**2 / size
        known = np.isfinite(variances)
        largest = np.where(known, variances, -np.inf).max(1)
        uneven = largest / np.where(known, variances, np.inf).min(1) > INIT_RATIO
        ranges = NORMAL_RANGE * gradients / np.sqrt(size)
        narrow = np.where(np.isfinite(ranges), ranges, np.inf).min(1) < INIT_RANGE
    standing = _in_a_row(np.diff(losses[: INIT_STEPS + 1])[:, None] >= 0, INIT_PATIENCE)
    return bool((uneven | narrow).any() and standing)


def _imbalance(run: RunView) -> bool:
    shares = read(run, "class_share")
    if not len(shares):
        return False
    batch = scalar(run, "batch_size", shares.steps)
    counts = np.cumsum(np.nan_to_num(shares.values * batch[:, None]), axis=0)
    seen = counts.sum(1)
    enough = np.flatnonzero(seen >= IMBALANCE_SAMPLES)
    if not len(enough) or counts.shape[1] < 2:
        return False
    first = counts[enough[0]]
    return bool(first.max() > IMBALANCE * first.min())


def _overfit(run: RunView) -> bool:
    by_epoch = epochs(run)
    with np.errstate(all="ignore"):
        ratio = (by_epoch.val_loss - by_epoch.loss) / by_epoch.loss
    return _in_a_row((ratio > OVERFIT_RATIO)[:, None], OVERFIT_PATIENCE + 1)


def _overtraining(run: RunView) -> bool:
    best, since = np.inf, 0
    for loss in epochs(run).val_loss:
        if loss < best - OVERTRAINING_DELTA:
            best, since = loss, 0
        else:
            since += 1
        if since >= OVERTRAINING_PATIENCE:
            return True
    return False


def _not_decreasing(steps: Steps, losses: Floats) -> bool:
    """Whether the loss fell too little from any step to the one `LOSS_STEPS` later."""
    known = {int(step): float(loss) for step, loss in zip(steps, losses, strict=True)}
    pairs = [
        (loss, known[s + LOSS_STEPS])
        for s, loss in known.items()
        if s % LOSS_STEPS == 0 and s + LOSS_STEPS in known
    ]
    return any(not (old - new) * 100 >= LOSS_PERCENT * abs(old) for old, new in pairs)
