"""`gradscope explain`: the page of a cause, and the list of all."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradscope.causes import CAUSES
from gradscope.cli import explain
from gradscope.cli.main import main

each = pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)


def squeezed(text: str) -> str:
    return " ".join(text.split())


@each
def test_the_page_is_printed_without_marks_of_markdown(cause, capsys):
    assert main(["explain", cause.slug]) == 0
    out = capsys.readouterr().out
    lines = [line.strip() for line in out.splitlines()]
    assert cause.slug in lines[0]
    for section in ("What it means", "How it is decided", "What to do", "References"):
        assert section in lines
    for mark in ("](", "**", "\n#", "```"):
        assert mark not in out


@each
def test_the_list_names_every_cause_with_its_meaning(cause, capsys):
    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert f"  {cause.slug}  " in out
    assert f"{cause.family}:" in out.splitlines()[0] or f"\n{cause.family}:" in out


def test_the_list_says_what_each_means(capsys):
    main(["explain"])
    out = squeezed(capsys.readouterr().out)
    assert all(f"{cause.slug} {cause.meaning}" in out for cause in CAUSES)


@pytest.mark.parametrize("typed", ["nonfinite", "NonFinite ", "vanishing gradient", "Loss_Plateau"])
def test_upper_case_blanks_and_underscores_are_forgiven(typed):
    assert explain.page(typed).startswith("# ")


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("vanishing-gradients", "vanishing-gradient"),
        ("plateau", "loss-plateau"),
        ("NaN", "nonfinite or nonfinite-input"),
    ],
)
def test_an_unknown_cause_is_an_error_with_near_matches_and_the_list(typed, near, capsys):
    assert main(["explain", typed]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(
        f"gradscope explain: no cause is called '{typed}'. Did you mean {near}"
    )
    assert captured.err.endswith(f"All causes: {', '.join(c.slug for c in CAUSES)}.\n")


@pytest.mark.parametrize("typed", ["zzz", ""])
def test_one_that_resembles_none_gets_the_list(typed, capsys):
    assert main(["explain", typed]) == 2
    assert f"no cause is called '{typed}'. All causes: " in capsys.readouterr().err


def test_an_installation_without_pages_says_where_it_looked(monkeypatch, capsys):
    monkeypatch.setattr(explain, "PAGES", ("nowhere", "../nowhere"))
    assert main(["explain", "nonfinite"]) == 2
    error = squeezed(capsys.readouterr().err)
    assert "this installation lacks the page of nonfinite: neither " in error
    assert "Install gradscope anew. In one line, nonfinite is: NaN or Inf in" in error


def test_a_wheel_holds_the_pages_where_explain_looks_first():
    import tomllib

    root = Path(__file__).parents[3]
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    forced = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert forced == {"docs/causes": f"gradscope/{explain.PAGES[0]}"}
    sdist = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert "/docs" in sdist


def test_it_loads_no_tensorflow():
    code = (
        "import sys\n"
        "from gradscope.cli.main import main\n"
        "main(['explain', 'nonfinite'])\n"
        "print([name for name in ('tensorflow', 'keras', 'tensorboard') if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.splitlines()[-1] == "[]"
