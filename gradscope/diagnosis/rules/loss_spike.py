"""loss-spike: the loss jumps within a step or two, and the run doesn't come back from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.harm import STUCK
from gradscope.diagnosis.moves import moves, sensible
from gradscope.diagnosis.outcome import ALARM, failing
from gradscope.diagnosis.posterior import center, difference, median_and_sigma
from gradscope.diagnosis.progress import progress
from gradscope.diagnosis.reading import Floats, Steps, log10, read, scalar
from gradscope.diagnosis.remedies import optimizer_line
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView, Severity

NEIGHBOURS = 20
"""Recorded steps before a step with which its loss is compared; and optimizer steps after it,
within which a loss that comes back at all has usually come back."""

LEAST_AFTER = 3
"""Recorded steps from it on, the least of which a median withstands an outlier."""

DEVIATION = 8.0
"""Robust standard deviations over the steps before: normal noise of a million steps stays below 5,
and losses of batches have heavier tails than normal ones (MAD: Rousseeuw & Croux 1993)."""

LEAST_SIGMA = 0.05
"""Share of the loss, the least standard deviation that is assumed between batches."""

JUMP = 2.0
"""Loss over that of the steps before: a jump that could be worth a look."""

GRADIENT = 0.5
"""Decades that the gradient norm must jump with the loss, threefold: a batch of hard samples has
some more loss, but gradients of about the usual size. A loss that stays up needs no such proof."""

LOST = 0.1
"""Share of the loss before the spike by which it is higher at the end: less is no harm."""

UNDONE = 0.5
"""Share of what the loss had fallen by before the spike: more than half of it was for nothing."""

LATE = 0.1
"""Share of the run's recorded steps that it took to come back, from which on it is worth a remark:
of 1,000 steps 100 were lost."""

CLIP = 0.99
"""Quantile of the gradient norms before the spike, proposed as a limit: it leaves all but one step
in a hundred alone."""

OUTLIER = 3.0
"""Largest input of the spike's batch over the largest of those before, from which on that batch is
named as the likely reason."""


@dataclass(frozen=True)
class _Spike:
    """A jump at index `at` of the finite steps. back: index at which the loss was back, or None."""

    at: int
    before: float
    peak: float
    sigmas: float
    decades: float
    back: int | None
    higher: float


def find(run: RunView) -> Sequence[Finding]:
    """A finding on the spike that cost most; a warning where the run never came back."""
    steps, losses, norms = _course(run)
    spikes = _spikes(steps, losses, norms)
    if not spikes:
        return ()
    lasting = [spike for spike in spikes if spike.back is None and spike.higher >= ALARM]
    if lasting:
        sure, harmed = lasting[0].higher, _harmed(run, losses, lasting[0])
        if sure * harmed >= ALARM:
            return (_finding(run, steps, losses, lasting[0], "warning", sure * harmed),)
        return (_finding(run, steps, losses, lasting[0], "info", sure),)
    slow = [s for s in spikes if s.back is not None and s.back - s.at >= LATE * len(losses)]
    if not slow:
        return ()
    return (_finding(run, steps, losses, slow[0], "info", 1.0),)


def _harmed(run: RunView, losses: Floats, spike: _Spike) -> float:
    """Probability that the run is not well all the same; 1 where that isn't known."""
    learnt = float(losses[0]) - spike.before
    if not progress(run).known or _relapse(losses, spike.at, spike.before) >= UNDONE * learnt:
        return 1.0
    return failing(run, STUCK)


def _relapse(losses: Floats, at: int, before: float) -> float:
    """By how much the loss is higher at the end than before the spike at an index."""
    return float(np.median(losses[at:][-NEIGHBOURS:])) - before


def _course(run: RunView) -> tuple[Steps, Floats, Floats]:
    """Steps, loss and log10 of the gradient norm, where the loss is finite."""
    series = read(run, "loss")
    if not len(series):
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    known = np.isfinite(series.values[:, 0])
    steps = series.steps[known]
    return steps, series.values[known, 0], log10(scalar(run, "global_grad_norm", steps))


def _spikes(steps: Steps, losses: Floats, norms: Floats) -> list[_Spike]:
    """The jumps of loss and gradient over their own neighbourhood, one for each excursion."""
    # Judged are the steps with enough before and after them.
    late = steps[-1:] - NEIGHBOURS
    if not len(late):
        return []
    ends = min(len(losses) - LEAST_AFTER + 1, int(np.searchsorted(steps, late, side="right")[0]))
    if ends <= NEIGHBOURS:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(losses, NEIGHBOURS)[: ends - NEIGHBOURS]
    middles = np.median(windows, axis=1)
    after = losses[NEIGHBOURS:ends]
    candidates = NEIGHBOURS + np.flatnonzero((after > JUMP * middles) & (middles > 0))
    found: list[_Spike] = []
    for at in candidates:
        if found and (found[-1].back is None or at < found[-1].back + NEIGHBOURS):
            continue
        spike = _spike(losses, norms, int(at))
        if spike is not None:
            found.append(spike)
    return found


def _spike(losses: Floats, norms: Floats, at: int) -> _Spike | None:
    before = losses[at - NEIGHBOURS : at]
    middle, sigma = median_and_sigma(before, LEAST_SIGMA * float(np.median(before)))
    # The gradient may follow a step later: the loss jumps because the weights did.
    pull = norms[at : at + 2]
    usual = norms[at - NEIGHBOURS : at]
    usual, pull = usual[np.isfinite(usual)], pull[np.isfinite(pull)]
    decades = float(pull.max() - np.median(usual)) if len(usual) and len(pull) else np.nan
    sigmas = (losses[at] - middle) / sigma
    if not sigmas > DEVIATION:
        return None
    back = _back(losses, at, middle + 2 * sigma)
    # What undid the learning may have happened between two records.
    undone = back is None and _relapse(losses, at, middle) >= UNDONE * (losses[0] - middle)
    if not (decades >= GRADIENT or undone):
        return None
    return _Spike(
        at=at,
        before=middle,
        peak=float(losses[at : at + NEIGHBOURS].max()),
        sigmas=float(sigmas),
        decades=decades,
        back=back,
        higher=_higher(losses[at:], before) if back is None else 0.0,
    )


def _back(losses: Floats, at: int, level: float) -> int | None:
    """The first index after the spike from which five losses have a median below the level."""
    if len(losses) - at - 1 < 5:
        return None
    fives = np.lib.stride_tricks.sliding_window_view(losses[at + 1 :], 5)
    low = np.flatnonzero(np.median(fives, axis=1) <= level)
    return at + 1 + int(low[0]) if len(low) else None


def _higher(after: Floats, before: Floats) -> float:
    """The probability that the loss at the end is meaningfully higher than before the spike."""
    least = LEAST_SIGMA * float(np.median(before))
    rise = difference(center(after[-NEIGHBOURS:], least), center(before, least))
    return float(np.nan_to_num(rise.above(LOST * float(np.median(before)))))


def _finding(
    run: RunView,
    steps: Steps,
    losses: Floats,
    spike: _Spike,
    severity: Severity,
    confidence: float,
) -> Finding:
    step = int(steps[spike.at])
    came = "and it never came back"
    if spike.back is not None:
        came = f"and took until step {int(steps[spike.back])} to come back"
    pull = ""
    if spike.decades >= GRADIENT:
        pull = f", with a gradient {10**spike.decades:.2g} times the usual"
    outlier = _outlier(run, step)
    numbers = {
        "loss_before": spike.before,
        "loss_peak": spike.peak,
        "loss_end": float(np.median(losses[-NEIGHBOURS:])),
        "deviation_sigmas": spike.sigmas,
        "gradient_decades": spike.decades,
        "input_excess": outlier,
    }
    batch = ""
    if outlier >= OUTLIER:
        batch = f" Its batch holds inputs {outlier:.2g} times larger than any before."
    return Finding(
        cause="loss-spike",
        severity=severity,
        layer=None,
        step=step,
        confidence=confidence,
        summary=(
            f"At step {step} the loss jumps from {spike.before:.3g} to {spike.peak:.3g}{pull}, "
            f"{came}.{batch}"
        ),
        evidence={name: value for name, value in numbers.items() if np.isfinite(value)},
        remedy=_remedy(run, step, outlier),
    )


def _outlier(run: RunView, step: int) -> float:
    """The largest input of the step's batch, or of the one before, over the largest until then."""
    series = read(run, "input_max_abs")
    known = series.values[:, 0] if len(series) else np.zeros(0)
    at = int(np.searchsorted(series.steps, step))
    # What a batch did to the weights shows in the loss of the next one.
    now, until = known[max(0, at - 1) : at + 1], known[: max(0, at - 1)]
    now, until = now[np.isfinite(now)], until[np.isfinite(until)]
    if not len(now) or not len(until) or not until.max() > 0:
        return float("nan")
    return float(now.max() / until.max())


def _remedy(run: RunView, step: int, outlier: float) -> Remedy:
    """A clip at the run's own gradient norm of before."""
    norms = read(run, "global_grad_norm")
    usual = norms.values[norms.steps < step]
    usual = usual[np.isfinite(usual) & (usual > 0)]
    limit = sensible(float(np.quantile(usual, CLIP))) if len(usual) else 1.0
    look = f"Look at the batches of steps {step - 1} and {step}"
    if outlier >= OUTLIER:
        look += ", which hold far larger inputs than the rest"
    return Remedy(
        f"{look}, and clip the gradient at a norm of {limit:g}, which 99 % of the steps before "
        "stay below.",
        optimizer_line(run, moves(run).rate, limit),
        "Chowdhery et al. 2022, PaLM, section 5.1: training instability",
    )
