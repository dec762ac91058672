"""A run as it was before some step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope.records import RunView
from gradscope.report import LEAST_STEPS

GROWTH = 1.5
"""From one point of judging to the next: about a dozen in a run of a thousand steps."""


class Cut:
    """A RunView of a run's first steps. before: the first optimizer step that is left out."""

    def __init__(self, run: RunView, before: int) -> None:
        self._run, self._before = run, before

    @property
    def statistics(self) -> tuple[str, ...]:
        """The recorded statistics, in catalogue order."""
        return self._run.statistics

    @property
    def info(self) -> Mapping[str, Any]:
        """The facts of `Start.info`, which are known from the first step on."""
        return self._run.info

    @property
    def validation(self) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """metric -> (steps int64[V], values float64[V]); without metrics not given so far."""
        kept = {}
        for metric, (steps, values) in self._run.validation.items():
            count = int(np.searchsorted(steps, self._before))
            if count:
                kept[metric] = (steps[:count], values[:count])
        return kept

    def names(self, statistic: str) -> tuple[str, ...]:
        """The L names of a statistic; empty where it isn't recorded."""
        return self._run.names(statistic)

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(steps int64[S] ascending, values float32[S, L])."""
        steps, values = self._run.series(statistic)
        count = int(np.searchsorted(steps, self._before))
        return steps[:count], values[:count]


def points(steps: int) -> list[int]:
    """Where to judge a run of so many steps on its way, each time somewhat later.

    >>> points(100)
    [20, 30, 45, 67]
    """
    found: list[int] = []
    point = float(LEAST_STEPS)
    while point < steps:
        found.append(int(point))
        point *= GROWTH
    return found
