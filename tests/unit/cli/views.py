"""Runs with known numbers: in memory, and on disk through the real writer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope.layout import Layout
from gradscope.records import Diagnosis, Record, Remedy, Start, Validation, Verdict

Columns = Mapping[str, Mapping[str, Sequence[float]]]
"""statistic -> name -> its value at each step."""

VANISHING = Verdict(
    cause="vanishing-gradient",
    severity="critical",
    layer="net/first/kernel",
    step=4,
    confidence=0.987,
    summary="The gradient shrinks 40-fold from layer to layer.",
    evidence={"fold_per_layer": 40.0},
    symptoms=(Verdict("learning-rate-low", "info", None, 4, 0.5, "Weights hardly move."),),
    remedy=Remedy(
        "Use ReLU with He initialization.",
        'keras.layers.Dense(64, activation="relu", kernel_initializer="he_normal", name="first")',
        "He et al. 2015",
    ),
)

SICK: Columns = {
    "grad_norm": {
        "net/first/kernel": [1e-7, 1e-7, 2e-7, 1e-7],
        "net/first/bias": [1e-8, 1e-8, 1e-8, 1e-8],
        "net/last/kernel": [1.0, 10.0, float("nan"), 100.0],
        "net/last/bias": [0.5, 0.5, 0.5, 0.5],
    },
    "weight_norm": {
        "net/first/kernel": [5.0] * 4,
        "net/first/bias": [0.25] * 4,
        "net/last/kernel": [2.0] * 4,
        "net/last/bias": [0.125] * 4,
    },
    "update_ratio": {
        "net/first/kernel": [2e-9] * 4,
        "net/first/bias": [4e-3] * 4,
        "net/last/kernel": [1e-3] * 4,
        "net/last/bias": [0.5] * 4,
    },
    "activation_mean": {
        "net/first": [0.5] * 4,
        "net/relu": [0.5] * 4,
        "net/last": [0.5] * 4,
    },
    "dead_fraction": {"net/relu": [0.0, 0.25, 0.5, 0.75]},
    "saturated_fraction": {"net/first": [0.1, 0.2, 0.3, 0.4], "net/relu": [0.0, 0.0, 0.0, 0.125]},
    "loss": {"loss": [2.0, 2.0, 2.0, 2.0]},
}
"""Two dense layers with a ReLU layer between them, recorded at steps 0, 10, 20, 30."""

STEPS = (0, 10, 20, 30)

LONG: Columns = {
    statistic: {name: [*values] * 5 for name, values in names.items()}
    for statistic, names in SICK.items()
}
"""The same numbers five times over: enough steps to be judged."""


class View:
    """A `records.RunView` of given numbers."""

    def __init__(
        self,
        columns: Columns,
        steps: Sequence[int] = STEPS,
        validation: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]] | None = None,
    ) -> None:
        self._columns = columns
        self._steps = np.array(steps, np.int64)
        self.validation = validation or {}
        self.info: Mapping[str, Any] = {}

    @property
    def statistics(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def names(self, statistic: str) -> tuple[str, ...]:
        return tuple(self._columns.get(statistic, ()))

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        values = np.array(list(self._columns[statistic].values()), np.float32).T
        return self._steps, values


def write_run(
    logdir: Path,
    columns: Columns = SICK,
    verdicts: tuple[Verdict, ...] | None = (),
) -> Path:
    """A real run on disk, every tenth step recorded.

    verdicts: None leaves it unjudged, as a run that was killed.
    """
    from gradscope.run import RunWriter

    length = len(next(iter(next(iter(columns.values())).values())))
    layout = Layout({statistic: tuple(names) for statistic, names in columns.items()})
    writer = RunWriter(logdir)
    writer.start(Start(layout, step=0))
    for place, step in enumerate(range(0, 10 * length, 10)):
        row = [values[place] for names in columns.values() for values in names.values()]
        writer.record(Record(step, 1e9 + step, np.array(row, np.float32), layout))
    writer.validation(Validation(30, 1e9, {"accuracy": 0.5}))
    if verdicts is not None:
        writer.diagnosis(Diagnosis(30, 1e9, verdicts))
    writer.close()
    return logdir
