"""Names of a run give no orders to a terminal and end nothing in Markdown."""

import dataclasses

import pytest

from gradscope.cli.main import main
from gradscope.printable import in_code, in_one_line, printable
from gradscope.report import Remedy, Report, Verdict
from tests.unit.cli.views import LONG, VANISHING, write_run

ORDERS = "\x1b]0;title\x07\x1b[31m\x9b2J\r\u202e"


def test_orders_become_escapes_and_layout_stays():
    assert printable("a\x1b[0m\tb\nc") == "a\\x1b[0m\tb\nc"
    assert printable("\u202e\ud800") == "\\u202e\\ud800"
    assert printable("Übergröße 层 \N{OK HAND SIGN}") == "Übergröße 层 \N{OK HAND SIGN}"


def test_one_line_and_code():
    assert in_one_line("a\n\n# b") == "a # b"
    assert in_code("a``b\n") == "``` a``b ```"


@pytest.mark.parametrize("way", [str, Report.to_markdown])
def test_a_report_gives_none(way):
    remedy = Remedy(ORDERS, f"{ORDERS}```\n# x", ORDERS)
    verdict = Verdict(ORDERS, "info", ORDERS, 3, 1.0, ORDERS, {ORDERS: 1.0}, remedy=remedy)
    text = way(Report((dataclasses.replace(verdict, symptoms=(verdict,)),), steps=50))
    assert not set(ORDERS[:1] + "\x07\x9b\r\u202e") & set(text)
    assert "\\x1b]0;title" in text


def test_markdown_has_no_block_that_a_text_opened():
    remedy = Remedy("Do.", "```\n# x")
    verdict = Verdict(
        "nonfinite", "critical", "a`b\n# c", 3, 1.0, "one\n# two <img>", remedy=remedy
    )
    text = Report((verdict,), steps=50).to_markdown()
    assert "### nonfinite in `` a`b # c `` (critical" in text
    assert "one # two &lt;img>" in text
    assert "````python\n```\n# x\n````" in text


COMMANDS = (
    ("report", "{}"),
    ("report", "--format", "markdown", "{}"),
    ("check", "{}"),
    ("check", "--format", "json", "{}"),
    ("compare", "{}", "{}"),
    ("compare", "--format", "markdown", "{}", "{}"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_hands_an_order_to_the_terminal(command, tmp_path, capsys):
    def renamed(name):
        return name.replace("first", f"{ORDERS}first")

    columns = {s: {renamed(name): it for name, it in names.items()} for s, names in LONG.items()}
    verdict = dataclasses.replace(
        VANISHING, layer=renamed(VANISHING.layer or ""), summary=ORDERS, evidence={ORDERS: 1.0}
    )
    run = write_run(tmp_path / f"run{ORDERS}", columns, (verdict,))
    main([part.format(run) for part in command])
    said = capsys.readouterr()
    assert not set("\x1b\x07\x9b\r\u202e") & set(said.out + said.err)
    assert "title" in said.out
