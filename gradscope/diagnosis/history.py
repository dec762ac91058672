"""The run in memory while it is still training: a bounded RunView."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope import catalog
from gradscope.layout import Layout
from gradscope.records import Record, Start, Validation

BUDGET = 32 * 2**20
"""Bytes that rows may take: by default some 4,400 rows of a net of 100 layers with biases."""

HEAD = 100
"""First rows that are kept whole: the first steps tell most."""

RECENT = 400
"""Last rows that are kept whole: what a rule means by "now"."""

LEAST_ROWS = 64
"""Rows that are kept whatever they take: below, no rule can judge."""

MOST_MARKED = 256
"""Rows kept because something in them first became non-finite, at most."""

MOST_VALIDATIONS = 10_000
"""Validations that are kept; of more, every other older one is dropped."""

Metrics = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]


class Snapshot:
    """A RunView of one moment. Rows are shared with the History, which never changes them."""

    def __init__(
        self,
        layout: Layout,
        steps: NDArray[np.int64],
        rows: NDArray[np.float32],
        info: Mapping[str, Any],
        validation: Metrics,
    ) -> None:
        self._layout, self._steps, self._rows = layout, steps, rows
        self._info, self._validation = info, validation

    @property
    def statistics(self) -> tuple[str, ...]:
        """The recorded statistics, in catalogue order."""
        return tuple(s.name for s in catalog.STATISTICS if self._layout.names(s.name))

    @property
    def info(self) -> Mapping[str, Any]:
        """The facts of `Start.info`."""
        return self._info

    @property
    def validation(self) -> Metrics:
        """metric -> (steps int64[V], values float64[V])."""
        return self._validation

    def names(self, statistic: str) -> tuple[str, ...]:
        """The L names of a statistic; empty where it isn't recorded."""
        return self._layout.names(statistic)

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(steps int64[S] ascending, values float32[S, L]); read-only.

        Raises KeyError for a statistic that isn't recorded.
        """
        return self._steps, self._rows[:, self._layout.where(statistic)]


class History:
    """The records of a live run, within a budget of bytes.

    One thread may append while another one reads. When the rows reach the budget, the first
    `HEAD` and the last `RECENT` stay as they are, so does each row in which a column first became
    non-finite, and of those between every other one goes: the further back, the thinner.

    budget: bytes for rows, at least `LEAST_ROWS` of them are kept; peak use while thinning is
        twice that.

    >>> history = History()
    >>> layout = Layout({"loss": ("loss",)})
    >>> history.append([Record(7, 0.0, np.array([0.5], np.float32), layout)])
    >>> history.series("loss")[0].tolist(), history.series("loss")[1].tolist()
    ([7], [[0.5]])
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self._info: Mapping[str, Any] = {}
        self._validations: list[Validation] = []
        self._begin(Layout({}))

    def begin(self, start: Start) -> None:
        """Takes the facts of the run, and the layout of the records that follow."""
        with self._lock:
            self._info = dict(start.info)
            if start.layout != self._layout:
                self._adopt(start.layout)

    def append(self, records: Sequence[Record]) -> None:
        """Takes the next records, in the order of their steps."""
        with self._lock:
            for record in records:
                if record.layout is not self._layout and record.layout != self._layout:
                    self._adopt(record.layout)
                self._add(record.step, np.asarray(record.values, np.float32))

    def validate(self, validation: Validation) -> None:
        """Takes the validation figures of one step."""
        with self._lock:
            self._validations.append(validation)
            if len(self._validations) > MOST_VALIDATIONS:
                older = self._validations[: MOST_VALIDATIONS // 2]
                self._validations = older[::2] + self._validations[len(older) :]

    def snapshot(self) -> Snapshot:
        """The run as it is now; later appends don't show in it."""
        with self._lock:
            steps, rows = self._steps[: self._count], self._rows[: self._count]
            layout, info, validations = self._layout, self._info, tuple(self._validations)
        steps.flags.writeable = rows.flags.writeable = False
        return Snapshot(layout, steps, rows, info, _by_metric(validations))

    @property
    def statistics(self) -> tuple[str, ...]:
        """The recorded statistics, in catalogue order."""
        return self.snapshot().statistics

    @property
    def info(self) -> Mapping[str, Any]:
        """The facts of `Start.info`."""
        return self._info

    @property
    def validation(self) -> Metrics:
        """metric -> (steps int64[V], values float64[V])."""
        return self.snapshot().validation

    def names(self, statistic: str) -> tuple[str, ...]:
        """The L names of a statistic; empty where it isn't recorded."""
        return self._layout.names(statistic)

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(steps int64[S] ascending, values float32[S, L]); read-only.

        Raises KeyError for a statistic that isn't recorded.
        """
        return self.snapshot().series(statistic)

    @property
    def rows(self) -> int:
        """The rows that are kept now."""
        return self._count

    @property
    def most_rows(self) -> int:
        """The rows that are kept at most."""
        return max(LEAST_ROWS, self._budget // (4 * self._layout.slots + 9))

    def _begin(self, layout: Layout) -> None:
        self._layout = layout
        self._count = 0
        self._steps = np.zeros(0, np.int64)
        self._rows = np.zeros((0, layout.slots), np.float32)
        self._marked = np.zeros(0, bool)
        self._seen = np.zeros(layout.slots, bool)
        self._counting = np.zeros(layout.slots, bool)
        if layout.names("nonfinite_count"):
            self._counting[layout.where("nonfinite_count")] = True

    def _add(self, step: int, values: NDArray[np.float32]) -> None:
        if self._count == self.most_rows:
            self._thin()
        if self._count == len(self._steps):
            self._grow(min(self.most_rows, max(64, 2 * self._count)))
        bad = ~np.isfinite(values) | (self._counting & (values > 0))
        first = bool((bad & ~self._seen).any())
        self._seen |= bad
        self._steps[self._count] = step
        self._rows[self._count] = values
        self._marked[self._count] = first
        self._count += 1

    def _grow(self, size: int) -> None:
        self._replace(np.arange(self._count), size)

    def _thin(self) -> None:
        """Drops every other row between the first and the last ones, save the marked."""
        n = self._count
        head, recent = min(HEAD, n // 4), min(RECENT, n // 2)
        keep = np.ones(n, bool)
        marked = self._marked & (np.cumsum(self._marked) <= min(MOST_MARKED, n // 8))
        between = np.flatnonzero(~marked[head : n - recent]) + head
        keep[between[1::2]] = False
        self._replace(np.flatnonzero(keep), self.most_rows)

    def _replace(self, kept: NDArray[np.intp], size: int) -> None:
        # New arrays, never the old ones changed: snapshots still look at those.
        steps, rows = np.zeros(size, np.int64), np.zeros((size, self._layout.slots), np.float32)
        marked = np.zeros(size, bool)
        count = len(kept)
        steps[:count], rows[:count] = self._steps[kept], self._rows[kept]
        marked[:count] = self._marked[kept]
        self._steps, self._rows, self._marked, self._count = steps, rows, marked, count

    def _adopt(self, layout: Layout) -> None:
        """Takes another layout: columns of the same name go on, NaN stands for what was unknown."""
        before, steps, rows = self._layout, self._steps[: self._count], self._rows[: self._count]
        self._begin(layout)
        moved = np.full((len(steps), layout.slots), np.nan, np.float32)
        for statistic, names in layout.columns.items():
            old = {name: i for i, name in enumerate(before.names(statistic))}
            if not old:
                continue
            values, start = rows[:, before.where(statistic)], layout.where(statistic).start
            for i, name in enumerate(names):
                if name in old:
                    moved[:, start + i] = values[:, old[name]]
        for step, row in zip(steps, moved, strict=True):
            self._add(int(step), row)


def _by_metric(validations: Sequence[Validation]) -> Metrics:
    points: dict[str, list[tuple[int, float]]] = {}
    for validation in validations:
        for metric, value in validation.metrics.items():
            points.setdefault(metric, []).append((validation.step, float(value)))
    return {
        metric: (
            np.array([step for step, _ in pairs], np.int64),
            np.array([value for _, value in pairs], np.float64),
        )
        for metric, pairs in points.items()
    }
