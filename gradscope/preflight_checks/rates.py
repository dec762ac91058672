"""Whether some learning rate works, and whether the optimizer's is among those."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.rule import Finding
from gradscope.preflight_checks.batch import Found
from gradscope.preflight_checks.learning import HALF
from gradscope.preflight_checks.rehearsal import First, Rehearsal
from gradscope.preflight_checks.result import Check
from gradscope.preflight_checks.subject import Subject
from gradscope.records import Remedy

RATES = tuple(10.0**decade for decade in range(-6, 2))
"""Learning rates that are tried: the decades around what is used in practice, 1e-5 (fine-tuning
with Adam) to 1 (SGD on small nets, Adadelta), and one more at each end."""

RANGE_STEPS = 30
"""Steps of each rate, and the least below: enough for Adam's second moment (0.999³⁰) to be off its
first value, and for momentum 0.9 to be at 96 % of its speed (1 − 0.9³⁰)."""

LEAST_STEPS = 8
"""Steps of each rate below which a range test says nothing."""

LEARNS = 0.1
"""Share of the first loss by which a rate that works lowers it within `RANGE_STEPS`: ten times what
float32 and the order of sums can do on one fixed batch, and above what an output bias alone takes
off."""

SLOW = 30.0
"""Times that the optimizer's rate may lie below the lowest decade that works, half a decade for the
grain of the grid and one for patience: a run of 30 steps becomes one of 900, no more."""

SMITH = "Smith 2017, Cyclical learning rates for training neural networks (range test)"


@dataclass(frozen=True)
class Tried:
    """One learning rate of the range test: the median of the last losses, and if all was finite."""

    rate: float
    end: float
    finite: bool


def range_test(
    rehearsal: Rehearsal, mine: float, deadline: float, rates: Sequence[float] = RATES
) -> list[Tried]:
    """The rates and `mine`, each tried from the first weights.

    Where there is no time for all, mine alone; without time for that, nothing.

    deadline: of time.monotonic().
    """
    afford = _steps_afforded(rehearsal, deadline)
    every: list[float] = sorted({*rates, *([mine] if mine > 0 else [])})
    if afford < LEAST_STEPS * len(every):
        every = [mine] if mine > 0 else []
    steps = min(RANGE_STEPS, afford // max(1, len(every)))
    if steps < LEAST_STEPS:
        return []
    tried: list[Tried] = []
    for rate in every:
        losses: list[float] = []
        for loss in rehearsal.train(rate, steps + 1):
            losses.append(loss)
            if not math.isfinite(loss):
                break
        finite = math.isfinite(losses[-1])
        tried.append(Tried(rate, float(np.median(losses[-3:])) if finite else math.inf, finite))
        if time.monotonic() > deadline:
            break
    return tried


def _steps_afforded(rehearsal: Rehearsal, deadline: float) -> int:
    return int((deadline - time.monotonic()) / max(rehearsal.step_seconds, 1e-6))


def working(tried: list[Tried], first: float) -> list[Tried]:
    """The rates that lower the first loss, in the order of the rates."""
    works = [one for one in tried if one.finite and first - one.end >= LEARNS * abs(first)]
    return sorted(works, key=lambda one: one.rate)


def good_rate(works: list[Tried], first: float) -> float:
    """The rate to recommend: the lowest that halves the loss, or comes as near to that as any.

    One fixed batch bears higher rates than the noise between batches will.
    """
    least = min(one.end for one in works)
    return next(one.rate for one in works if one.end <= max(HALF * first, least))


def rate(subject: Subject, tried: list[Tried], start: First) -> Found:
    """Whether some learning rate works, and whether the optimizer's is among those."""
    first = start.loss
    if not tried:
        return Check("learning rate", None, "no time to try any; give more with seconds="), []
    mine = subject.learning_rate
    said = f"yours is {mine:.3g}" + (f" (top of {subject.schedule})" if subject.schedule else "")
    works = working(tried, first)
    if len(tried) == 1:
        fell = f"{said}: loss {first:.4g} to {tried[0].end:.4g}; no time for others"
        return Check("learning rate", True if works else None, fell), []
    if not works:
        low, high = min(t.rate for t in tried), max(t.rate for t in tried)
        return Check("learning rate", False, f"none of {low:g} to {high:g} lowers the loss"), []
    low, high, good = works[0].rate, works[-1].rate, good_rate(works, first)
    span = f"{low:.3g} to {high:.3g} work" if high > low else f"{low:.3g} works"
    figure = f"{said}; {span}, {good:.3g} is good"
    own = next((one for one in tried if one.rate == mine), None)
    evidence = {"learning_rate": mine, "lowest": low, "highest": high, "good": good}
    name = type(getattr(subject.optimizer, "inner_optimizer", subject.optimizer)).__name__
    remedy = Remedy(
        f"Set the learning rate to about {good:.1g}.",
        f"optimizer = keras.optimizers.{name}(learning_rate={good:.1g})",
        SMITH,
    )
    if mine * SLOW < low:
        text = (
            f"At your learning rate of {mine:.3g} the loss hardly moves; from {low:.3g} on it falls"
            f" within {RANGE_STEPS} steps."
        )
        low_rate = Finding("learning-rate-low", "warning", None, 0, 1.0, text, evidence, remedy)
        return Check("learning rate", False, figure), [_clipped(subject, start) or low_rate]
    too_high = own is not None and own not in works and mine > low
    if not too_high and mine <= high * 10:
        return Check("learning rate", True, figure), []
    diverges = own is not None and not own.finite
    end = "NaN" if own is None or diverges else f"{own.end:.3g}"
    text = f"At your learning rate of {mine:.3g} the loss goes from {first:.4g} to {end}."
    severity = "critical" if diverges else "warning"
    return Check("learning rate", False, figure), [
        Finding("learning-rate-high", severity, None, 0, 1.0, text, evidence, remedy)
    ]


def _clipped(subject: Subject, start: First) -> Finding | None:
    """What to say instead of a low rate where clipping makes every update small."""
    inner = getattr(subject.optimizer, "inner_optimizer", subject.optimizer)
    norms = [norm for norm in start.grad_norms.values() if norm is not None]
    for name, norm in (("global_clipnorm", math.hypot(*norms)), ("clipnorm", max(norms))):
        limit = getattr(inner, name, None)
        if limit and norm > SLOW * limit:
            text = (
                f"{name}={limit:.3g} cuts the first gradient, whose norm is {norm:.3g}, to "
                f"1/{norm / limit:.3g} of it, so that the loss hardly moves."
            )
            remedy = Remedy(
                "Clip outliers only: at about the norm that gradients usually have.",
                f"optimizer = keras.optimizers.{type(inner).__name__}"
                f"(learning_rate={subject.learning_rate:.1g}, {name}={norm:.1g})",
                "Pascanu et al. 2013, On the difficulty of training recurrent neural networks",
            )
            evidence = {"limit": float(limit), "grad_norm": norm}
            return Finding("over-clipped", "warning", None, 0, 1.0, text, evidence, remedy)
    return None
