"""The frozen data types that travel from the training step to the reader.

rows ── drain ──► Record ─┬─► sinks ──► the run on disk
                          └─► diagnosis ──► Verdict ──► Report

Verdict, Remedy and Report are in gradscope/report.py, Overhead in gradscope/overhead.py; all are
importable from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradscope.layout import Layout
from gradscope.overhead import Overhead
from gradscope.report import SEVERITIES, Remedy, Report, Severity, Verdict

__all__ = [
    "SEVERITIES",
    "Cost",
    "Detail",
    "Diagnosis",
    "Item",
    "Overhead",
    "Record",
    "Remedy",
    "Report",
    "RunView",
    "Severity",
    "Start",
    "Validation",
    "Verdict",
    "Watch",
]


@dataclass(frozen=True)
class Start:
    """What is known of a run when its first step has been traced.

    layout: the columns of every record that follows.
    step: the first recorded optimizer step.
    info: JSON-ready facts: versions, devices, optimizer settings, layer kinds, variables that no
        gradient reaches.
    """

    layout: Layout
    step: int
    info: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Record:
    """All statistics of one optimizer step.

    step: the optimizer step, counted from 0 (or from the scope's `initial_step`).
    wall_time: seconds since the epoch.
    values: float32[layout.slots].
    layout: which column holds what.

    >>> layout = Layout({"grad_norm": ("dense/kernel", "dense/bias"), "loss": ("loss",)})
    >>> record = Record(0, 0.0, np.array([2.0, 0.5, 1.25], np.float32), layout)
    >>> record["grad_norm"]
    array([2. , 0.5], dtype=float32)
    """

    step: int
    wall_time: float
    values: NDArray[np.float32]
    layout: Layout

    def __getitem__(self, statistic: str) -> NDArray[np.float32]:
        """float32[L], one value for each of `layout.names(statistic)`.

        Raises KeyError for a statistic that the layout lacks.
        """
        return self.values[self.layout.where(statistic)]


@dataclass(frozen=True)
class Watch:
    """Which layers are watched closely from a step on; replaces what an earlier one said.

    layers: their paths, or variables'; empty where no layer is watched any more.
    """

    step: int
    wall_time: float
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Detail:
    """A closer look at some layers in one step; that step has a `Record` as well.

    values: float32[layout.slots].
    layout: which column holds what, with keys of `gradscope.detail.key_of` as statistics.

    >>> layout = Layout({"unit_mean/dense": ("0", "1"), "unit_rms/dense": ("0", "1")})
    >>> detail = Detail(7, 0.0, np.array([0.5, -1, 0.75, 1], np.float32), layout)
    >>> detail["unit_rms/dense"]
    array([0.75, 1.  ], dtype=float32)
    """

    step: int
    wall_time: float
    values: NDArray[np.float32]
    layout: Layout

    def __getitem__(self, key: str) -> NDArray[np.float32]:
        """float32[n], one value for each of `layout.names(key)`.

        Raises KeyError for a series that the layout lacks.
        """
        return self.values[self.layout.where(key)]


@dataclass(frozen=True)
class Validation:
    """Validation figures of one step, as given to `Scope.validate`."""

    step: int
    wall_time: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Diagnosis:
    """All verdicts that hold at one step; replaces those of earlier steps."""

    step: int
    wall_time: float
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Cost:
    """What recording costs by one step; replaces what was said earlier."""

    step: int
    wall_time: float
    overhead: Overhead


Item = Start | Record | Validation | Diagnosis | Watch | Detail | Cost
"""What a sink is given to write, in the order in which it happened."""


class RunView(Protocol):
    """What a rule may look at; a live run and a run on disk both give it."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """The recorded statistics, in catalogue order."""
        ...

    @property
    def info(self) -> Mapping[str, Any]:
        """The facts of `Start.info`."""
        ...

    @property
    def validation(self) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """metric -> (steps int64[V], values float64[V])."""
        ...

    def names(self, statistic: str) -> tuple[str, ...]:
        """The L names of a statistic; empty where it isn't recorded."""
        ...

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(steps int64[S] ascending, values float32[S, L])."""
        ...
