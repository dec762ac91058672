"""What the bench prints and writes, from made-up rows."""

import io
import json

import pytest
from rich.console import Console

from benchmarks.rivals.__main__ import VERSION, parsed, write
from benchmarks.rivals.rivals import RIVALS
from benchmarks.rivals.tables import HEAD, cells, markdown, ratio, terminal
from tests.unit.benchmarks.rivals import canned


def test_a_row_gives_its_own_plain_step_first():
    assert cells(canned.row()) == [
        "summaries",
        "tf.function",
        "12.0",
        "36.0",
        "3.00",
        "3.00 to 3.50",
        "6.00 (XLA)",
        "24,397",
    ]


def test_what_is_missing_says_why_below_the_table():
    text = markdown("mlp", [canned.row(), canned.missing()])
    lines = text.splitlines()
    assert len(lines) == 6
    assert all(line.count("|") == len(HEAD) + 1 for line in lines[:4])
    assert lines[3].startswith("| wandb | eager | – |")
    assert lines[5] == "- wandb: no module named wandb."


def test_a_table_with_all_rows_says_nothing_below():
    assert len(markdown("mlp", [canned.row()]).splitlines()) == 3


def test_the_terminal_shows_the_same():
    out = io.StringIO()
    Console(file=out, width=160).print(terminal("mlp", [canned.row(), canned.missing()]))
    text = out.getvalue()
    assert all(cell in text for cell in cells(canned.row()))
    assert "wandb: no module named wandb" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0123, "1.012"), (1.9996, "2.000"), (3.417, "3.42"), (48.12, "48.1"), (329.7, "330")],
)
def test_ratios_have_about_three_digits(value, text):
    assert ratio(value) == text


def test_files_hold_every_round(tmp_path):
    write({"mlp": [canned.row(), canned.missing()]}, tmp_path / "new")
    content = json.loads((tmp_path / "new/rivals.json").read_text())
    assert content["version"] == VERSION
    assert {"command", "date", "machine", "cores", "python"} <= set(content)
    assert content["rows"] == [json.loads(json.dumps(canned.row().to_json())),
                               canned.missing().to_json()]  # fmt: skip
    assert (tmp_path / "new/rivals.md").read_text() == markdown(
        "mlp", [canned.row(), canned.missing()]
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resnet"], "no workload 'resnet'; there are mlp, cnn"),
        (["--pairs", "0"], "--pairs 0: expected 1 or more"),
        (["--only", "nobody"], f"--only nobody: no such rival; there are {RIVALS[0].name}"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments, says, capsys):
    with pytest.raises(SystemExit) as ended:
        parsed(arguments)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
