import json

import numpy as np
import pytest

from gradscope.errors import UsageError
from gradscope.records import Verdict
from gradscope.run import open_run
from gradscope.tensorboard import answers
from tests.runs import VANISHING, write_session


@pytest.fixture
def run(tmp_path):
    write_session(tmp_path, range(30), verdicts=(VANISHING,))
    return open_run(tmp_path)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("digits/gradscope", "digits"),
        ("a/b/gradscope", "a/b"),
        ("gradscope", "."),
        (".", "."),
        ("mygradscope", "mygradscope"),
        ("gradscope/gradscope", "gradscope"),
        ("x/other", "x/other"),
    ],
)
def test_titles(name, title):
    assert answers.title_of(name) == title


def test_answers_are_sorted_by_run(run):
    entries = [answers.entry_of(run, name) for name in ("b", "a")]
    complaints = [{"run": "d", "error": ""}, {"run": "c", "error": ""}]
    answer = answers.runs_answer(entries, complaints)
    assert [one["run"] for one in answer["runs"]] == ["a", "b"]
    assert [one["run"] for one in answer["complaints"]] == ["c", "d"]


def test_json_holds_no_html_and_says_the_same():
    data = {"<a>": ["</script>&", "\u2028é", 1.5, None, True]}
    text = answers.to_json(data)
    assert json.loads(text) == data
    assert text.isascii() and not set("<>&") & set(text)


def test_json_has_no_nan():
    odd = {"a": [np.nan, (np.inf,)], 3: -np.inf, "b": object}
    with pytest.raises(ValueError):
        answers.to_json(odd)
    plain = answers.plain(odd)
    assert plain == {"a": [None, [None]], "3": None, "b": str(object)}
    answers.to_json(plain)


def test_the_extent_is_found_where_it_is_not_given(run):
    found = answers.series_answer(run, "grad_norm", "x")
    given = answers.series_answer(run, "grad_norm", "x", extent=(1.0, 2.0))
    assert (given["lowest"], given["highest"]) == (1.0, 2.0)
    values = run.series("grad_norm")[1]
    assert (found["lowest"], found["highest"]) == (values.min(), values.max())


def test_many_rows_get_fewer_columns(run, monkeypatch):
    monkeypatch.setattr(answers, "MOST_CELLS", 31)
    answer = answers.series_answer(run, "grad_norm", "x")
    assert (answer["rows"], answer["columns"], answer["recorded"]) == (3, 10, 30)
    monkeypatch.setattr(answers, "MOST_CELLS", 1)
    assert answers.series_answer(run, "grad_norm", "x")["columns"] == 1


def test_what_is_not_there_is_refused(run):
    with pytest.raises(UsageError):
        answers.series_answer(run, "nope", "x")
    with pytest.raises(IndexError):
        answers.series_answer(run, "grad_norm", "x", window=answers.Window(rows=(3,)))


def test_a_rule_that_failed_is_not_judged(tmp_path):
    failed = Verdict("rule-failed", "info", None, 0, 1.0, "A rule failed.")
    write_session(tmp_path, range(30), verdicts=(failed,))
    answer = answers.run_answer(open_run(tmp_path), "x")
    assert answer["judged"] is False and answer["verdicts"][0]["meaning"] == ""
    assert answer["headline"].startswith("not judged in full")


def test_without_verdicts_no_length_makes_it_judged(tmp_path):
    write_session(tmp_path, range(30))
    answer = answers.run_answer(open_run(tmp_path), "x")
    assert answer["judged_at"] is None and answer["judged"] is False
    assert answer["headline"].startswith("not judged: no verdicts were written yet. 30 recorded")
