"""overfitting: the training data are learnt by heart; validation is much worse, or gets worse."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.facts import dropout, regularizers
from gradscope.diagnosis.held_back import HeldBack, best, held_back
from gradscope.diagnosis.outcome import ALARM, MEANINGFUL_FALL
from gradscope.diagnosis.progress import progress
from gradscope.diagnosis.reading import read, recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

LEAST_VALIDATIONS = 3
"""Validations before anything is said: two can't show that a gap lasts."""

FAR_APART = 0.6
"""Error over that of guessing that validation is worse by, where a gap alone is enough: R² of .4
where the training data are known by heart."""

USUAL_DROPOUT, MOST_DROPOUT = 0.3, 0.5
"""Rates to begin with, and the largest that leaves a net its capacity (Srivastava et al. 2014,
Dropout, section A.4: hidden units are kept with .5 to .8)."""

USUAL_DECAY = 1e-2
"""Decoupled weight decay to begin with (Loshchilov & Hutter 2019; default of PyTorch's AdamW)."""

LEAST_PATIENCE, PATIENCE = 3, 0.1
"""Validations without progress before stopping: a tenth of those so far (Prechelt 1998, Early
stopping, but when?: slower criteria cost time and gain little), at least three."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where training got well ahead of validation, and validation shows it."""
    held = held_back(run)
    steps = recorded_steps(run)
    if len(held) < LEAST_VALIDATIONS or len(steps) < LEAST_STEPS:
        return ()
    worse, apart = held.worse(), held.apart(FAR_APART)
    lost, where = held.lost()
    confidence = max(worse, lost) if held.scored else max(min(worse, lost), apart)
    if not (progress(run).left < 1 - MEANINGFUL_FALL and confidence >= ALARM):
        return ()
    step = int(held.steps[where])
    since = f"; validation was best at step {step}" if lost >= ALARM else ""
    recorded = steps[: np.searchsorted(steps, step, side="right")]
    return (
        Finding(
            cause="overfitting",
            severity="warning",
            layer=None,
            step=int(recorded[-1] if len(recorded) else steps[0]),
            confidence=confidence,
            summary=f"The training data are fitted far better than others: {held.said()}{since}.",
            evidence={
                "gap": held.gap,
                "validation_error": _last(held.error),
                "validation_error_best": best(held.error)[0],
                "training_error": _last(held.training_error),
                "validation_accuracy": _last(held.accuracy),
                "training_accuracy": _last(held.training_accuracy),
                "best_step": float(step),
                "probability_worse": worse,
                "probability_lost": lost,
            },
            remedy=_remedy(run, held, step, lost >= ALARM),
        ),
    )


def _last(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values[-1]) if len(values) else float("nan")


def _remedy(run: RunView, held: HeldBack, step: int, lost: bool) -> Remedy:
    rates = [rate for rate in dropout(run).values() if rate > 0]
    lines: list[str] = []
    if lost:
        patience = max(LEAST_PATIENCE, round(PATIENCE * len(held)))
        text = f"Stop where validation is best, here at step {step}; "
        lines.append(
            f"keras.callbacks.EarlyStopping(patience={patience}, restore_best_weights=True)"
        )
    else:
        text = "Stopping early gains little, since validation never was better; "
    if not rates:
        text += "add dropout and weight decay, "
        lines.append(f"x = keras.layers.Dropout({USUAL_DROPOUT})(x)  # after hidden layers")
    elif max(rates) < MOST_DROPOUT:
        text += f"raise the dropout from {max(rates):.2g}, "
        lines.append(f"x = keras.layers.Dropout({MOST_DROPOUT})(x)  # after hidden layers")
    if not regularizers(run):
        lines.append(f"optimizer = keras.optimizers.AdamW({_rate(run)}weight_decay={USUAL_DECAY})")
    text += "use a smaller net, or, best of all, get or make more data (augmentation)."
    return Remedy(
        text,
        "\n".join(lines),
        "Prechelt 1998, Early stopping, but when?; Srivastava et al. 2014, Dropout; Loshchilov & "
        "Hutter 2019, Decoupled weight decay regularization",
    )


def _rate(run: RunView) -> str:
    rates = read(run, "learning_rate").values
    rates = rates[np.isfinite(rates) & (rates > 0)]
    return f"learning_rate={float(np.median(rates)):.2g}, " if len(rates) else ""
