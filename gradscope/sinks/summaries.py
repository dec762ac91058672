"""The few curves that stand for a whole run: one number a step over all its layers.

A curve of logarithms has no point where there is no logarithm: nothing is made up for a norm that
is zero, infinite or NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""float32[N, L]: N records of one statistic with L names."""

Reduction = Callable[[Block], NDArray[np.floating]]
"""float32[N, L] -> float[N]; NaN for a record that gives no point."""


def log10(block: Block) -> NDArray[np.float64]:
    """log10, float64 of the same shape; NaN for what isn't positive and finite."""
    usable = (block > 0) & (block < np.inf)
    return np.log10(block, out=np.full(block.shape, np.nan), where=usable, dtype=np.float64)


def _only(block: Block) -> NDArray[np.floating]:
    return block[:, 0]


def _log10_only(block: Block) -> NDArray[np.floating]:
    return log10(block[:, 0])


def _quantile(share: float) -> Reduction:
    def reduction(block: Block) -> NDArray[np.floating]:
        # As np.nanquantile, which takes a hundred times as long: NaN is sorted to the end.
        logs = np.sort(log10(block), axis=1)
        last = (~np.isnan(logs)).sum(axis=1) - 1
        place = share * np.maximum(last, 0)
        below = np.floor(place).astype(np.int64)
        rows = np.arange(len(logs))
        low, high = logs[rows, below], logs[rows, np.minimum(below + 1, np.maximum(last, 0))]
        return low + (high - low) * (place - below)

    return reduction


def _largest(block: Block) -> NDArray[np.floating]:
    # fmax passes over the NaN of a layer that the statistic doesn't apply to.
    return np.fmax.reduce(block, axis=1)


def _total(block: Block) -> NDArray[np.floating]:
    return block.sum(axis=1, dtype=np.float64)


def _zeros(block: Block) -> NDArray[np.floating]:
    return (block == 0).sum(axis=1).astype(np.float64)


@dataclass(frozen=True)
class Summary:
    """One curve.

    tag: in one of the groups `gradscope/`, `gradscope.bands/` and `gradscope.counts/`.
    statistic: what it is computed from.
    reduction: how.
    description: Markdown, shown beside the curve.
    shows_nan: whether NaN and infinities are points of the curve; otherwise they are left out.
    kernels_only: whether the statistic's biases and scales are left out.
    """

    tag: str
    statistic: str
    reduction: Reduction
    description: str
    shows_nan: bool = False
    kernels_only: bool = False


_QUANTILES = (("min", 0.0, "Smallest"), ("median", 0.5, "Median"), ("max", 1.0, "Largest"))

SUMMARIES: tuple[Summary, ...] = (
    Summary("gradscope/loss", "loss", _only, "The training loss of the step.", shows_nan=True),
    Summary("gradscope/learning_rate", "learning_rate", _only, "The optimizer's learning rate."),
    Summary(
        "gradscope/log10_global_grad_norm",
        "global_grad_norm",
        _log10_only,
        "log10 of the norm of all gradients together, before clipping.",
    ),
    *(
        Summary(
            f"gradscope.bands/log10_grad_norm_{name}",
            "grad_norm",
            _quantile(share),
            f"{word} log10 gradient norm over the kernels (the variables with two axes or more). "
            "Kernels whose gradient is zero, NaN or infinite don't count here: "
            "`gradscope.counts` counts them.",
            kernels_only=True,
        )
        for name, share, word in _QUANTILES
    ),
    *(
        Summary(
            f"gradscope.bands/log10_update_ratio_{name}",
            "update_ratio",
            _quantile(share),
            f"{word} log10 of ‖update‖ / ‖weights‖ over the kernels that are updated; "
            "about -3 is usual.",
            kernels_only=True,
        )
        for name, share, word in _QUANTILES
    ),
    Summary(
        "gradscope.counts/zero_gradient_variables",
        "grad_norm",
        _zeros,
        "How many variables, biases included, have a gradient of exactly zero.",
    ),
    Summary(
        "gradscope.counts/nonfinite_gradient_elements",
        "nonfinite_count",
        _total,
        "How many elements of all gradients are NaN or infinite.",
    ),
    Summary(
        "gradscope.counts/dead_fraction_max",
        "dead_fraction",
        _largest,
        "Share of dead units in the layer that has most of them. Dead means silent in all recorded "
        "steps that the window holds so far. At step 0 that is one batch, so the curve of a "
        "healthy run starts high and falls.",
    ),
    Summary(
        "gradscope.counts/saturated_fraction_max",
        "saturated_fraction",
        _largest,
        "Share of saturated outputs in the layer that has most of them; of a ReLU layer the share "
        "of units that are off for the whole batch.",
    ),
    Summary(
        "gradscope.counts/clip_fraction",
        "clip_fraction",
        _only,
        "Share of variables whose gradient was shortened by clipping.",
    ),
)
