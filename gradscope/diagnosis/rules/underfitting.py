"""underfitting: the model can't express what it is to learn; the error stops far above zero."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.capacity import Limit, limit
from gradscope.diagnosis.machinery import machinery
from gradscope.diagnosis.outcome import ALARM, LEAST_NOISE
from gradscope.diagnosis.progress import not_learnt, progress
from gradscope.diagnosis.reading import recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

LARGE = 0.5
"""Error over that of guessing: half of what there is to know is missed. Healthy runs on noisy data
end at .6 to .75, so that a large error alone is no evidence: the model's build must explain it."""

WIDER = 32
"""Units to begin with in place of a narrow layer: beyond, a net of one hidden layer seldom lacks
units for a small task, and more cost little (Bengio 2012, section 3.1: larger than optimal
generally does not hurt)."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where a model of little capacity has come to little more than guessing."""
    course, steps = progress(run), recorded_steps(run)
    if not course.known or len(steps) < LEAST_STEPS:
        return ()
    reason = limit(run)
    if reason is None or not machinery(run).moves:
        return ()
    # As many steps again would take off as much at most.
    fall = max(0.0, course.fall())
    large = float(np.nan_to_num(not_learnt(course, 1 - LARGE - fall, LEAST_NOISE)))
    if not large >= ALARM:
        return ()
    return (
        Finding(
            cause="underfitting",
            severity="warning",
            layer=reason.layer,
            step=int(steps[0]),
            confidence=large,
            summary=f"The error has come to {course.left:.2f} of that of guessing and hardly falls "
            f"any more: {reason.words}.",
            evidence={
                "error": course.left,
                "units": float(reason.units),
                "fall": fall,
                "probability_large": large,
            },
            remedy=_remedy(reason),
        ),
    )


def _remedy(reason: Limit) -> Remedy:
    if reason.units:
        return Remedy(
            f"Widen {reason.layer} from {reason.units} to {WIDER} units or more; raise them until "
            "the training data can be fitted, and only then think of validation.",
            f'x = keras.layers.Dense({WIDER}, activation="relu")(x)  # was {reason.units}',
            _REFERENCE,
        )
    return Remedy(
        "Put a nonlinearity behind each hidden layer, and add a hidden layer where there is none.",
        f'x = keras.layers.Dense({WIDER}, activation="relu")(x)  # before the output layer',
        _REFERENCE,
    )


_REFERENCE = (
    "Goodfellow et al. 2016, Deep Learning, sections 5.2 and 11.3; Karpathy 2019, A recipe for "
    "training neural networks"
)
