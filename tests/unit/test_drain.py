"""The drain's order of work: what is recorded is safe before anything slow begins."""

import time
from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from gradscope import buffer, drain
from gradscope.diagnosis.engine import Engine
from gradscope.layout import Layout
from gradscope.records import (
    Cost,
    Diagnosis,
    Item,
    Overhead,
    Record,
    Severity,
    Start,
    Verdict,
)

LAYOUT = Layout({"loss": ("loss",)})


class Listening:
    """A sink that notes what it is asked to do."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    def write(self, items: Sequence[Item]) -> None:
        self.heard += ["record" for item in items if isinstance(item, Record)]

    def flush(self) -> None:
        self.heard.append("flush")

    def close(self) -> None:
        self.heard.append("close")


def test_records_are_flushed_before_the_run_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(Engine, "judge", lambda self, run: heard.append("judge") or ())
    rows = np.array([[0.0, 0.0, 2.5]], np.float32)
    monkeypatch.setattr(buffer, "read", lambda snapshot, last: (np.array([0]), rows[:, 2:]))
    worker = drain.Drain([Listening(heard)])
    worker.put(Start(LAYOUT, 0))
    worker.put_rows(tf.constant(rows), LAYOUT, [(0, 1e9)])
    worker.judge()
    worker.close()
    assert heard[:3] == ["record", "flush", "judge"]


def test_suspects_are_named_worst_first_and_once() -> None:
    def verdict(layer: str | None, severity: Severity, *symptoms: Verdict) -> Verdict:
        return Verdict("nonfinite", severity, layer, 0, 1.0, "", symptoms=symptoms)

    found = (
        verdict("c", "warning", verdict("d", "critical"), verdict("b", "warning")),
        verdict(None, "critical"),
        verdict("a", "critical", verdict("c", "info"), verdict("e", "info")),
    )
    assert drain._suspects(found) == ("a", "d", "c", "b", "e")
    assert drain._suspects(()) == ()


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def write(self, items: Sequence[Item]) -> None:
        self.items += items

    def flush(self) -> None: ...

    def close(self) -> None: ...


def rows_of(step: int) -> tf.Tensor:
    return tf.constant([[0.0, step, 2.5]], tf.float32)


def busy(seconds: float) -> None:
    """Uses that much of the thread's CPU time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_thread_counts_what_it_does_and_what_it_does_once_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(Kept):
        def write(self, items: Sequence[Item]) -> None:
            busy(0.02 * sum(isinstance(item, Record) for item in items))

    monkeypatch.setattr(Engine, "judge", lambda self, run: busy(0.05) or ())
    worker = drain.Drain([Slow()], judging=1e9)
    worker.put(Start(LAYOUT, 0))
    worker.put_rows(rows_of(0), LAYOUT, [(0, 1e9)])
    worker.judge()
    first = worker.work
    assert first.rows == 0 and first.writing == 0.0
    assert first.one_off >= 0.07
    for step in (1, 2, 3):
        worker.put_rows(rows_of(step), LAYOUT, [(step, 1e9)])
    worker.judge()
    worker.close()
    work = worker.work
    assert work.rows == 3 and work.writing >= 0.06
    assert work.judgement is not None and work.judging >= 0.1
    assert work.one_off == first.one_off


def test_judging_keeps_to_its_share_of_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, trained = [], [0.0]
    monkeypatch.setattr(drain, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(Engine, "judge", lambda self, run: judged.append(1) or busy(0.02) or ())
    worker = drain.Drain([Kept()], judging=0.01, trained=lambda: trained[0])
    worker.put(Start(LAYOUT, 0))

    def judgements(step: int) -> int:
        worker.put_rows(rows_of(step), LAYOUT, [(step, 1e9)])
        while worker.recorded <= step or not worker._items.empty():
            time.sleep(0.001)
        time.sleep(0.1)
        return len(judged)

    assert judgements(0) == 1, "the first one is free, and so is the time to the next"
    assert judgements(1) == 2
    assert judgements(2) == 2, "0.02 s at one per cent: not before 2 s of training"
    trained[0] = 1.9
    assert judgements(3) == 2
    trained[0] = 10.0
    assert judgements(4) == 3
    worker.close()
    assert len(judged) == 4


def test_the_cost_is_written_when_it_reads_otherwise_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Engine, "judge", lambda self, run: ())
    costs = [None, Overhead(0.01), Overhead(0.010001), Overhead(0.02), Overhead(0.020001)]
    asked: list[bool] = []

    def overhead(last: bool) -> Overhead | None:
        asked.append(last)
        return costs[len(asked) - 1]

    sink = Kept()
    worker = drain.Drain([sink], judging=1e-9, trained=lambda: 0.0, overhead=overhead)
    worker.put(Start(LAYOUT, 0))
    worker.put_rows(rows_of(0), LAYOUT, [(0, 1e9)])
    for _ in range(3):
        worker.judge()
    worker.close()
    assert asked == [False] * 4 + [True]
    written = [item.overhead.share for item in sink.items if isinstance(item, Cost)]
    assert written == [0.01, 0.02, 0.020001]
    assert isinstance(sink.items[-1], Diagnosis), "what readers wait for comes last"
