import json
from dataclasses import replace

import pytest

from gradscope import records, report
from gradscope.causes import CAUSES
from gradscope.errors import UnhealthyRunError
from gradscope.overhead import Overhead
from gradscope.report import LEAST_STEPS, RULE_FAILED, Remedy, Report, Verdict

ROOT = Verdict("exploding-gradient", "critical", "d/kernel", 3, 0.97, "It grows.",
               {"factor": 12.0}, remedy=Remedy("Go slower.", "rate = 1", "A paper"))  # fmt: skip
SYMPTOM = Verdict("vanishing-gradient", "critical", None, 7, 1.0, "It is gone.",
                  remedy=Remedy("Use another activation.", "relu"))  # fmt: skip
REMARK = Verdict("loss-plateau", "info", None, 0, 0.95, "The loss has not fallen: 2 -> 2.")


def test_a_healthy_run_is_told_what_was_looked_for(monkeypatch):
    monkeypatch.setattr(report, "CAUSES", CAUSES[:3])
    headline = Report((), steps=120).headline
    looked_for = ", ".join(cause.slug for cause in CAUSES[:3])
    assert headline == f"gradscope: healthy. Found none of {looked_for} in 120 recorded steps."


def test_of_many_causes_it_says_how_many(monkeypatch):
    many = tuple(replace(CAUSES[0], slug=f"cause-{i}") for i in range(25))
    monkeypatch.setattr(report, "CAUSES", many)
    assert "Found none of the 25 causes that it knows in" in Report((), steps=120).headline


def test_a_remark_alone_is_healthy_but_not_called_so():
    it = Report((REMARK,), steps=112)
    assert it.healthy and it.judged
    assert it.headline.startswith("gradscope: found none of the 2")
    assert it.headline.endswith(" in 112 recorded steps. But: The loss has not fallen: 2 -> 2.")


@pytest.mark.parametrize("steps", [1, LEAST_STEPS - 1])
def test_a_short_run_without_a_finding_is_not_judged(steps):
    it = Report((), steps=steps)
    assert it.healthy and not it.judged
    recorded = f"{steps} recorded step" + "s" * (steps > 1)
    assert it.headline == f"gradscope: too early to judge: {recorded}, 20 are needed."


def test_enough_steps_or_a_finding_make_a_judgement():
    assert Report((), steps=LEAST_STEPS).judged
    assert Report((ROOT,), steps=3).judged
    assert Report((ROOT,), steps=3).headline == "gradscope: not healthy. 3 recorded steps."


def test_without_a_step_it_says_what_to_call():
    assert not Report(()).judged
    assert Report(()).headline == (
        "gradscope: no step was recorded yet, so there is nothing to judge. "
        "Call the step that @scope.step returns."
    )


def test_a_rule_that_failed_leaves_a_run_unjudged():
    failed = Verdict(RULE_FAILED, "info", None, 0, 1.0, "A rule failed.")
    it = Report((failed,), steps=100)
    assert it.healthy and not it.judged
    assert it.headline == (
        "gradscope: not judged in full, since a rule failed. 100 recorded steps."
    )
    assert Report((ROOT, failed), steps=100).judged


def test_symptoms_are_told_without_a_remedy_of_their_own():
    text = str(Report((replace(ROOT, symptoms=(SYMPTOM,)),), steps=50))
    assert text == (
        "gradscope: not healthy. 50 recorded steps.\n"
        "[critical] exploding-gradient, since step 3, confidence 97%\n"
        "  It grows.\n"
        "  What to change: Go slower.\n"
        "    rate = 1\n"
        "  which explains:\n"
        "    [critical] vanishing-gradient, since step 7, confidence 100%\n"
        "      It is gone.\n"
        "More: gradscope explain exploding-gradient"
    )


def test_the_page_to_read_is_named_once():
    text = str(Report((ROOT, replace(ROOT, cause="overfitting")), steps=50))
    assert text.count("gradscope explain") == 1
    assert text.endswith("\nMore: gradscope explain exploding-gradient")
    unknown = Report((replace(ROOT, cause=RULE_FAILED),), steps=50)
    assert "gradscope explain" not in str(unknown), "there is no such page"


def test_markdown_tells_the_remedy_before_the_evidence():
    text = Report((replace(ROOT, symptoms=(SYMPTOM,)),), steps=50).to_markdown()
    parts = ["### exploding-gradient in `d/kernel`", "It grows.", "Explains: It is gone.",
             "**What to change.** Go slower.", "```python\nrate = 1", "Reference: A paper",
             "| factor | 12 |"]  # fmt: skip
    places = [text.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), text


def test_json_says_whether_it_was_judged():
    assert json.loads(Report((), steps=5).to_json()) == {
        "healthy": True, "judged": False, "steps": 5, "logdir": "", "verdicts": [], "overhead": None
    }  # fmt: skip


COST = Overhead(0.007, 0.005, 0.009, whole=0.02, every=20, budget=0.01, pairs=99)


def test_what_recording_cost_is_told_after_what_was_found():
    it = Report((ROOT,), steps=50, overhead=COST)
    lines = str(it).splitlines()
    assert lines[-2:] == [COST.sentence, "More: gradscope explain exploding-gradient"]
    assert it.to_markdown().endswith(f"\n\n{COST.sentence}\n")
    assert it._repr_html_().count(COST.sentence) == 1
    assert json.loads(it.to_json())["overhead"] == COST.to_dict()
    assert str(Report((), steps=50, overhead=COST)).endswith(f"\n{COST.sentence}")


def test_only_an_unhealthy_run_raises():
    Report((REMARK,), steps=100).raise_if_unhealthy()
    with pytest.raises(UnhealthyRunError, match="exploding-gradient"):
        Report((ROOT,), steps=100).raise_if_unhealthy()


def test_the_names_are_importable_from_records_as_before():
    for name in ("Remedy", "Report", "Verdict", "Severity", "SEVERITIES"):
        assert getattr(records, name) is getattr(report, name)
