"""gradient-underflow: gradients too small for float16, and no loss scale that lifts them."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.moves import moves
from gradscope.diagnosis.outcome import ALARM, outcome, said
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.reading import Floats, Steps, kernels, medians, onset, read, scalar
from gradscope.diagnosis.remedies import optimizer_line
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

MOSTLY = 0.9
"""Share of the gradient's elements that are below float16's normal range or 0. Zeros behind ReLUs
and of words that don't occur are 0 to .65 of the gradients of healthy nets."""

PERSISTENCE = 0.9
"""Least share of the recorded steps, from the first to the last, at which the gradient is lost."""

LEAST_SIGMA = 0.01
"""Share of elements, the least standard deviation that is assumed between batches."""

ROOM = 10
"""log2 of the size to which the largest gradient should be lifted: float16 overflows at 2^16, and
activations' gradients may be some 2^6 times those of the weights (Micikevicius et al. 2018)."""

LARGEST_SCALE = 24
"""log2 of the largest scale that is proposed: what float16 can resolve, 2^-24, is lifted to 1."""

USUAL_SCALE = 15
"""log2 of the first scale of keras.optimizers.LossScaleOptimizer, where nothing is left."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where float16 loses nearly all of the gradient and the run learns nothing."""
    if run.info.get("compute_dtype", "float16") != "float16":
        return ()
    steps, lost = _lost(run)
    if len(steps) < LEAST_STEPS:
        return ()
    with np.errstate(invalid="ignore"):
        since = onset(lost > MOSTLY, PERSISTENCE)
    if since is None:
        return ()
    result = outcome(run)
    gone = float(center(lost[since:], LEAST_SIGMA).above(MOSTLY))
    stalled = result.stalled if since == 0 else result.unlearnt
    if not gone * stalled >= ALARM:
        return ()
    scale = scalar(run, "loss_scale", steps)[since:]
    scale = scale[np.isfinite(scale)]
    share = float(np.median(lost[since:]))
    now = float(np.median(scale)) if len(scale) else 1.0
    scaled = f"a loss scale of {now:g}" if now != 1 else "no loss scale"
    return (
        Finding(
            cause="gradient-underflow",
            severity="critical",
            layer=None,
            step=int(steps[since]),
            confidence=gone * stalled,
            summary=(
                f"With {scaled}, {share:.0%} of the gradient is 0 or below what float16 holds "
                f"in full (2^-14), and {said(result)}."
            ),
            evidence={
                "underflow_share": share,
                "loss_scale": now,
                "loss_start": result.start,
                "loss_end": result.end,
                "probability_lost": gone,
                "probability_stalled": stalled,
            },
            remedy=_remedy(run),
        ),
    )


def _lost(run: RunView) -> tuple[Steps, Floats]:
    """The share of the gradient that float16 loses; exact zeros alone where that isn't recorded."""
    series = read(run, "grad_underflow_share")
    if len(series) and np.isfinite(series.values).any():
        known = np.isfinite(series.values[:, 0])
        return series.steps[known], series.values[known, 0]
    zeros = read(run, "grad_zero_fraction")
    names = read(run, "grad_norm").names
    if "compute_dtype" not in run.info or zeros.names != names or not names:
        return np.zeros(0, np.int64), np.zeros(0)
    share = medians(zeros.values[:, kernels(run)], axis=1)
    return zeros.steps[np.isfinite(share)], share[np.isfinite(share)]


def _remedy(run: RunView) -> Remedy:
    """A loss scale that lifts the largest gradient of the run to where float16 has room."""
    peaks = read(run, "grad_max_abs").values
    peaks = peaks[np.isfinite(peaks) & (peaks > 0)]
    power = USUAL_SCALE
    if len(peaks):
        lift = ROOM - np.log2(float(np.quantile(peaks, 0.99)))
        power = int(np.clip(np.floor(lift), 1, LARGEST_SCALE))
    inner = optimizer_line(run, moves(run).rate).removeprefix("optimizer = ")
    return Remedy(
        f"Scale the loss by 2^{power} before the gradient is taken, and let the optimizer divide "
        "it out; or compute in bfloat16, whose range is that of float32.",
        f"optimizer = keras.optimizers.LossScaleOptimizer({inner}, initial_scale=2.0**{power})\n"
        "scaled = optimizer.scale_loss(loss)  # differentiate this",
        "Micikevicius et al. 2018, Mixed precision training",
    )
