"""Runs cut off, epochs of rows, outcomes on disk, and the page that the tables are put into."""

import math

import numpy as np
import pytest

from benchmarks.verdicts.cut import Cut, points
from benchmarks.verdicts.scoring import Judged, Said
from benchmarks.verdicts.store import Outcome, Task, read_outcome, stored
from benchmarks.verdicts.tables import BEGIN, END, details, tables, write
from gradscope.diagnosis.engine import diagnose
from gradscope.diagnosis.history import History
from gradscope.layout import Layout
from gradscope.records import Record, Start, Validation


def run(steps: int = 50) -> History:
    layout = Layout({"loss": ("loss",)})
    history = History()
    history.begin(Start(layout, 0, {"dropout": {"d": 0.5}}))
    history.append([Record(s, 0.0, np.array([s], np.float32), layout) for s in range(steps)])
    history.validate(Validation(9, 0.0, {"loss": 1.0}))
    history.validate(Validation(19, 0.0, {"loss": 2.0, "accuracy": 0.5}))
    return history


def test_a_cut_run_knows_nothing_of_what_came_later():
    cut = Cut(run(), 20)
    steps, values = cut.series("loss")
    assert steps.tolist() == list(range(20))
    assert values[:, 0].tolist() == list(range(20))
    assert {name: s.tolist() for name, (s, _) in cut.validation.items()} == {
        "loss": [9, 19],
        "accuracy": [19],
    }
    assert cut.info == {"dropout": {"d": 0.5}}
    assert diagnose(cut).steps == 20


def test_a_metric_not_given_so_far_is_not_there():
    assert list(Cut(run(), 19).validation) == ["loss"]
    assert Cut(run(), 5).validation == {}


def test_points_of_judging_lie_before_the_end():
    assert points(20) == []
    assert points(31) == [20, 30]
    assert all(a < b for a, b in zip(points(1000), points(1000)[1:], strict=False))


def test_outcomes_survive_the_disk(tmp_path):
    task = Task("controls", "net", 3)
    task.where(tmp_path).mkdir(parents=True)
    outcome = Outcome(math.nan, 0.9, False, 12, 2.5, math.inf, 1.5)
    outcome.write(task.where(tmp_path))
    back = read_outcome(task.where(tmp_path))
    assert math.isnan(back.score) and math.isnan(back.last)
    assert (back.good, back.trained_well, back.steps, back.first) == (0.9, False, 12, 2.5)
    assert [found for found, _ in stored("controls", tmp_path)] == [task]
    assert list(stored("published", tmp_path)) == []


def answers() -> list[Judged]:
    named = Said(frozenset({"a"}), frozenset({"a"}), "a")
    other = Said(frozenset({"b"}), frozenset({"b"}), "b")
    return [
        Judged("published", "right", 0, frozenset({"a"}), False, named, 0.2, False),
        Judged("published", "wrong", 0, frozenset({"a"}), False, other, math.nan, True),
        Judged("controls", "alarm", 0, frozenset(), True, other, math.nan, False),
        Judged("controls", "weak", 0, frozenset(), False, other, math.nan, False),
    ]


def test_each_run_is_listed_with_what_is_wrong_with_the_answer():
    lines = details(answers()).splitlines()
    assert [line.split("/")[0] for line in lines[:4]] == ["  right", "? wrong", "! alarm", "  weak"]
    assert "left out" in lines[3]


def test_an_alarm_that_passed_is_listed_below_its_run():
    quiet = Said(frozenset(), frozenset())
    run = Judged("controls", "net", 0, frozenset(), True, quiet, math.nan, True, "b after 45 steps")
    assert details([run]).splitlines()[1].strip() == "passing alarm: b after 45 steps"


def test_tables_say_how_many_of_how_many():
    text = tables({"gradscope": answers(), "another": answers()[:1]})
    assert "| gradscope | 100 % (34-100), 2/2 | 50 % (9-91), 1/2 |" in text
    assert "| another | 100 % (21-100), 1/1 |" in text
    assert "weak/0" in text
    # Named after a fifth of the run: within a third.
    assert "| `a` | 1 | 20 % | 100 % (21-100) |" in text


def test_tables_are_put_between_the_markers_of_a_page(tmp_path):
    page = tmp_path / "accuracy.md"
    page.write_text(f"# Title\n{BEGIN}\nold\n{END}\nmore\n")
    write("new \\1", page)
    write("new \\1", page)
    assert page.read_text() == f"# Title\n{BEGIN}\n\nnew \\1\n\n{END}\nmore\n"


@pytest.mark.parametrize("text", ["", f"{END}\n{BEGIN}"])
def test_a_page_without_markers_is_left_alone(text, tmp_path):
    page = tmp_path / "accuracy.md"
    page.write_text(text)
    with pytest.raises(ValueError, match="expected the lines"):
        write("new", page)
    assert page.read_text() == text
