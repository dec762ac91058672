"""noisy-gradient: batches of a few samples, whose updates undo each other at this learning rate."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.harm import STUCK, Harm, harm
from gradscope.diagnosis.moves import Moves, agreement, few_samples, moves, noise_floor, sensible
from gradscope.diagnosis.outcome import ALARM, failing, outcome
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import Progress, progress
from gradscope.diagnosis.reading import log10, read
from gradscope.diagnosis.remedies import optimizer_line
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

RESTING = 5e-3
"""Update ratio of the middle kernel in the second half of the run. A random walk of that size
changes the weights wholly in (1/5e-3)² = 40,000 steps, and as much as they usually must move to
learn (0.1 to 0.5) within a few hundred: above, noise undoes what is learnt."""

WANDERED = 0.5
"""Sum of update ratios over the run: nets that learn have moved by 0.1 to 0.5 of their weights when
the error is halved. Who has gone further, in steps that don't agree, and knows next to nothing,
walked at random, however small the steps."""

NEAR_FLOOR = 2.0
"""`agreement` over `noise_floor`: 4.3 where all gradients agree (β = .9), 1 where they are noise;
the geometric middle."""

LEARNT = 0.9
"""Error over that of guessing, in the best part of the run: below it, there is something to learn,
and so it is not the labels that are noise."""

LEAST_SIGMA = 0.05
"""Decades, the least standard deviation assumed of an update ratio between steps: 12 %."""

BATCH = 32
"""Samples of the batch that is proposed: the usual default (Bengio 2012, Practical recommendations
for gradient-based training of deep architectures)."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where batches are tiny, their updates large and at odds, and the run is stuck."""
    found, course = moves(run), progress(run)
    if len(found.steps) < LEAST_STEPS or not few_samples(run) or not course.known:
        return ()
    marks = harm(run, found)
    worn = marks.lasting()
    restless, ratio = _restless(found)
    if not (worn or (course.best < LEARNT and _noise(run))):
        return ()
    large = max(restless, float(worn))
    confidence = max(large * failing(run, STUCK), _lost(run, found))
    if not confidence >= ALARM or course.falling() >= ALARM:
        return ()
    return (_finding(run, found, course, marks, ratio, confidence),)


def _lost(run: RunView, found: Moves) -> float:
    """Probability that a long walk of gradients that are known to be at odds has taught nothing."""
    known = np.isfinite(agreement(run)[len(found.steps) // 2 :]).any()
    if not known or not _noise(run) or not found.path >= WANDERED:
        return 0.0
    return outcome(run).unlearnt


def _restless(found: Moves) -> tuple[float, float]:
    """The probability that updates stay large, and their size in the second half of the run."""
    late = found.typical[len(found.steps) // 2 :]
    sizes = center(log10(late), LEAST_SIGMA)
    if not np.isfinite(sizes.location):
        return 0.0, float("nan")
    return float(sizes.above(np.log10(RESTING))), float(10**sizes.location)


def _noise(run: RunView) -> bool:
    """Whether successive gradients are at odds in the second half, as far as that is known."""
    signal = agreement(run)
    signal = signal[len(signal) // 2 :]
    signal = signal[np.isfinite(signal)]
    return not len(signal) or float(np.median(signal)) <= NEAR_FLOOR * noise_floor(run)


def _finding(
    run: RunView, found: Moves, course: Progress, marks: Harm, ratio: float, confidence: float
) -> Finding:
    batch = float(np.nanmedian(read(run, "batch_size").values))
    if marks.lasting():  # what is left at the end is not what did it
        ratio = float(np.nanmedian(found.typical[: max(LEAST_STEPS, len(found.steps) // 10)]))
    numbers = {
        "batch_size": batch,
        "update_ratio": ratio,
        "agreement": _late(agreement(run)),
        "noise_floor": noise_floor(run),
        "error_left": course.left,
        "error_best": course.best,
        "units_off": marks.off,
        "learning_rate": found.rate,
    }
    harmed = f", and {marks.in_words()}" if marks.lasting() else ""
    end = f"{course.left:.0%} of the error of guessing are left, and it no longer falls"
    if marks.broke:
        end = "the loss is no longer finite"
    return Finding(
        cause="noisy-gradient",
        severity="critical" if marks.broke or outcome(run).unlearnt >= ALARM else "warning",
        layer=None,
        step=int(found.steps[0]),
        confidence=confidence,
        summary=(
            f"Batches of {batch:g} give gradients that are mostly noise, and each update changes "
            f"the weights by {ratio:.2g} of their size{harmed}; {end}."
        ),
        evidence={name: value for name, value in numbers.items() if np.isfinite(value)},
        remedy=_remedy(run, found, batch),
    )


def _late(signal: np.ndarray) -> float:
    signal = signal[len(signal) // 2 :]
    signal = signal[np.isfinite(signal)]
    return float(np.median(signal)) if len(signal) else float("nan")


def _remedy(run: RunView, found: Moves, batch: float) -> Remedy:
    """A larger batch, or a rate that is smaller by as much."""
    rate = sensible(found.rate * batch / BATCH)
    if not np.isfinite(rate):
        rate = sensible(1e-3 * batch / BATCH)
    return Remedy(
        f"Train on batches of {BATCH} or more; or keep them and lower the learning rate to about "
        f"{rate:g}, since noise grows with the rate over the batch size.",
        f"dataset = dataset.unbatch().shuffle(10_000).batch({BATCH})\n"
        f"{optimizer_line(run, rate)}  # else this",
        "Smith et al. 2018, Don't decay the learning rate, increase the batch size",
    )
