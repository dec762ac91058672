"""loss-plateau: the loss does not fall. A remark, made where no other rule knows the reason."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.outcome import ALARM, outcome, said
from gradscope.diagnosis.reading import read
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView


def find(run: RunView) -> Sequence[Finding]:
    """A remark where nothing was learnt so far, or no more than to predict the class shares."""
    result = outcome(run)
    if not result.unlearnt >= ALARM:
        return ()
    loss = read(run, "loss")
    return (
        Finding(
            cause="loss-plateau",
            severity="info",
            layer=None,
            step=int(loss.steps[np.isfinite(loss.values[:, 0])][0]),
            confidence=result.unlearnt,
            summary=f"{said(result).capitalize()}.",
            evidence={
                "loss_start": result.start,
                "loss_end": result.end,
                "probability_unlearnt": result.unlearnt,
            },
            remedy=_REMEDY,
        ),
    )


_REMEDY = Remedy(
    "Train on one batch alone: where even that isn't learnt, check the learning rate (an update of "
    "about 1e-3 of its weights is usual), the loss and the labels; where it is, look at the data.",
    "for _ in range(500):\n    loss = train_step(x, y)  # always the same x and y",
    "Karpathy 2019, A recipe for training neural networks",
)
