"""exploding-gradient: gradients or updates grow out of all proportion and take the loss with them.

Never by the ratio of first to last layer, which healthy nets exceed, nor by updates alone: an
Adam whose gradients grow a hundred-million-fold keeps an update ratio of 2e-3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.outcome import MEANINGFUL_FALL
from gradscope.diagnosis.posterior import (
    StudentT,
    center,
    difference,
    median_and_sigma,
    slope,
)
from gradscope.diagnosis.reading import Floats, Steps, kernels, log10, medians, onset, read, scalar
from gradscope.diagnosis.remedies import gentler_optimizer
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView

GROWTH = 1.0
"""Decades over the baseline that gradient, loss or weights must have grown: tenfold. A floor only,
since some healthy nets' gradients grow a hundredfold while they learn: the loss must grow, too."""

DEVIATION = 6.0
"""Robust standard deviations of log10 gradient norm over the baseline: by chance alone one normal
value in 10⁹ lies beyond (MAD: Rousseeuw & Croux 1993)."""

LEAST_SIGMA = 0.1
"""Decades, the least standard deviation that is assumed of the gradient norm between batches."""

RUN_UP = 3.0
"""Decades that the gradient norm gains in the last steps before the run breaks off."""

RUN_UP_STEPS = 6
"""Most recorded steps of such a run-up; slower growth shows against the baseline."""

WHOLE = 1.0
"""Update ratio at which an update is as large as the weights; 1e-3 is usual (Karpathy, CS231n)."""

LEAST_TIMES, AMONG = 3, 10
"""Recorded steps of so large an update, among how many: weights that start at 0 pass the ratio 1
in their first step or two, and then no more. One is enough where the run breaks off as soon."""

PERSISTENCE = 0.9
"""Least share of steps from the beginning to the end at which the growth holds."""

ALARM = 0.9
"""Least posterior probability of a verdict: one in ten such verdicts may be wrong."""

REFERENCE = "Pascanu et al. 2013, On the difficulty of training recurrent neural networks"


@dataclass(frozen=True)
class _Course:
    """The steps that are finite. broke: whether the run ended in steps that are not.

    norm: log10 of the global gradient norm, loss: signed decades, both float64[S]. grads, ratios,
    weights: float64[S, L] of the kernels, NaN where unknown.
    """

    steps: Steps
    norm: Floats
    loss: Floats
    raw_loss: Floats
    names: tuple[str, ...]
    grads: Floats
    ratios: Floats
    weights: Floats
    broke: bool


def find(run: RunView) -> Sequence[Finding]:
    """A finding where gradients grow with the loss, or updates are absurd from the first steps."""
    course = _course(run)
    if not len(course.steps):
        return ()
    found = [_growth(course), _run_up(course), _absurd_updates(course)]
    certain = [f for f in found if f is not None and f[1] >= ALARM]
    if not certain:
        return ()
    index, confidence, column, evidence, words = min(certain, key=lambda f: (f[0], -f[1]))
    layer = course.names[column] if column is not None else None
    where = f", most in {layer}" if layer else ""
    start, end = course.raw_loss[0], course.raw_loss[-1]
    broken = ", then it is no longer finite" if course.broke else ""
    return (
        Finding(
            cause="exploding-gradient",
            severity="critical",
            layer=layer,
            step=int(course.steps[index]),
            confidence=confidence,
            summary=f"{words}{where}; the loss went from {start:.4g} to {end:.4g}{broken}.",
            evidence={**evidence, "loss_start": float(start), "loss_end": float(end)},
            remedy=_remedy(run, evidence.get("grad_norm_baseline", 1.0)),
        ),
    )


_Found = tuple[int, float, int | None, dict[str, float], str]


def _course(run: RunView) -> _Course:
    """The recorded steps with a finite loss and gradient, and whether the run ended in others."""
    series, columns = read(run, "grad_norm"), kernels(run)
    norms = read(run, "global_grad_norm")
    if len(norms):
        steps, total = norms.steps, norms.values[:, 0]
    else:
        steps, total = series.steps, np.sqrt(np.nansum(series.values**2, axis=1))
    losses = scalar(run, "loss", steps)
    counts = read(run, "nonfinite_count").at(steps)
    # Squares overflow long before the gradient itself does: such a norm is large, not broken.
    overflow = np.isinf(total) & (counts.shape[1] > 0) & (counts == 0).all(axis=1)
    norm = log10(np.where(overflow, np.finfo(np.float32).max, total))
    broken = ~np.isfinite(losses) | ~(np.isfinite(total) | overflow)
    keep = np.flatnonzero(np.isfinite(norm) & ~broken)
    at = steps[keep]
    ratios, weights = read(run, "update_ratio"), read(run, "weight_norm")
    return _Course(
        steps=at,
        norm=norm[keep],
        loss=_signed_decades(losses[keep]),
        raw_loss=losses[keep],
        names=tuple(series.names[i] for i in columns),
        grads=series.at(at)[:, columns],
        ratios=_columns(ratios.at(at), columns, ratios.names == series.names),
        weights=_columns(weights.at(at), columns, weights.names == series.names),
        broke=bool(len(broken) and broken[-1]),
    )


def _columns(values: Floats, columns: list[int], same: bool) -> Floats:
    return values[:, columns] if same else np.full((len(values), len(columns)), np.nan)


def _signed_decades(losses: Floats) -> Floats:
    """asinh(loss / |first loss|) in decades: log10 for what is large, and 0 or less is allowed."""
    if not len(losses):
        return losses
    scale = abs(float(np.median(losses[:5]))) or 1.0
    return np.arcsinh(losses / scale) / np.log(10)


def _growth(course: _Course) -> _Found | None:
    """Growth against the run's own baseline."""
    n = len(course.steps)
    if n < 10:
        return None
    base, late = slice(0, max(5, min(20, n // 20))), slice(-max(5, n // 10), None)
    middle = float(np.median(course.norm[base]))
    # From differences between steps, which a growth that has begun by then doesn't inflate.
    sigma = median_and_sigma(np.diff(course.norm[base]) / np.sqrt(2), LEAST_SIGMA)[1]
    since = onset(course.norm > middle + max(GROWTH, DEVIATION * sigma), PERSISTENCE)
    if since is None:
        return None
    grown = _above(course.norm, late, base, GROWTH)
    failing = max(
        _above(course.loss, late, base, GROWTH),
        min(_not_lower(course, late, base), _swollen(course, late, base)),
    )
    growth = _column_growth(course, late, base)
    decades = float(np.median(course.norm[late]) - middle)
    return (
        since,
        grown * failing,
        _largest(growth),
        {
            "growth_decades": decades,
            "deviation_sigmas": decades / sigma,
            "grad_norm_baseline": float(10**middle),
            "grad_norm_end": float(10 ** np.median(course.norm[late])),
            "probability_grown": grown,
            "probability_failing": failing,
        },
        f"The gradient norm has grown by {decades:.1f} decades over its baseline",
    )


def _run_up(course: _Course) -> _Found | None:
    """Growth so fast that the run broke off within a few steps."""
    if not course.broke or len(course.norm) < 3:
        return None
    last = course.norm[-RUN_UP_STEPS:]
    length = len(last) - 1
    line = slope(last[None])
    if not line.location[0] * length > RUN_UP or course.loss[-1] - course.loss[-len(last)] < GROWTH:
        return None
    start = len(course.norm) - len(last)
    since = start + int(np.argmax(last > last[0] + GROWTH))
    window = slice(start, start + 1), slice(-1, None)
    growth = _column_growth(course, window[1], window[0])
    return (
        since,
        float(line.above(RUN_UP / length)[0]),
        _largest(growth),
        {
            "growth_decades": float(line.location[0] * length),
            "growth_steps": float(course.steps[-1] - course.steps[start]),
            "grad_norm_baseline": float(10 ** last[0]),
            "grad_norm_end": float(10 ** last[-1]),
        },
        f"The gradient norm grew by {line.location[0] * length:.1f} decades within the last "
        f"{length} recorded steps before the loss broke",
    )


def _absurd_updates(course: _Course) -> _Found | None:
    """Updates larger than the weights themselves, again and again, with no gain."""
    ratios = np.where(course.weights > 0, course.ratios, np.nan)
    middle = medians(ratios, axis=1)
    with np.errstate(invalid="ignore"):
        flags = middle > WHOLE
    counts = np.convolve(flags, np.ones(AMONG), mode="full")[AMONG - 1 :]
    often = flags & (counts >= LEAST_TIMES)
    if course.broke:  # there was no time for more
        often[-AMONG:] |= flags[-AMONG:]
    if not often.any():
        return None
    since = int(np.argmax(often))
    end = course.raw_loss[-max(1, len(course.raw_loss) // 10) :]
    first = float(course.raw_loss[0])
    gain = first - float(np.median(end)) > MEANINGFUL_FALL * abs(first)
    if gain and not course.broke:
        return None
    sizes = log10(middle[flags])
    # A decade more is as bad as ten: capped, so that a few enormous ones don't blur the posterior.
    large = center(np.minimum(sizes, GROWTH), LEAST_SIGMA)
    size = 10 ** float(np.median(sizes))
    return (
        since,
        float(large.above(np.log10(WHOLE))),
        _largest(medians(ratios[flags], axis=0)),
        {"update_ratio": size, "steps_with_absurd_update": float(flags.sum())},
        f"One update changes the weights by {size:.3g} times their own size",
    )


def _above(values: Floats, late: slice, base: slice, floor: float) -> float:
    """The probability that the late values exceed the baseline's by more than the floor."""
    rise: StudentT = difference(
        center(values[late], LEAST_SIGMA), center(values[base], LEAST_SIGMA)
    )
    return float(np.nan_to_num(rise.above(floor)))


def _not_lower(course: _Course, late: slice, base: slice) -> float:
    """The probability that the loss is not lower than at its baseline."""
    return _above(course.loss, late, base, 0.0)


def _swollen(course: _Course, late: slice, base: slice) -> float:
    """The probability that the weights have grown, or that updates are as large as they are."""
    weights = log10(np.sqrt(np.nansum(course.weights**2, axis=1)))
    updates = log10(medians(course.ratios, axis=1))
    large = center(updates[late], LEAST_SIGMA).above(np.log10(WHOLE))
    return max(_above(weights, late, base, GROWTH), float(np.nan_to_num(large)))


def _column_growth(course: _Course, late: slice, base: slice) -> Floats:
    """float64[L]: decades that each kernel's gradient grew; NaN where unknown."""
    values = log10(course.grads)
    return medians(values[late], axis=0) - medians(values[base], axis=0)


def _largest(values: Floats) -> int | None:
    return int(np.nanargmax(values)) if np.isfinite(values).any() else None


def _remedy(run: RunView, clip: float) -> Remedy:
    """A smaller learning rate, and a clip at the gradient norm that the run had before."""
    return Remedy(
        f"Clip the gradient to a norm of {clip:.2g} and take smaller steps; check the scale of "
        "inputs and targets, the initial weights and the sign of the loss.",
        gentler_optimizer(run, clip),
        REFERENCE,
    )
