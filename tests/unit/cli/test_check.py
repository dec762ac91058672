"""`gradscope check`: the exit code is the answer."""

import dataclasses

from gradscope.cli.main import main
from tests.unit.cli.views import SICK, VANISHING, write_run


def test_healthy_is_0(tmp_path, capsys):
    write_run(tmp_path)
    assert main(["check", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out == "gradscope: healthy. 4 recorded steps, no cause for concern found.\n"


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
    write_run(tmp_path / "remark", verdicts=(remark,))
    assert main(["check", str(tmp_path / "warning")]) == 1
    assert main(["check", str(tmp_path / "remark")]) == 0


def test_one_sick_run_of_several_is_1_and_each_is_named(tmp_path, capsys):
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", verdicts=(VANISHING,))
    assert main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert f"{tmp_path / 'a'}: gradscope: healthy." in out
    assert f"{tmp_path / 'b'}: gradscope: not healthy." in out


def test_a_run_without_a_step_is_2(tmp_path, capsys):
    """A gate must not pass what was never seen."""
    empty = {s: {name: [] for name in names} for s, names in SICK.items()}
    write_run(tmp_path, columns=empty, steps=())
    assert main(["check", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"gradscope check: no step was recorded in {str(tmp_path)!r}, so there is nothing to "
        "check. Call the step that @scope.step returns, and leave `with scope:` before checking.\n"
    )
