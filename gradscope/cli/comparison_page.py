"""Draws a comparison in the terminal, or as Markdown. Nothing is computed here.

All text goes through `rich.text.Text`, so that a path such as `[gan]/kernel` is no markup.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gradscope.comparison import Comparison
from gradscope.printable import in_code, in_one_line, printable

MOST_ROWS = 12
"""Rows of a table: what is left out is in `--format json`."""

MOST_VALUE = 40
"""Characters of a value in a table."""

_Rows = Sequence[tuple[str, ...]]


def show(answer: Comparison, out: Console) -> None:
    """Prints the comparison: what to read, then the tables behind it."""
    for letter, name in (("a", answer.a), ("b", answer.b)):
        out.print(Text(printable(f"{letter}: {name}"), style="bold"), soft_wrap=True)
    out.print()
    for place, sentence in enumerate(answer.sentences):
        out.print(Text(printable(sentence), style="" if place else "bold"))
    for title, head, rows in _tables(answer):
        out.print()
        out.print(_table(title, head, rows[:MOST_ROWS]))
        if len(rows) > MOST_ROWS:
            out.print(Text(f"{len(rows) - MOST_ROWS} more with --format json.", style="dim"))


def markdown(answer: Comparison) -> str:
    """The comparison as Markdown: the sentences as a list, then the tables behind them."""
    lines = [f"**a**: {in_code(answer.a)}  ", f"**b**: {in_code(answer.b)}", ""]
    lines += [f"- {_escaped(sentence)}" for sentence in answer.sentences]
    for title, head, rows in _tables(answer):
        lines += ["", f"### {title}", "", _line(head), _line(["---"] * len(head))]
        lines += [_line([_escaped(cell) for cell in row]) for row in rows[:MOST_ROWS]]
        if len(rows) > MOST_ROWS:
            lines += ["", f"{len(rows) - MOST_ROWS} more with `--format json`."]
    return "\n".join(lines) + "\n"


def _tables(answer: Comparison) -> Iterator[tuple[str, tuple[str, ...], _Rows]]:
    """(title, header, rows) of each table that has rows."""
    settings = [(s.what, _value(s.a), _value(s.b)) for s in answer.settings]
    data = [
        (d.what, _value(d.a), _value(d.b), "differs" if d.differs else "")
        for d in answer.data
        if d.differs or not d.what.startswith("class_share.")
    ]
    places = [(str(p.step), p.statistic, p.name, _value(p.a), _value(p.b)) for p in answer.layers]
    alone = [(name, run) for run, names in (("a", answer.only_a), ("b", answer.only_b))
             for name in names]  # fmt: skip
    verdicts = [("a", ", ".join(answer.verdicts_a)), ("b", ", ".join(answer.verdicts_b))]
    tables: list[tuple[str, tuple[str, ...], _Rows]] = [
        ("Settings that differ", ("setting", "a", "b"), settings),
        ("The batches", ("statistic", "a", "b", ""), data),
        ("Where they part", ("since step", "statistic", "of", "a", "b"), places),
        ("Only in one run", ("name", "run"), alone),
        ("Verdicts", ("run", "causes"), verdicts if any(c for _, c in verdicts) else []),
    ]
    return (table for table in tables if table[2])


def _table(title: str, head: Sequence[str], rows: _Rows) -> Table:
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        header_style="dim",
    )
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        style = "yellow" if row[-1] == "differs" else ""
        table.add_row(*(Text(printable(cell)) for cell in row), style=style)
    return table


def _value(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return "nan" if math.isnan(value) else f"{value:.4g}"
    text = str(value)
    return text if len(text) <= MOST_VALUE else text[: MOST_VALUE - 3] + "..."


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    """The text without what Markdown or HTML would take as markup: names come from the user."""
    text = in_one_line(text)
    for sign in "\\`*_[]<>|":
        text = text.replace(
            sign, f"\\{sign}" if sign not in "<>" else {"<": "&lt;", ">": "&gt;"}[sign]
        )
    return text
