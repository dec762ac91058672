"""The drain's order of work: what is recorded is safe before anything slow begins."""

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from gradscope import buffer, drain
from gradscope.diagnosis.engine import Engine
from gradscope.layout import Layout
from gradscope.records import Item, Record, Severity, Start, Verdict

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
