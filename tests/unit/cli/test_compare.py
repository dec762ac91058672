"""`gradscope compare`, on run files that the real writer wrote."""

import json

import pytest

from gradscope.cli.main import main
from tests.unit.cli.views import LONG, SICK, VANISHING, write_run

HOSTILE = "net/<b>[bold]|x/kernel"


@pytest.fixture
def pair(tmp_path):
    """A run, and one whose last kernel has a gradient of a billionth."""
    bad = dict(LONG)
    bad["grad_norm"] = {name: [value * 1e-9 for value in values] for name, values in
                        LONG["grad_norm"].items()}  # fmt: skip
    good = write_run(tmp_path / "good", LONG)
    return good, write_run(tmp_path / "bad", bad, (VANISHING,))


def test_the_text_leads_with_sentences_and_shows_what_is_behind_them(pair, capsys):
    good, bad = pair
    assert main(["compare", str(good), str(bad)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"a: {good}", f"b: {bad}"]
    text = " ".join(" ".join(lines).split())
    assert "part in step 0, first in the norm of the gradient of net/first/kernel" in text
    assert "Verdicts: a has none; b has vanishing-gradient." in text
    assert "Where they part" in text
    assert "net/last/bias" in text


def test_json_is_the_answer_of_the_route(pair, capsys):
    good, bad = pair
    assert main(["compare", "--format", "json", str(good), str(bad)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["a"], data["b"]) == (str(good), str(bad))
    assert data["parting"]["name"] == "net/first/kernel"
    assert data["verdicts"] == {"a": [], "b": ["vanishing-gradient"]}


def test_markdown_escapes_names(tmp_path, capsys):
    columns = {"grad_norm": {HOSTILE: [1.0] * 20}, "weight_norm": {HOSTILE: [1.0] * 20}}
    sick = {**columns, "grad_norm": {HOSTILE: [1e6] * 20}}
    good, bad = write_run(tmp_path / "a", columns), write_run(tmp_path / "b", sick)
    assert main(["compare", "--format", "markdown", str(good), str(bad)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"**a**: `{good}`")
    assert "<b>" not in out and "&lt;b&gt;\\[bold\\]\\|x/kernel" in out
    assert "| since step | statistic | of | a | b |" in out
    assert main(["compare", str(good), str(bad)]) == 0
    assert HOSTILE in capsys.readouterr().out


def test_a_run_and_itself(pair, capsys):
    assert main(["compare", str(pair[0]), str(pair[0])]) == 0
    assert "The two are the same in all 20 steps that both recorded." in capsys.readouterr().out


def test_a_directory_with_several_runs(pair, tmp_path, capsys):
    assert main(["compare", str(pair[0]), str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error == (
        f"gradscope compare: 2 runs below {str(tmp_path)!r}, of which one is compared with one. "
        f"Name one:\n  {tmp_path / 'bad'}\n  {tmp_path / 'good'}\n"
    )


def test_a_directory_without_a_run(pair, tmp_path, capsys):
    missing = tmp_path / "nothing"
    assert main(["compare", str(pair[0]), str(missing)]) == 2
    assert capsys.readouterr().err == (
        f"gradscope compare: there is no directory {str(missing)!r}.\n"
    )


def test_a_run_that_was_killed_is_judged_now(pair, tmp_path, capsys):
    killed = write_run(tmp_path / "killed", SICK, verdicts=None)
    assert main(["compare", str(pair[0]), str(killed)]) == 0
    assert "holds no verdicts yet; judging it now" in capsys.readouterr().err
