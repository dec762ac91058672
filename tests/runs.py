"""Small runs with known numbers for tests of the run on disk and of the sinks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope.layout import Layout
from gradscope.records import (
    Cost,
    Diagnosis,
    Overhead,
    Record,
    Remedy,
    Start,
    Validation,
    Verdict,
)
from gradscope.run import RunWriter

LAYOUT = Layout(
    {
        "grad_norm": ("net/first/kernel", "net/first/bias", "net/last/kernel"),
        "nonfinite_count": ("net/first/kernel", "net/first/bias", "net/last/kernel"),
        "update_ratio": ("net/first/kernel", "net/first/bias", "net/last/kernel"),
        "dead_fraction": ("net/first", "net/last"),
        "loss": ("loss",),
        "global_grad_norm": ("global_grad_norm",),
        "learning_rate": ("learning_rate",),
    }
)

VANISHING = Verdict(
    cause="vanishing-gradient",
    severity="critical",
    layer="net/first/kernel",
    step=3,
    confidence=0.99,
    summary="The gradient shrinks 40-fold from layer to layer.",
    evidence={"fold_per_layer": 40.0},
    symptoms=(Verdict("learning-rate-low", "warning", None, 4, 0.5, "Weights hardly move."),),
    remedy=Remedy("Use ReLU.", 'keras.layers.Dense(64, activation="relu")', "He et al. 2015"),
)

OVERHEAD = Overhead(0.0071, 0.005, 0.0094, whole=0.021, every=20, budget=0.01, pairs=128)


def record(step: int, layout: Layout = LAYOUT, **changes: Sequence[float] | float) -> Record:
    """A record whose values tell their step and column.

    changes: statistic -> what to put in its place.
    """
    values = (step + np.arange(1, layout.slots + 1) / 64).astype(np.float32)
    for statistic, change in changes.items():
        values[layout.where(statistic)] = change
    return Record(step, 1e9 + step, values, layout)


def write_session(
    logdir: Path,
    steps: Sequence[int],
    *,
    layout: Layout = LAYOUT,
    info: Mapping[str, Any] | None = None,
    validations: Mapping[int, float] | None = None,
    verdicts: tuple[Verdict, ...] | None = None,
    overhead: Overhead | None = None,
) -> Path:
    """Writes one session of a run with `record(step)` at each step; returns its event file."""
    writer = RunWriter(logdir)
    writer.start(Start(layout, steps[0] if steps else 0, info or {}))
    for step in steps:
        writer.record(record(step, layout))
    for step, figure in (validations or {}).items():
        writer.validation(Validation(step, 1e9 + step, {"loss": figure}))
    if verdicts is not None:
        writer.diagnosis(Diagnosis(steps[-1], 1e9 + steps[-1], verdicts))
    if overhead is not None:
        writer.cost(Cost(steps[-1], 1e9 + steps[-1], overhead))
    writer.close()
    return writer.path


def stacked(steps: Sequence[int], statistic: str, layout: Layout = LAYOUT) -> NDArray[np.float32]:
    """float32[S, L]: what `series` answers for a run of `record(step)`."""
    return np.stack([record(step, layout)[statistic] for step in steps])
