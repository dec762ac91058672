"""`gradscope check`: the exit code is the answer."""

import dataclasses
import json
import subprocess
import sys

import pytest

from gradscope.cli import check
from gradscope.cli.main import main
from gradscope.report import RULE_FAILED, Verdict
from gradscope.tensorboard import metadata
from tests.unit.cli.views import LONG, SICK, VANISHING, write_run


def test_healthy_is_0(tmp_path, capsys):
    write_run(tmp_path, columns=LONG)
    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("gradscope: healthy. ")


def test_a_critical_verdict_is_1_and_says_what_to_change(tmp_path, capsys):
    write_run(tmp_path, verdicts=(VANISHING,))
    assert main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("gradscope: not healthy. 4 recorded steps.\n")
    assert "[critical] vanishing-gradient, since step 4, confidence 99%" in out
    assert "What to change: Use ReLU with He initialization." in out


def test_a_warning_is_1_and_a_remark_is_0(tmp_path):
    warning = dataclasses.replace(VANISHING, severity="warning")
    remark = dataclasses.replace(VANISHING, severity="info")
    write_run(tmp_path / "warning", verdicts=(warning,))
    write_run(tmp_path / "remark", columns=LONG, verdicts=(remark,))
    assert main(["check", str(tmp_path / "warning")]) == 1
    assert main(["check", str(tmp_path / "remark")]) == 0


def test_one_sick_run_of_several_is_1_and_each_is_named(tmp_path, capsys):
    write_run(tmp_path / "a", columns=LONG)
    write_run(tmp_path / "b", verdicts=(VANISHING,))
    assert main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"{tmp_path / 'a'}: gradscope: healthy." in out
    assert f"{tmp_path / 'b'}: gradscope: not healthy." in out


EMPTY = {statistic: {name: [] for name in names} for statistic, names in SICK.items()}


def test_a_run_without_a_step_is_2(tmp_path, capsys):
    """A gate must not pass what was never seen."""
    write_run(tmp_path, columns=EMPTY)
    assert main(["check", str(tmp_path)]) == 2
    assert "no step was recorded yet" in capsys.readouterr().out


def test_a_run_that_is_too_short_to_judge_is_2(tmp_path, capsys):
    write_run(tmp_path)
    assert main(["check", str(tmp_path)]) == 2
    assert "too early to judge: 4 recorded steps" in capsys.readouterr().out


def test_a_run_on_which_a_rule_failed_is_2(tmp_path, capsys):
    failed = Verdict(RULE_FAILED, "info", None, 0, 1.0, "A rule failed.")
    write_run(tmp_path, columns=LONG, verdicts=(failed,))
    assert main(["check", str(tmp_path)]) == 2
    assert "A rule failed." in capsys.readouterr().out


def test_a_run_that_cannot_be_judged_does_not_hide_the_others(tmp_path, capsys):
    write_run(tmp_path / "a", columns=EMPTY)
    write_run(tmp_path / "b", verdicts=(VANISHING,))
    assert main(["check", str(tmp_path)]) == 2
    out = capsys.readouterr().out
    assert f"{tmp_path / 'a'}: gradscope: no step was recorded yet" in out
    assert f"{tmp_path / 'b'}: gradscope: not healthy." in out


WORSE = dataclasses.replace(
    VANISHING, symptoms=(Verdict("loss-spike", "critical", None, 9, 0.97, "The loss jumps."),)
)


def checked(capsys, *arguments: str) -> tuple[int, list[str]]:
    code = main(["check", *arguments])
    return code, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("severity", "codes"),
    [("info", (1, 0, 0)), ("warning", (1, 1, 0)), ("critical", (1, 1, 1))],
)
def test_fail_on_sets_the_severity_from_which_on_a_run_fails(severity, codes, tmp_path, capsys):
    found = dataclasses.replace(VANISHING, severity=severity, symptoms=())
    write_run(tmp_path, columns=LONG, verdicts=(found,))
    limits = ("info", "warning", "critical")
    assert [checked(capsys, str(tmp_path), "--fail-on", one)[0] for one in limits] == list(codes)


def test_what_stays_below_the_limit_is_said(tmp_path, capsys):
    warning = dataclasses.replace(VANISHING, severity="warning")
    write_run(tmp_path, columns=LONG, verdicts=(warning,))
    code, lines = checked(capsys, str(tmp_path), "--fail-on", "critical")
    assert code == 0
    assert lines[0] == "gradscope: not healthy. 20 recorded steps."
    assert lines[-1] == (
        "gradscope check: passed. Below --fail-on critical: vanishing-gradient (warning)."
    )


def test_a_symptom_counts_by_its_own_severity(tmp_path, capsys):
    root = dataclasses.replace(WORSE, severity="warning")
    write_run(tmp_path, columns=LONG, verdicts=(root,))
    code, lines = checked(capsys, str(tmp_path), "--fail-on", "critical")
    assert code == 1
    assert lines[-1].startswith("gradscope check: failed by loss-spike. Below")


@pytest.mark.parametrize(
    "typed", ["vanishing-gradient", "Vanishing Gradient", "vanishing_gradient"]
)
def test_an_ignored_cause_does_not_fail_but_is_printed_and_said(typed, tmp_path, capsys):
    write_run(tmp_path, columns=LONG, verdicts=(VANISHING,))
    code, lines = checked(capsys, str(tmp_path), "--ignore", typed)
    assert code == 0
    assert "[critical] vanishing-gradient, since step 4, confidence 99%" in lines
    assert lines[-1] == "gradscope check: passed. Ignored: vanishing-gradient (critical)."


def test_ignoring_a_root_cause_does_not_hide_its_symptoms(tmp_path, capsys):
    write_run(tmp_path, columns=LONG, verdicts=(WORSE,))
    code, lines = checked(capsys, str(tmp_path), "--ignore", "vanishing-gradient")
    assert code == 1
    assert lines[-1] == (
        "gradscope check: failed by loss-spike. Ignored: vanishing-gradient (critical). "
        "loss-spike counts though vanishing-gradient, which explains it, is ignored."
    )


@pytest.mark.parametrize(
    "given",
    [
        ["--ignore", "vanishing-gradient,loss-spike"],
        ["--ignore", "vanishing-gradient, loss-spike,"],
        ["--ignore", "vanishing-gradient", "--ignore", "loss-spike"],
    ],
)
def test_several_causes_are_ignored_by_commas_or_repetition(given, tmp_path, capsys):
    write_run(tmp_path, columns=LONG, verdicts=(WORSE,))
    code, lines = checked(capsys, str(tmp_path), *given)
    assert code == 0
    assert lines[-1] == (
        "gradscope check: passed. Ignored: vanishing-gradient (critical), loss-spike (critical)."
    )


def test_a_short_run_of_which_all_is_ignored_is_not_passed(tmp_path, capsys):
    """What was ignored was all that was known of it."""
    write_run(tmp_path, verdicts=(VANISHING,))
    code, lines = checked(capsys, str(tmp_path), "--ignore", "vanishing-gradient")
    assert code == 2
    assert lines[-1].startswith("gradscope check: not passed, since too little was seen to judge.")


def test_a_failed_rule_leaves_a_run_unjudged_whatever_fails(tmp_path, capsys):
    failed = Verdict(RULE_FAILED, "info", None, 0, 1.0, "A rule failed.")
    write_run(tmp_path, columns=LONG, verdicts=(failed,))
    assert checked(capsys, str(tmp_path), "--fail-on", "info")[0] == 2


def test_an_unknown_cause_is_an_error_before_any_run_is_read(tmp_path, capsys):
    assert main(["check", str(tmp_path / "nowhere"), "--ignore", "nonfinite,overfiting"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(
        "gradscope check: no cause is called 'overfiting'. Did you mean overfitting"
    )


def test_nothing_is_added_where_no_option_is_given(tmp_path, capsys):
    write_run(tmp_path, columns=LONG)
    assert len(checked(capsys, str(tmp_path))[1]) == 1


def test_json_says_what_failed_and_what_was_ignored(tmp_path, capsys):
    write_run(tmp_path / "a", columns=LONG, verdicts=(WORSE,))
    write_run(tmp_path / "b", columns=LONG)
    code = main(["check", str(tmp_path), "--format", "json", "--ignore", "vanishing-gradient"])
    answer = json.loads(capsys.readouterr().out)
    assert code == answer["exit_code"] == 1
    assert (answer["version"], answer["fail_on"]) == (check.VERSION, "warning")
    assert answer["ignore"] == ["vanishing-gradient"]
    assert answer["unreadable"] == []
    first, second = answer["runs"]
    assert (first["result"], second["result"]) == ("failed", "passed")
    assert (first["failing"], first["ignored"]) == (["loss-spike"], ["vanishing-gradient"])
    assert first["logdir"] == str(tmp_path / "a")
    assert first["report"]["verdicts"][0]["cause"] == "vanishing-gradient"


def test_json_names_a_run_that_cannot_be_read(tmp_path, capsys, monkeypatch):
    write_run(tmp_path / "a", columns=LONG)
    with monkeypatch.context() as newer:
        newer.setattr(metadata, "SCHEMA_VERSION", metadata.SCHEMA_VERSION + 1)
        write_run(tmp_path / "b")
    assert main(["check", str(tmp_path), "--format", "json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == 2
    assert [run["result"] for run in answer["runs"]] == ["passed"]
    assert "written by a newer gradscope" in answer["unreadable"][0]


def test_a_reader_that_has_seen_enough_still_gets_the_exit_code(tmp_path):
    """`set -o pipefail; gradscope check ... | head -1` fails for a run that is not healthy."""
    write_run(tmp_path, verdicts=(dataclasses.replace(VANISHING, summary="x" * 1_000_000),))
    with subprocess.Popen(
        [sys.executable, "-m", "gradscope", "check", str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait(60) == 1
