"""`gradscope check`: the exit code is the answer."""

import dataclasses

from gradscope.cli.main import main
from gradscope.report import RULE_FAILED, Verdict
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
