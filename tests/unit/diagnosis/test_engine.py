import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradscope.causes import BY_SLUG, CAUSES, Cause
from gradscope.diagnosis import engine
from gradscope.diagnosis.engine import Engine, arrange, diagnose, judge
from gradscope.diagnosis.history import History
from gradscope.diagnosis.rule import Finding
from gradscope.errors import GradscopeWarning, UsageError
from gradscope.report import RULE_FAILED

GRAPH = {
    "input": Cause("input", "data", "", ("explode",), "none"),
    "explode": Cause("explode", "flow", "", ("nan", "dead"), "none"),
    "nan": Cause("nan", "flow", "", (), "none"),
    "dead": Cause("dead", "flow", "", (), "none"),
    "other": Cause("other", "fit", "", (), "none"),
}


def finding(cause, step=0, severity: Any = "critical", confidence=1.0, layer=None):
    return Finding(cause, severity, layer, step, confidence, f"{cause} at {step}")


def shape(verdicts):
    """The verdicts as (cause, [causes of symptoms])."""
    return [(v.cause, [s.cause for s in v.symptoms]) for v in verdicts]


def test_the_root_leads_and_its_symptoms_follow_in_the_order_of_their_steps():
    found = [finding("nan", 9), finding("dead", 3), finding("explode", 2), finding("input", 0)]
    assert shape(arrange(found, GRAPH)) == [("input", ["explode", "dead", "nan"])]


def test_a_chain_holds_where_its_middle_was_not_found():
    assert shape(arrange([finding("nan", 9), finding("input")], GRAPH)) == [("input", ["nan"])]


def test_what_began_earlier_is_no_symptom():
    found = [finding("nan", 1), finding("explode", 5)]
    assert shape(arrange(found, GRAPH)) == [("nan", []), ("explode", [])]


def test_a_remark_explains_nothing_that_is_worse():
    found = [finding("nan", 3), finding("explode", 0, severity="info")]
    assert shape(arrange(found, GRAPH)) == [("nan", []), ("explode", [])]


def test_roots_are_ordered_by_severity_then_by_step():
    found = [finding("other", 0, "warning"), finding("nan", 8), finding("dead", 4)]
    assert shape(arrange(found, GRAPH)) == [("dead", []), ("nan", []), ("other", [])]


def test_several_findings_of_one_cause_are_one_verdict():
    found = [finding("dead", 7, layer="b"), finding("dead", 2, layer="a")]
    (verdict,) = arrange(found, GRAPH)
    assert verdict.layer == "a"
    assert [symptom.layer for symptom in verdict.symptoms] == ["b"]


def test_a_symptom_hangs_under_the_cause_that_began_first():
    graph = {**GRAPH, "other": replace(GRAPH["other"], explains=("nan",))}
    found = [finding("nan", 9), finding("explode", 5), finding("other", 2)]
    assert shape(arrange(found, graph)) == [("other", ["nan"]), ("explode", [])]


def test_every_finding_is_in_exactly_one_place():
    rng = np.random.default_rng(0)
    for _ in range(200):
        found = [
            finding(str(cause), int(step), str(severity), float(rng.random()), layer=str(i))
            for i, (cause, step, severity) in enumerate(
                zip(
                    rng.choice(list(GRAPH), 6),
                    rng.integers(0, 5, 6),
                    rng.choice(["info", "warning", "critical"], 6),
                    strict=True,
                )
            )
        ]
        verdicts = arrange(found, GRAPH)
        placed = [v.layer for v in verdicts] + [s.layer for v in verdicts for s in v.symptoms]
        assert sorted(map(str, placed)) == [str(i) for i in range(6)]


def test_no_records_and_short_runs_have_no_verdict(make_run):
    assert judge(History()) == ()
    assert judge(make_run(3)) == ()


def test_a_sick_run_is_judged(make_run):
    (verdict,) = judge(make_run(loss=2.3, grad_norm=np.logspace(-7, -1, 6)))
    assert verdict.cause == "vanishing-gradient"


def test_a_rule_that_raises_is_left_out_with_one_warning(make_run, monkeypatch):
    def load(rule):
        if rule == "vanishing_gradient":
            raise ZeroDivisionError("on purpose")
        return original(rule)

    original = engine._load
    monkeypatch.setattr(engine, "_load", load)
    run = make_run(loss=np.where(np.arange(100)[:, None] < 30, 1.0, np.nan))
    judging = Engine()
    with pytest.warns(GradscopeWarning) as seen:
        verdicts = judging.judge(run)
    assert [v.cause for v in verdicts] == ["nonfinite", RULE_FAILED]
    assert verdicts[1].severity == "info"
    assert "vanishing_gradient (ZeroDivisionError: on purpose)" in verdicts[1].summary
    (warning,) = seen
    text = str(warning.message)
    assert "the rule 'vanishing_gradient' failed with ZeroDivisionError: on purpose" in text
    assert "Its causes are not judged; the other rules and the training go on." in text
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judging.judge(run)


def test_a_warning_turned_into_an_error_ends_nothing(make_run, monkeypatch):
    monkeypatch.setattr(engine, "_load", lambda rule: lambda run: 1 / 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (verdict,) = Engine().judge(make_run())
    assert verdict.cause == RULE_FAILED


def test_a_run_that_no_rule_judged_does_not_pass_for_judged(make_run, monkeypatch):
    monkeypatch.setattr(engine, "_load", lambda rule: lambda run: 1 / 0)
    with pytest.warns(GradscopeWarning):
        report = diagnose(make_run())
    assert report.healthy
    assert not report.judged


def test_a_rule_that_is_missing_is_left_out():
    causes = [*CAUSES, Cause("new", "flow", "", (), "no_such_rule")]
    with pytest.warns(GradscopeWarning, match="no_such_rule"):
        assert Engine(causes).judge(History()) == ()


def test_numpy_does_not_complain_in_the_users_terminal(make_run, monkeypatch):
    zero = np.zeros(1)
    monkeypatch.setattr(engine, "_load", lambda rule: lambda run: [0 / zero][:0])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        judge(make_run())
    assert not seen


def test_diagnose_reports_on_a_run_in_memory(make_run):
    report = diagnose(make_run(77))
    assert (report.steps, report.logdir, report.healthy) == (77, "", True)


def test_diagnose_opens_a_directory(monkeypatch, make_run, tmp_path):
    opened = []
    monkeypatch.setattr("gradscope.run.open_run", lambda path: opened.append(path) or make_run(5))
    for path in (tmp_path, str(tmp_path)):
        assert diagnose(path).logdir == str(tmp_path)
    assert opened == [tmp_path, str(tmp_path)]


def test_a_remark_on_the_outcome_is_made_alone(make_run):
    (remark,) = judge(make_run(loss=2.3))
    assert (remark.cause, remark.severity) == ("loss-plateau", "warning")
    (verdict,) = judge(make_run(loss=2.3, grad_norm=np.logspace(-7, -1, 6)))
    assert (verdict.cause, verdict.symptoms) == ("vanishing-gradient", ())


def test_what_an_update_killed_is_its_symptom():
    found = [finding("vanishing-gradient", 3), finding("exploding-gradient", 0)]
    assert shape(arrange(found, BY_SLUG)) == [("exploding-gradient", ["vanishing-gradient"])]


@pytest.mark.parametrize("run", [3, None, [], object()])
def test_diagnose_says_what_it_takes(run):
    with pytest.raises(UsageError) as seen:
        diagnose(run)
    kind = type(run).__name__
    assert str(seen.value) == f"diagnose: expected a run or a log directory, got {kind}."
