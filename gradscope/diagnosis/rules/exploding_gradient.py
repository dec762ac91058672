"""exploding-gradient: gradients or updates grow out of all proportion and take the loss with them.

Never by the ratio of first to last layer, which healthy nets exceed, nor by updates alone: an
Adam whose gradients grow a hundred-million-fold keeps an update ratio of 2e-3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradscope.diagnosis.outcome import ALARM, MEANINGFUL_FALL, outcome
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
in their first step or two, and then no more. One is enough where it left its traces: a run that
broke off as soon, a gradient that is 0 from then on, or weights that stay swollen."""

PERSISTENCE = 0.9
"""Least share of steps from the beginning to the end at which the growth holds."""

BOTTOMLESS = 3.0
"""Decades of the first loss below 0: nothing that has a minimum falls so far; log-likelihoods of
continuous data, which may be negative, stay within a few dozen times their first value."""

REFERENCE = "Pascanu et al. 2013, On the difficulty of training recurrent neural networks"


@dataclass(frozen=True)
class _Course:
    """The steps that are finite. broke: whether the run ended in steps that are not.

    norm: log10 of the global gradient norm, NaN where it is 0; loss: signed decades; both
    float64[S]. grads, ratios, weights: float64[S, L] of the kernels, NaN where unknown.
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

    @property
    def moving(self) -> "_Course":
        """The same without the steps that have no gradient."""
        some = np.isfinite(self.norm)
        arrays = ("steps", "norm", "loss", "raw_loss", "grads", "ratios", "weights")
        return replace(self, **{name: getattr(self, name)[some] for name in arrays})


def find(run: RunView) -> Sequence[Finding]:
    """A finding where gradients grow with the loss, or updates are absurd from the first steps."""
    course = _course(run)
    if not len(course.steps):
        return ()
    found = [_growth(course.moving), _run_up(course.moving), _absurd_updates(run, course)]
    certain = [f for f in found if f is not None and f[1] >= ALARM]
    if not certain:
        return ()
    step, confidence, column, evidence, words = min(certain, key=lambda f: (f[0], -f[1]))
    layer = course.names[column] if column is not None else None
    where = f", most in {layer}" if layer else ""
    start, end = course.raw_loss[0], course.raw_loss[-1]
    broken = ", then it is no longer finite" if course.broke else ""
    bottomless = _bottomless(course.raw_loss)
    way = "falls without bound," if bottomless else "went"
    return (
        Finding(
            cause="exploding-gradient",
            severity="critical",
            layer=layer,
            step=step,
            confidence=confidence,
            summary=f"{words}{where}; the loss {way} from {start:.4g} to {end:.4g}{broken}.",
            evidence={**evidence, "loss_start": float(start), "loss_end": float(end)},
            remedy=_SIGN if bottomless else _remedy(run, evidence.get("grad_norm_baseline", 1.0)),
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
    keep = np.flatnonzero((np.isfinite(norm) | (total == 0)) & ~broken)
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
        float(_bottomless(course.raw_loss)),
        min(_not_lower(course, late, base), _swollen(course, late, base)),
    )
    growth = _column_growth(course, late, base)
    decades = float(np.median(course.norm[late]) - middle)
    return (
        int(course.steps[since]),
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
    rise = course.loss[-1] - course.loss[-len(last)]
    if not line.location[0] * length > RUN_UP:
        return None
    if rise < GROWTH and not _bottomless(course.raw_loss):
        return None
    start = len(course.norm) - len(last)
    since = start + int(np.argmax(last > last[0] + GROWTH))
    window = slice(start, start + 1), slice(-1, None)
    growth = _column_growth(course, window[1], window[0])
    return (
        int(course.steps[since]),
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


def _absurd_updates(run: RunView, course: _Course) -> _Found | None:
    """Updates larger than the weights themselves, again and again or with lasting harm; no gain."""
    ratios = np.where(course.weights > 0, course.ratios, np.nan)
    middle = medians(ratios, axis=1)
    with np.errstate(invalid="ignore"):
        flags = middle > WHOLE
    counts = np.convolve(flags, np.ones(AMONG), mode="full")[AMONG - 1 :]
    often = flags & (counts >= LEAST_TIMES)
    if course.broke:  # there was no time for more
        often[-AMONG:] |= flags[-AMONG:]
    wrecked = flags.any() and _wrecked(course, int(np.argmax(flags)))
    often |= flags & wrecked
    if not often.any():
        return None
    if not course.broke and _gained(course.raw_loss) and outcome(run).unlearnt < ALARM:
        return None
    sizes = log10(middle[flags])
    if wrecked or course.broke:  # one was enough, so the largest is the one to be sure of
        sizes = sizes[[np.argmax(sizes)]]
    # A decade more is as bad as ten: capped, so that a few enormous ones don't blur the posterior.
    large = center(np.minimum(sizes, GROWTH), LEAST_SIGMA)
    size = 10 ** float(np.median(sizes))
    return (
        int(course.steps[np.argmax(often)]),
        float(large.above(np.log10(WHOLE))),
        _largest(medians(ratios[flags], axis=0)),
        {"update_ratio": size, "steps_with_absurd_update": float(flags.sum())},
        f"One update changes the weights by {size:.3g} times their own size",
    )


def _gained(losses: Floats) -> bool:
    """Whether the loss ends meaningfully below its first value, the only one before any update."""
    first, end = float(losses[0]), float(np.median(losses[-max(1, len(losses) // 10) :]))
    return first - end > MEANINGFUL_FALL * abs(first)


def _wrecked(course: _Course, since: int) -> bool:
    """Whether one absurd update left its traces: a kernel without gradient, or swollen weights."""
    before, after = course.grads[: since + 1], course.grads[since + 1 :]
    if len(after) < AMONG:
        return False
    lost = (before > 0).any(axis=0) & ((after == 0).mean(axis=0) >= PERSISTENCE)
    late = slice(-max(5, len(course.steps) // 10), None)
    swollen = _above(_size(course), late, slice(since, since + 1), GROWTH)
    return bool(lost.any()) or swollen >= ALARM


def _bottomless(losses: Floats) -> bool:
    """Whether the loss has fallen below 0 by far more than it was worth at first."""
    first = abs(float(losses[0])) or 1.0
    return bool(np.median(losses[-RUN_UP_STEPS // 2 :]) < -first * 10**BOTTOMLESS)


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
    updates = log10(medians(course.ratios, axis=1))
    large = center(updates[late], LEAST_SIGMA).above(np.log10(WHOLE))
    return max(_above(_size(course), late, base, GROWTH), float(np.nan_to_num(large)))


def _size(course: _Course) -> Floats:
    """float64[S]: log10 of the norm of all kernels."""
    return log10(np.sqrt(np.nansum(course.weights**2, axis=1)))


def _column_growth(course: _Course, late: slice, base: slice) -> Floats:
    """float64[L]: decades that each kernel's gradient grew; NaN where unknown."""
    values = log10(course.grads)
    return medians(values[late], axis=0) - medians(values[base], axis=0)


def _largest(values: Floats) -> int | None:
    return int(np.nanargmax(values)) if np.isfinite(values).any() else None


_SIGN = Remedy(
    "The loss falls without bound: check its sign. Training minimises it, so that what is to grow, "
    "a likelihood or a reward, needs a minus.",
    "",
    "https://keras.io/api/losses/",
)


def _remedy(run: RunView, clip: float) -> Remedy:
    """A smaller learning rate, and a clip at the gradient norm that the run had before."""
    return Remedy(
        f"Clip the gradient to a norm of {clip:.2g} and take smaller steps; check the scale of "
        "inputs and targets, the initial weights and the sign of the loss.",
        gentler_optimizer(run, clip),
        REFERENCE,
    )
