"""vanishing-gradient: the gradient is lost on its way back; the early layers don't learn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.outcome import ALARM, Outcome, outcome, said
from gradscope.diagnosis.posterior import slope
from gradscope.diagnosis.reading import (
    Floats,
    Steps,
    kernels,
    log10,
    medians,
    onset,
    read,
    scalar,
)
from gradscope.diagnosis.remedies import way_back
from gradscope.diagnosis.rule import Finding
from gradscope.records import RunView
from gradscope.report import LEAST_STEPS

LEAST_DROP = 2.0
"""Decades that the gradient norm loses from the last kernel to the first. AUTOTRAINER (Zhang et
al. 2021) alarms at 3 on the raw ratio; healthy nets stay under 1.3, and a fitted line over few
layers understates a drop that the last layer makes alone."""

LEAST_ELASTICITY = 1e-6
"""‖g‖·‖w‖ / |loss|, a ratio: the relative change of the loss when a kernel changes by its own
size. Below ten times the resolution of a float32 (1.2e-7) the loss can't show that change."""

PERSISTENCE = 0.9
"""Least share of the recorded steps, from the first to the last, at which the gradient is gone: a
gradient that vanishes for a batch does no harm."""

REGULARIZED = 1e-3
"""Share of the regularizers in the gradient above which they could hide a vanished one: a drop of
3 decades in the data's gradient no longer shows beneath them."""

LEAST_OUTPUTS = 3
"""Layer outputs with a gradient that make a depth profile; fewer leave the kernels to judge by."""


@dataclass(frozen=True)
class _Depth:
    """Gradient norms along the depth: names from input to output; values float64[S, L]."""

    names: tuple[str, ...]
    steps: Steps
    values: Floats
    elasticity: Floats


def find(run: RunView) -> Sequence[Finding]:
    """A finding where the gradient is gone in early layers, stays gone, and nothing is learnt."""
    depth = _depth(run)
    if len(depth.steps) < LEAST_STEPS or not depth.names:
        return ()
    everywhere = _gone_everywhere(depth)
    zero = _zero_in_front(depth.values)
    drops = _drops(depth.values)
    since = onset(everywhere | zero | (drops > LEAST_DROP), PERSISTENCE)
    if since is None:
        return ()
    result = outcome(run)
    if everywhere[since:].mean() >= 0.5:
        found = _everywhere(depth, since, result)
    elif zero[since:].mean() >= 0.5:
        found = _zero(depth, since, result)
    else:
        found = _profile(depth, since, result)
    if found.confidence < ALARM:
        return ()
    zero_in_front = found.evidence["grad_norm_first"] == 0
    return (replace(found, remedy=way_back(run, found.layer or "", found.step, zero_in_front)),)


def _depth(run: RunView) -> _Depth:
    """The kernels' gradients; the layer outputs' where regularizers could hide a vanished one."""
    series, columns = read(run, "grad_norm"), kernels(run)
    if _regularized(run):
        outputs = read(run, "activation_grad_norm")
        reached = _reached(outputs.values)
        if len(reached) >= LEAST_OUTPUTS:
            values = outputs.values[:, reached]
            names = tuple(outputs.names[i] for i in reached)
            return _Depth(names, outputs.steps, values, np.full_like(values, np.nan))
    columns = [columns[i] for i in _reached(series.values[:, columns])]
    values = series.values[:, columns]
    names = tuple(series.names[i] for i in columns)
    return _Depth(names, series.steps, values, _elasticity(run, series.steps, names, values))


def _reached(values: Floats) -> list[int]:
    """The columns that a gradient ever reaches."""
    return [i for i in range(values.shape[1]) if np.isfinite(values[:, i]).any()]


def _regularized(run: RunView) -> bool:
    """Whether regularizers have a notable share in the gradients."""
    share = read(run, "regularization_grad_share").values
    share = share[np.isfinite(share)]
    return len(share) > 0 and float(np.median(share)) > REGULARIZED


def _elasticity(run: RunView, steps: Steps, names: tuple[str, ...], values: Floats) -> Floats:
    """float64[S, L]: ‖g‖·‖w‖ / |loss|; NaN where the loss is 0 or something isn't recorded."""
    weights = read(run, "weight_norm")
    if not set(names) <= set(weights.names):
        return np.full_like(values, np.nan)
    sizes = weights.at(steps)[:, [weights.names.index(name) for name in names]]
    loss = np.abs(scalar(run, "loss", steps))[:, None]
    with np.errstate(all="ignore"):
        return np.where(loss > 0, values * sizes / loss, np.nan)


def _gone_everywhere(depth: _Depth) -> NDArray[np.bool_]:
    """bool[S]: no kernel's gradient can move the loss."""
    known = np.isfinite(depth.values)
    with np.errstate(invalid="ignore"):
        gone = (depth.values == 0) | (depth.elasticity < LEAST_ELASTICITY)
    return known.any(axis=1) & (gone | ~known).all(axis=1)


def _zero_in_front(values: Floats) -> NDArray[np.bool_]:
    """bool[S]: the first kernel's gradient is exactly 0, a later one's isn't."""
    return (values[:, 0] == 0) & (values > 0).any(axis=1)


def _drops(values: Floats) -> Floats:
    """float64[S]: decades lost from the last kernel to the first, along the fitted line."""
    return slope(log10(values)).location * (values.shape[1] - 1)


def _profile(depth: _Depth, since: int, result: Outcome) -> Finding:
    profile = medians(log10(depth.values[since:]), axis=0)
    length = len(profile) - 1
    line = slope(profile[None])
    drop = float(line.location[0] * length)
    probability = float(line.above(LEAST_DROP / max(length, 1))[0])
    known = np.flatnonzero(np.isfinite(profile))
    first, last = int(known[0]), int(known[-1])
    gone = _front(profile <= np.nanmax(profile) - LEAST_DROP)
    layer = depth.names[gone[-1] if len(gone) else first]
    small = f"From {layer} down to the input each gradient is below 1/100 of the largest; from "
    if not len(gone):
        small = f"Little gradient reaches {layer}: from "
    return _finding(
        depth,
        since,
        layer,
        probability,
        result.stalled,
        result,
        f"{small}the last layer to the first it shrinks by a factor of 10^{drop:.1f}, and "
        f"{said(result)}.",
        {
            "drop_decades": drop,
            "decades_per_layer": float(line.location[0]),
            "grad_norm_first": float(10 ** profile[first]),
            "grad_norm_last": float(10 ** profile[last]),
            "layers_without_gradient": float(len(gone)),
        },
    )


def _zero(depth: _Depth, since: int, result: Outcome) -> Finding:
    zeros = _front((depth.values[since:] == 0).mean(axis=0) >= PERSISTENCE)
    layer = depth.names[zeros[-1] if len(zeros) else 0]
    last = medians(depth.values[since:], axis=0)[-1]
    return _finding(
        depth,
        since,
        layer,
        1.0,
        result.stalled,
        result,
        f"From {layer} down to the input the gradient is exactly zero, and {said(result)}.",
        {
            "grad_norm_first": 0.0,
            "grad_norm_last": float(last),
            "layers_without_gradient": float(len(zeros)),
        },
    )


def _everywhere(depth: _Depth, since: int, result: Outcome) -> Finding:
    layer = depth.names[-1]
    typical = medians(depth.values[since:], axis=0)
    return _finding(
        depth,
        since,
        layer,
        1.0,
        result.unlearnt,  # a full batch at its optimum has no gradient either
        result,
        f"No layer receives a gradient that could move the loss, not even {layer}, and "
        f"{said(result)}.",
        {
            "grad_norm_first": float(typical[0]),
            "grad_norm_last": float(typical[-1]),
            "layers_without_gradient": float(len(depth.names)),
        },
    )


def _finding(
    depth: _Depth,
    since: int,
    layer: str,
    probability: float,
    stalled: float,
    result: Outcome,
    summary: str,
    evidence: dict[str, float],
) -> Finding:
    return Finding(
        cause="vanishing-gradient",
        severity="critical",
        layer=layer,
        step=int(depth.steps[since]),
        confidence=probability * stalled,
        summary=summary,
        evidence={
            **evidence,
            "layers": float(len(depth.names)),
            "loss_start": result.start,
            "loss_end": result.end,
            "probability_gone": probability,
            "probability_stalled": stalled,
        },
    )


def _front(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The indices before the first flag that is down."""
    return np.arange(int(np.argmin(flags)) if not flags.all() else len(flags))
