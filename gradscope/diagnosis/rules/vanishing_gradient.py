"""vanishing-gradient: the gradient is lost on its way back; the early layers don't learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.outcome import LEAST_STEPS, Outcome, outcome
from gradscope.diagnosis.posterior import slope
from gradscope.diagnosis.reading import (
    Floats,
    Steps,
    kernels,
    log10,
    onset,
    read,
    scalar,
)
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView

LEAST_DROP = 2.0
"""Decades that the gradient norm loses from the last kernel to the first. AUTOTRAINER (Zhang et
al. 2021) alarms at 3 on the raw ratio; healthy nets stay under 1.3, and a fitted line over few
layers understates a drop that the last layer makes alone."""

LEAST_ELASTICITY = 1e-6
"""‖g‖·‖w‖ / |loss|, a ratio: the relative change of the loss when a kernel changes by its own
size. Below ten times the resolution of a float32 (1.2e-7) the loss can't show that change."""

ALARM = 0.9
"""Least posterior probability of a verdict: one in ten such verdicts may be wrong."""

PERSISTENCE = 0.9
"""Least share of the recorded steps, from the first to the last, at which the gradient is gone: a
gradient that vanishes for a batch does no harm."""

REGULARIZED = 1e-3
"""Share of the regularizers in the gradient above which they could hide a vanished one: a drop of
3 decades in the data's gradient no longer shows beneath them."""

REFERENCE = (
    "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural "
    "networks; Ioffe & Szegedy 2015, Batch normalization"
)


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
    return (found,) if found.confidence >= ALARM else ()


def _depth(run: RunView) -> _Depth:
    """The kernels' gradients; the layer outputs' where regularizers could hide a vanished one."""
    series, columns = read(run, "grad_norm"), kernels(run)
    share = scalar(run, "regularization_grad_share", series.steps)
    if (
        (share[np.isfinite(share)] > REGULARIZED).mean() > 0.5
        if np.isfinite(share).any()
        else False
    ):
        outputs = read(run, "activation_grad_norm")
        reached = np.isfinite(outputs.values).any(axis=0)
        if reached.sum() >= 3:
            names = tuple(np.array(outputs.names)[reached])
            values = outputs.values[:, reached]
            return _Depth(names, outputs.steps, values, np.full_like(values, np.nan))
    reached = np.isfinite(series.values[:, columns]).any(axis=0) if len(series) else columns < 0
    columns = columns[reached]
    values = series.values[:, columns]
    weights = read(run, "weight_norm")
    sizes = weights.at(series.steps)
    loss = np.abs(scalar(run, "loss", series.steps))[:, None]
    known = weights.names == series.names
    elasticity = np.full_like(values, np.nan)
    if known:
        with np.errstate(all="ignore"):
            elasticity = np.where(loss > 0, values * sizes[:, columns] / loss, np.nan)
    return _Depth(tuple(series.names[i] for i in columns), series.steps, values, elasticity)


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
    profile = _median(log10(depth.values[since:]))
    length = len(profile) - 1
    line = slope(profile[None])
    drop = float(line.location[0] * length)
    probability = float(line.above(LEAST_DROP / max(length, 1))[0])
    known = np.flatnonzero(np.isfinite(profile))
    first, last = int(known[0]), int(known[-1])
    gone = _front(profile <= np.nanmax(profile) - LEAST_DROP)
    layer = depth.names[gone[-1] if len(gone) else first]
    return _finding(
        depth,
        since,
        layer,
        probability,
        result.stalled,
        result,
        f"From {layer} down to the input the gradient is gone: it falls by {drop:.1f} decades from "
        f"the last layer to the first, and {_learnt_nothing(result)}.",
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
    last = _median(depth.values[since:])[-1]
    return _finding(
        depth,
        since,
        layer,
        1.0,
        result.stalled,
        result,
        f"From {layer} down to the input the gradient is exactly zero, and "
        f"{_learnt_nothing(result)}.",
        {
            "grad_norm_first": 0.0,
            "grad_norm_last": float(last),
            "layers_without_gradient": float(len(zeros)),
        },
    )


def _everywhere(depth: _Depth, since: int, result: Outcome) -> Finding:
    layer = depth.names[-1]
    typical = _median(depth.values[since:])
    return _finding(
        depth,
        since,
        layer,
        1.0,
        result.unlearnt,  # a full batch at its optimum has no gradient either
        result,
        f"No layer receives a gradient that could move the loss, not even {layer}, and "
        f"{_learnt_nothing(result)}.",
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
        remedy=_remedy(layer),
    )


def _remedy(layer: str) -> Remedy:
    return Remedy(
        f"Let the gradient pass {layer}: ReLU-like activations with He initialisation instead of "
        "sigmoid, tanh or softmax inside the net, normalisation between layers, or residual "
        "connections.",
        'x = keras.layers.Dense(units, kernel_initializer="he_normal", use_bias=False)(x)\n'
        'x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))',
        REFERENCE,
    )


def _learnt_nothing(result: Outcome) -> str:
    return f"the loss went from {result.start:.4g} to {result.end:.4g} only"


def _median(values: Floats) -> Floats:
    """float64[L]: medians over the steps; NaN where a column has no value."""
    some = np.isfinite(values).any(axis=0)
    medians = np.full(values.shape[1], np.nan)
    medians[some] = np.nanmedian(np.where(np.isfinite(values), values, np.nan)[:, some], axis=0)
    return medians


def _front(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The indices before the first flag that is down."""
    return np.arange(int(np.argmin(flags)) if not flags.all() else len(flags))
