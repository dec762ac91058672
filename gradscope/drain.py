"""From rows on the device to records, sinks and verdicts, on a thread of its own."""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradscope import buffer
from gradscope.cost import Work
from gradscope.diagnosis.engine import Engine
from gradscope.diagnosis.history import History
from gradscope.layout import Layout
from gradscope.overhead import Overhead
from gradscope.records import (
    SEVERITIES,
    Cost,
    Detail,
    Diagnosis,
    Item,
    Record,
    Start,
    Validation,
    Verdict,
    Watch,
)
from gradscope.sinks.sink import Sink

_QUEUE_LENGTH = 64
"""Snapshots. A disk that is slower than the training for that long loses rows, with a warning,
rather than holding the training up or filling the memory."""

_LEAST_SECONDS = 1.0
"""Between two judgements: nobody reads faster."""

_CLOSE_SECONDS = 60.0
"""How long report and close wait for a disk that doesn't answer."""

_IDLE_SECONDS = 2.0
"""After that long without work what was written is flushed: a training may pause to validate."""


@dataclass(frozen=True)
class _Rows:
    """A snapshot on its way to the host, and when its steps ran."""

    snapshot: Any
    layout: Layout
    steps: tuple[int, ...]
    times: tuple[float, ...]
    detailed: bool = False


class Drain:
    """Takes snapshots of the buffer and hands on what is new in them.

    sinks: written to from the drain's thread only. One that raises is dropped with a warning.
    judging: the share of the seconds trained that judging may take.
    trained: gives the seconds trained so far.
    overhead: gives what recording costs, None before it is known; its argument is True the last
        time.

    Problems wait in `problems` for the training thread to warn of; nothing is raised.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        judging: float = 0.0025,
        trained: Callable[[], float] = time.monotonic,
        overhead: Callable[[bool], Overhead | None] = lambda last: None,
    ) -> None:
        self.history = History()
        self.work = Work()
        """What the thread has done so far; replaced as a whole, so that any thread may read it."""
        self._judging, self._trained, self._overhead = judging, trained, overhead
        self._told: Overhead | None = None
        self._transfers = 0
        self.problems: deque[str] = deque()
        self._sinks = list(sinks)
        self._engine = Engine()
        self._verdicts: tuple[Verdict, ...] = ()
        self._judged = False
        self._started = False
        self._early: list[Validation] = []
        self._recorded = 0
        self._last_step = self._last_look = -1
        self.judgements = 0
        """How often the run was judged so far."""
        self.detail_seconds = 0.0
        """CPU time that the thread spent on closer looks so far."""
        self._lost = False
        self._next_judgement = self._next_trained = 0.0
        self._items: queue.Queue[_Rows | Item | threading.Event | None] = queue.Queue(_QUEUE_LENGTH)
        self._thread = threading.Thread(target=self._work, name="gradscope-drain", daemon=True)
        self._thread.start()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts as last judged."""
        return self._verdicts

    @property
    def suspects(self) -> tuple[str, ...]:
        """Paths of the layers and variables of all verdicts and their symptoms, worst first."""
        return _suspects(self._verdicts)

    @property
    def recorded(self) -> int:
        """How many steps have been handed to the sinks."""
        return self._recorded

    def put_rows(
        self,
        snapshot: Any,
        layout: Layout,
        times: Sequence[tuple[int, float]],
        *,
        detailed: bool = False,
    ) -> None:
        """Queues a snapshot.

        times: (step, seconds since the epoch) of the steps in it.
        detailed: True for rows of a closer look, which are beside those of the same steps.
        """
        steps, seconds = tuple(s for s, _ in times), tuple(t for _, t in times)
        self._put(_Rows(snapshot, layout, steps, seconds, detailed))

    def put(self, item: Start | Validation | Watch) -> None:
        """Queues something that did not come from the device."""
        self._put(item)

    def judge(self) -> tuple[Verdict, ...]:
        """The verdicts on all that was queued before this call."""
        judged = threading.Event()
        self._put(judged)
        deadline = time.monotonic() + _CLOSE_SECONDS
        while self._thread.is_alive() and time.monotonic() < deadline and not judged.wait(0.1):
            pass
        return self._verdicts

    def close(self) -> None:
        """Hands on what is queued, with the last verdicts, and ends the thread."""
        if not self._thread.is_alive():
            return
        self._put(None)
        self._thread.join(_CLOSE_SECONDS)
        if self._thread.is_alive():
            self.problems.append(
                f"The log was still being written after {_CLOSE_SECONDS:.0f} s; what was left is "
                "lost. Check the disk of the log directory."
            )

    def _put(self, item: _Rows | Item | threading.Event | None) -> None:
        try:
            self._items.put(item, timeout=None if item is None else 1.0)
        except queue.Full:
            if not self._lost:
                self._lost = True
                self.problems.append(
                    "Writing the log is slower than the training: some recorded steps are lost. "
                    "Record less often (`every`) or use a faster disk."
                )

    def _work(self) -> None:
        while True:
            try:
                item = self._items.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                self._each(lambda sink: sink.flush())
                continue
            try:
                if isinstance(item, threading.Event):
                    self._judge(force=True)
                    item.set()
                elif item is None:
                    self._judge(force=True, last=True)
                else:
                    self._take_timed(item)
            except Exception as error:
                self.problems.append(
                    f"gradscope lost some recorded steps: {_said(error)}. The training goes on. "
                    "Please report it."
                )
            if item is None:
                self._each(lambda sink: sink.close())
                return

    def _take_timed(self, item: _Rows | Item) -> None:
        """Takes an item, counts what that cost, and judges where it is time."""
        began, recorded = time.thread_time(), self._recorded
        self._take(item)
        if not isinstance(item, _Rows):
            return
        took, work = time.thread_time() - began, self.work
        if item.detailed:
            self.detail_seconds += took
            return
        self._transfers += 1
        if self._transfers == 1:
            self.work = replace(work, one_off=work.one_off + took)
        else:
            rows = work.rows + self._recorded - recorded
            self.work = replace(work, rows=rows, writing=work.writing + took)
        self._judge()

    def _take(self, item: _Rows | Item) -> None:
        if isinstance(item, Validation) and not self._started:
            self._early.append(item)
            return
        items = self._records(item) if isinstance(item, _Rows) else [item]
        if isinstance(item, Start):
            # A run begins with its Start; validation before the first step waits for it.
            self._started, items = True, [item, *self._early]
        for one in items:
            if isinstance(one, Start):
                self.history.begin(one)
            elif isinstance(one, Validation):
                self.history.validate(one)
        records = [one for one in items if isinstance(one, Record)]
        self.history.append(records)
        self._recorded += len(records)
        self._write(items)

    def _records(self, item: _Rows) -> list[Item]:
        steps, rows = buffer.read(
            item.snapshot, self._last_look if item.detailed else self._last_step
        )
        if not len(steps):
            return []
        if item.detailed:
            self._last_look = int(steps[-1])
        else:
            self._last_step = int(steps[-1])
        times = (
            np.interp(steps, item.steps, item.times) if item.steps else [time.time()] * len(steps)
        )
        of = Detail if item.detailed else Record
        return [
            of(int(step), float(when), row, item.layout)
            for step, when, row in zip(steps, times, rows, strict=True)
        ]

    def _judge(self, force: bool = False, last: bool = False) -> None:
        now = time.monotonic()
        early = now < self._next_judgement or self._trained() < self._next_trained
        if not self._recorded or (early and not force):
            return
        # Judging takes seconds the first time; a training killed meanwhile keeps its records.
        self._each(lambda sink: sink.flush())
        began = time.thread_time()
        verdicts = self._engine.judge(self.history.snapshot())
        took, work = time.thread_time() - began, self.work
        self._next_judgement = now + _LEAST_SECONDS
        if self._judged:
            self.work = replace(work, judging=work.judging + took, judgement=took)
            self._next_trained = self._trained() + took / self._judging
        else:
            # The first one also imports TensorFlow Probability, which says nothing about the next.
            self.work = replace(work, one_off=work.one_off + took)
        cost = self._cost(last)
        # The first and the last one are written even if they find nothing: judged healthy is not
        # unjudged, and a verdict says how many steps it is about.
        if verdicts != self._verdicts or not self._judged or last:
            self._verdicts, self._judged = verdicts, True
            cost.append(Diagnosis(max(0, self._last_step), time.time(), verdicts))
        self.judgements += 1
        self._write(cost)

    def _cost(self, last: bool) -> list[Item]:
        """What recording costs, where a reader is told something new; the last one to the digit."""
        overhead, told = self._overhead(last), self._told
        if overhead is None or overhead == told:
            return []
        if told is not None and overhead.sentence == told.sentence and not last:
            return []
        self._told = overhead
        return [Cost(max(0, self._last_step), time.time(), overhead)]

    def _write(self, items: Sequence[Item]) -> None:
        if items:
            self._each(lambda sink: sink.write(items))

    def _each(self, act: Callable[[Sink], None]) -> None:
        """Does something with each sink; one that raises is dropped."""
        for sink in list(self._sinks):
            try:
                act(sink)
            except Exception as error:
                self._sinks.remove(sink)
                self.problems.append(
                    f"{type(sink).__name__} failed and is not written to any more: {_said(error)}. "
                    "The training goes on."
                )
                with contextlib.suppress(Exception):
                    sink.close()


def _suspects(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Each path once. Of equally serious ones root causes go before symptoms."""
    found = [*verdicts, *(symptom for verdict in verdicts for symptom in verdict.symptoms)]
    worst_first = sorted(found, key=lambda verdict: -SEVERITIES.index(verdict.severity))
    return tuple(dict.fromkeys(verdict.layer for verdict in worst_first if verdict.layer))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")
