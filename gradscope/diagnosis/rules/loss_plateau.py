"""loss-plateau: the loss does not fall, and no other rule knows the reason."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.facts import several_optimizers
from gradscope.diagnosis.held_back import LEAST_SIGMA, held_back
from gradscope.diagnosis.outcome import ALARM, LEAST_NOISE, Outcome, outcome, said
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import Progress, class_shares, not_learnt, progress
from gradscope.diagnosis.reading import read, recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

ENOUGH = 100
"""Optimizer steps before a loss that stands is worth a warning; until then it is a remark. A usual
warm-up takes longer, and then the learning rate still rises."""

FAR = 0.8
"""Error over that of guessing at which a run that no longer improves is far from done: healthy runs
on noisy data end at .75 at most."""

SOMETHING = 0.05
"""Share of the error of guessing, half of what counts as meaningful: who is better by as much on
held-back data has learnt something that holds, and noise may be the rest: an R² of a few per cent
is all there is in some sound data."""

STILL = 0.5
"""Probability that the loss falls, above which the run is on its way."""

SMALLER = 0.2
"""Factor on the learning rate where the loss has stopped: the usual one of ReduceLROnPlateau."""

PATIENCE = 0.1
"""Share of the run without progress after which the learning rate is lowered."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where nothing was learnt, or the error stopped falling not far below guessing."""
    result, course = outcome(run), progress(run)
    falling = course.falling()
    if falling >= STILL or len(recorded_steps(run)) < LEAST_STEPS:
        return ()
    settled = course.trended()
    far = float(np.nan_to_num(not_learnt(course, 1 - FAR, LEAST_NOISE))) if settled else 0.0
    confidence = max(result.unlearnt, far)
    if not confidence >= ALARM:
        return ()
    unlearnt = result.unlearnt >= ALARM
    loss = read(run, "loss")
    steps = loss.steps[np.isfinite(loss.values[:, 0])]
    return (
        Finding(
            cause="loss-plateau",
            severity="warning" if _judged(run, steps) else "info",
            layer=None,
            step=int(steps[0] if unlearnt else course.steps[len(course.steps) // 2]),
            confidence=confidence,
            summary=_said(result, course, unlearnt),
            evidence={
                "loss_start": result.start,
                "loss_end": result.end,
                "error": course.left,
                "probability_unlearnt": result.unlearnt,
                "probability_falling": falling,
            },
            remedy=_ONE_BATCH if unlearnt else _smaller_steps(run),
        ),
    )


def _judged(run: RunView, steps: np.ndarray) -> bool:
    """Whether the run is long enough, has one objective, no rising rate, and isn't just noisy."""
    if several_optimizers(run) or _one_class(run) or steps[-1] - steps[0] + 1 < ENOUGH:
        return False
    if _holds(run):
        return False
    rates = read(run, "learning_rate").values
    rates = rates[np.isfinite(rates)]
    return not (len(rates) and rates[-1] > rates[len(rates) // 2])


def _holds(run: RunView) -> bool:
    """Whether something was learnt that holds for held-back data, too: the rest may be noise."""
    held = held_back(run)
    known = held.error[np.isfinite(held.error)]
    late = center(known[len(known) // 2 :], LEAST_SIGMA)
    return float(np.nan_to_num(late.above(1 - SOMETHING), nan=1.0)) <= 1 - ALARM


def _one_class(run: RunView) -> bool:
    """Whether all labels are alike, and so trivial to learn: a loss that stands is about others.

    As that of a discriminator, whose true and made-up samples come in two calls.
    """
    _, shares = class_shares(run)
    return len(shares) > 0 and float(shares.max()) == 1.0


def _said(result: Outcome, course: Progress, unlearnt: bool) -> str:
    if unlearnt:
        words = said(result)
        return f"{words[0].upper()}{words[1:]}."
    return (
        f"The error has settled at {course.left:.2f} of that of guessing, and no longer falls "
        f"(loss {result.start:.4g} -> {result.end:.4g})."
    )


def _smaller_steps(run: RunView) -> Remedy:
    patience = max(
        1, round(PATIENCE * max((len(s) for s, _ in run.validation.values()), default=0))
    )
    return Remedy(
        f"Lower the learning rate to {SMALLER:g} of what it is when the loss stops falling; where "
        "that doesn't help, give the model more units, and look at the data.",
        f'keras.callbacks.ReduceLROnPlateau(monitor="loss", factor={SMALLER}, patience={patience})',
        "Goodfellow et al. 2016, Deep Learning, section 8.3.1; He et al. 2016, Deep residual "
        "learning (the rate is lowered when the error plateaus)",
    )


_ONE_BATCH = Remedy(
    "Train on one batch alone: where even that isn't learnt, check the learning rate (an update of "
    "about 1e-3 of its weights is usual), the loss and the labels; where it is, look at the data.",
    "for _ in range(500):\n    loss = train_step(x, y)  # always the same x and y",
    "Karpathy 2019, A recipe for training neural networks",
)
