"""over-regularized: what is to hold the net back outweighs the data, and the error stays high.

A penalty in the loss, weight decay by the optimizer, or dropout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradscope.diagnosis.facts import dropout, regularizers
from gradscope.diagnosis.held_back import held_back, now
from gradscope.diagnosis.machinery import LEAST_UPDATE, machinery
from gradscope.diagnosis.outcome import ALARM
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import progress
from gradscope.diagnosis.reading import (
    Floats,
    Steps,
    kernels,
    read,
    recorded_steps,
    scalar,
)
from gradscope.diagnosis.remedies import optimizer_line
from gradscope.diagnosis.restraint import decay_share, decayed, dropout_noise, weight_decay
from gradscope.diagnosis.rule import Finding
from gradscope.diagnosis.skill import HALF, MODEST, NOISY, Skill, skill
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

EXPLAINED = 0.5
"""The remaining penalty over the remaining error of targets, a ratio from which on that error is
the penalty's doing: where the two pull evenly, the error would fall by twice the penalty (`COSTLY`)
if the weights could double, that is by all of itself."""

MOSTLY = 0.5
"""Share of decay in the updates, first and all: half, beyond which weights go where decay leads."""

HALVED = float(np.log(2.0))
"""Σ rate · decay over all steps: by then decay alone has halved the weights; less does little."""

LEAST_NOISE = 4.0
"""Σ p / (1 − p) over layers of strong dropout: that of a rate of 0.8 in one layer, 0.7 in two or
0.6 in three. Hidden units are usually kept with .5 to .8 (Srivastava et al. 2014, section A.4)."""

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


@dataclass(frozen=True)
class _Restraint:
    """What holds the net back, how probable it is that it does, and how well a run must do then."""

    ruling: float
    bound: float
    words: str
    evidence: Mapping[str, float]
    layer: str | None
    remedy: Remedy


def find(run: RunView) -> Sequence[Finding]:
    """A finding where penalty, decay or dropout rule from the start and little is learnt."""
    learnt = skill(run)
    ways = (_penalty(run, learnt), _decay(run, learnt), _noise(run, learnt))
    found = [(way.ruling * learnt.below(way.bound), way) for way in ways if way is not None]
    confidence, way = max(found, key=lambda pair: pair[0], default=(0.0, None))
    if way is None or confidence < ALARM:
        return ()
    return (
        Finding(
            cause="over-regularized",
            severity="warning" if learnt.end > NOISY else "critical",
            layer=way.layer,
            step=int(recorded_steps(run)[0]),
            confidence=confidence,
            summary=f"{way.words}, and {_said(learnt)}.",
            evidence={
                **way.evidence,
                "dropout": max(dropout(run).values(), default=0.0),
                "skill_end": learnt.end,
                "probability_ruling": way.ruling,
                "probability_failing": learnt.below(way.bound),
            },
            remedy=way.remedy,
        ),
    )


def _penalty(run: RunView, learnt: Skill) -> _Restraint | None:
    """Regularizers that rule the gradient from the start."""
    series = read(run, "regularization_grad_share")
    if len(series) < LEAST_STEPS:
        return None
    known = np.isfinite(series.values[:, 0])
    steps, shares = series.steps[known], series.values[known, 0]
    if len(shares) < LEAST_STEPS or not _alive(run, steps[:FIRST], shares[:FIRST]):
        return None
    if not shares[0] > AT_FIRST:  # before any update: weights that exploded since weigh more
        return None
    cost, layer = _cost(run), _strongest(run)
    bound = HALF if cost >= COSTLY or learnt.classes else NOISY
    if not learnt.classes and cost >= max(COSTLY, EXPLAINED * (1 - learnt.end)):
        bound = MODEST
    return _Restraint(
        ruling=min(_above(shares[:FIRST], AT_FIRST), _above(shares, THROUGHOUT)),
        bound=bound,
        words=f"Regularizers make up {np.median(shares):.0%} of the gradient, "
        f"{np.median(shares[:FIRST]):.0%} at the start",
        evidence={
            "regularization_grad_share": float(np.median(shares)),
            "regularization_grad_share_start": float(np.median(shares[:FIRST])),
            "penalty_over_guessing": cost,
        },
        layer=layer,
        remedy=_remedy(run, layer),
    )


def _decay(run: RunView, learnt: Skill) -> _Restraint | None:
    """Decay by the optimizer that makes up most of the updates from the start."""
    factor, steps = weight_decay(run), read(run, "update_ratio").steps
    if not factor or len(steps) < LEAST_STEPS or decayed(run) < HALVED:
        return None
    shares = decay_share(run, steps)
    if not _alive(run, steps[:FIRST], np.zeros(len(steps[:FIRST]))):
        return None
    left = _weights_left(run)
    rate = float(np.nanmedian(scalar(run, "learning_rate", steps)))
    lighter = min(factor / WEAKER, LEAST_UPDATE / rate) if rate > 0 else factor / WEAKER
    return _Restraint(
        ruling=min(_above(shares[:FIRST], MOSTLY), _above(shares, MOSTLY)),
        bound=HALF if learnt.classes or left <= HALF else NOISY,
        words=f"Weight decay of {factor:g} takes {rate * factor:.2g} off the weights at each step, "
        f"{np.nanmedian(shares):.0%} of an update",
        evidence={
            "weight_decay": factor,
            "learning_rate": rate,
            "decay_share": float(np.nanmedian(shares)),
            "weights_left": left,
        },
        layer=None,
        remedy=Remedy(
            f"Lower the weight decay from {factor:g} to about {lighter:.1g}, or leave it out, "
            "until the training data are learnt; then raise it as long as validation gains.",
            f"{optimizer_line(run, rate)[:-1]}, weight_decay={lighter:.1g})",
            "Loshchilov & Hutter 2019, Decoupled weight decay regularization",
        ),
    )


def _weights_left(run: RunView) -> float:
    """The size of the middle kernel at the end over that at the start; NaN where unknown."""
    sizes, columns = read(run, "weight_norm"), kernels(run)
    if not columns or sizes.names != read(run, "grad_norm").names:
        return float("nan")
    with np.errstate(all="ignore"):
        ratios = sizes.values[-1] / sizes.values[0]
    ratios = ratios[columns]
    ratios = ratios[np.isfinite(ratios)]
    return float(np.median(ratios)) if len(ratios) else float("nan")


def _noise(run: RunView, learnt: Skill) -> _Restraint | None:
    """Dropout so strong that its noise drowns the signal, with and without it in validation."""
    noise = dropout_noise(run)
    if noise < LEAST_NOISE or not machinery(run).moves:
        return None
    steps = read(run, "loss").steps[:FIRST]
    if not _alive(run, steps, np.zeros(len(steps))):
        return None
    bound = HALF if learnt.classes else NOISY
    rates = dropout(run)
    layer = max(rates, key=lambda path: rates[path])
    return _Restraint(
        ruling=_bad_without(run, bound),
        bound=bound,
        words=f"Dropout of {rates[layer]:.2g} at {layer} keeps {1 - rates[layer]:.0%} of the units",
        evidence={"dropout_noise": min(noise, float(np.finfo(np.float32).max))},
        layer=layer,
        remedy=Remedy(
            f"Lower the dropout from {rates[layer]:.2g} to 0.2, or leave it out until the training "
            "data are learnt; then raise it until the validation error is least.",
            "x = keras.layers.Dropout(0.2)(x)",
            "Srivastava et al. 2014, Dropout, sections 7.3 and A.4",
        ),
    )


def _bad_without(run: RunView, bound: float) -> float:
    """The probability that validation, which drops nothing, is as bad; 1 where there is none."""
    held = held_back(run)
    if np.isfinite(held.accuracy).any() and held.majority < 1:
        skills = (held.accuracy - held.majority) / (1 - held.majority)
    else:
        skills = 1 - held.error
    if not np.isfinite(skills).any():
        return 1.0
    return 1.0 - float(np.nan_to_num(now(skills).above(bound)))


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
