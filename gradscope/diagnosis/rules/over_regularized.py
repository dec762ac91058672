"""over-regularized: the penalty on the weights outweighs the data, and the error stays high."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradscope.diagnosis.facts import dropout, regularizers
from gradscope.diagnosis.outcome import ALARM
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import progress
from gradscope.diagnosis.reading import Floats, Steps, read, scalar
from gradscope.diagnosis.rule import Finding
from gradscope.diagnosis.skill import HALF, NOISY, Skill, skill
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

AT_FIRST = 0.1
"""Share of the regularizers in the gradient of the first steps: healthy programs stay below 1e-3
there, over-regularized ones above a half; a tenth lies between them in decades, on the safe side.
Asked of the start, since it reaches a half at every regularized optimum, a good one as well."""

THROUGHOUT = 0.3
"""The same share over the whole run: where the weights have found a balance with the penalty it is
a half or more; noise between batches lowers it."""

ALIVE = 1e-3
"""‖g‖·‖w‖ / loss, a ratio, g the gradient of the data at the first steps: about 1 for a freshly
initialized net; below, the data's gradient is lost and the regularizers fill its place."""

COSTLY = 0.1
"""The remaining penalty over the loss of guessing, a ratio: at an optimum the error would fall by
about twice the penalty if the weights could double (d R / d ln w = 2 R for L2, R for L1)."""

FIRST = 10
"""Recorded steps that count as the first: the weights are still about as they were initialized."""

NOISE = 0.02
"""Least noise of a share between batches that is assumed."""

WEAKER = 100.0
"""Factor by which a regularizer is weakened: two steps of the usual search by decades (Goodfellow
et al. 2016, Deep Learning, section 11.4.3)."""

STRONG_DROPOUT = 0.5
"""Rate from which on dropout may have a part in it (Srivastava et al. 2014, section 7.3: the error
is flat up to 0.6 and rises beyond)."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where regularizers rule the gradient from the start and little is learnt."""
    series = read(run, "regularization_grad_share")
    if len(series) < LEAST_STEPS:
        return ()
    known = np.isfinite(series.values[:, 0])
    steps, shares = series.steps[known], series.values[known, 0]
    if len(shares) < LEAST_STEPS or not _alive(run, steps[:FIRST], shares[:FIRST]):
        return ()
    if not shares[0] > AT_FIRST:  # before any update: weights that exploded since weigh more
        return ()
    ruling = min(_above(shares[:FIRST], AT_FIRST), _above(shares, THROUGHOUT))
    if ruling < ALARM:
        return ()
    learnt, cost = skill(run), _cost(run)
    failing = learnt.below(HALF if cost >= COSTLY or learnt.classes else NOISY)
    if ruling * failing < ALARM:
        return ()
    layer = _strongest(run)
    return (
        Finding(
            cause="over-regularized",
            severity="warning" if learnt.end > NOISY else "critical",
            layer=layer,
            step=int(steps[0]),
            confidence=ruling * failing,
            summary=f"Regularizers make up {np.median(shares):.0%} of the gradient, "
            f"{np.median(shares[:FIRST]):.0%} at the start, and {_said(learnt)}.",
            evidence={
                "regularization_grad_share": float(np.median(shares)),
                "regularization_grad_share_start": float(np.median(shares[:FIRST])),
                "penalty_over_guessing": cost,
                "dropout": max(dropout(run).values(), default=0.0),
                "skill_end": learnt.end,
                "probability_ruling": ruling,
                "probability_failing": failing,
            },
            remedy=_remedy(run, layer),
        ),
    )


def _above(shares: Floats, floor: float) -> float:
    return float(np.nan_to_num(center(shares, NOISE).above(floor)).item())


def _alive(run: RunView, steps: Steps, shares: Floats) -> bool:
    """Whether the data's gradient could move the loss at the first steps, where that is known."""
    total = scalar(run, "global_grad_norm", steps)
    weights = np.sqrt(np.nansum(read(run, "weight_norm").at(steps) ** 2, axis=1))
    penalty = np.nan_to_num(scalar(run, "regularization_loss", steps))
    data = np.abs(scalar(run, "loss", steps) - penalty)
    # The two parts stand about at right angles before anything is learnt.
    own = total * (1 - shares) / np.hypot(shares, 1 - shares)
    with np.errstate(all="ignore"):
        elasticity = own * weights / data
    elasticity = elasticity[np.isfinite(elasticity) & (weights > 0)]
    return not len(elasticity) or float(np.median(elasticity)) >= ALIVE


def _cost(run: RunView) -> float:
    """What the penalty costs at the end, over the loss of guessing; 0 where unknown."""
    course = progress(run)
    penalty = scalar(run, "regularization_loss", course.steps)
    with np.errstate(all="ignore"):
        # The loss at one unit of error is that of guessing, whatever loss it is.
        cost = penalty * course.error / course.loss
    cost = cost[np.isfinite(cost)]
    return float(np.median(cost[-max(5, len(cost) // 5) :])) if len(cost) else 0.0


def _strongest(run: RunView) -> str | None:
    """The variable with the strongest regularizer."""
    strength = {path: _strength(facts) for path, facts in regularizers(run).items()}
    return max(strength, key=lambda path: strength[path]) if strength else None


def _strength(facts: Mapping[str, Any]) -> float:
    """The larger factor of a regularizer; 0 where it states none."""
    return max(_number(facts, "l1"), _number(facts, "l2"))


def _number(facts: Mapping[str, Any], key: str) -> float:
    value = facts.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _said(learnt: Skill) -> str:
    if learnt.broke:
        return "the run is no longer finite"
    if not learnt.known:
        return "nothing was learnt"
    return f"{max(0.0, learnt.end):.0%} of what there is to learn was learnt"


def _remedy(run: RunView, layer: str | None) -> Remedy:
    facts = regularizers(run).get(layer or "", {})
    kind = "L1" if _number(facts, "l1") > _number(facts, "l2") else "L2"
    now = _strength(facts)
    weaker = now / WEAKER if now > 0 else 1e-4
    was = f"from {now:.2g} to {weaker:.2g}" if now > 0 else f"to about {weaker:.2g}"
    text = f"Weaken the regularizers a hundredfold, {was}, or leave them out"
    if max(dropout(run).values(), default=0.0) >= STRONG_DROPOUT:
        text += ", and lower the dropout to 0.2"
    return Remedy(
        text + "; bring them back once the training data are learnt.",
        f"kernel_regularizer=keras.regularizers.{kind}({weaker:.2g})",
        "Goodfellow et al. 2016, Deep Learning, sections 7.1 and 11.4",
    )
