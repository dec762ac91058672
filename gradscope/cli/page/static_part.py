"""Verdicts and per-layer table as plain HTML: all that a mail viewer or a careful reader gets."""

from collections.abc import Sequence
from html import escape

from gradscope.cli import summary
from gradscope.cli.numbers import measured, number, share
from gradscope.cli.sparks import bars_from_zero, sparkline
from gradscope.cli.summary import Row, Trend
from gradscope.markup import report_html
from gradscope.records import Report, RunView

MAX_ROWS = 60
"""Rows of the table; the page's charts have the others."""

_CELL = "padding:.15em .5em;border-bottom:1px solid rgba(127,127,127,.25)"
_HEADER = (
    *("layer", "gradient, first", "last", "median", "course", "update / weight"),
    *("weight norm", "dead", "saturated"),
)


def run_html(run: RunView, report: Report, title: str) -> str:
    """One run as an element: title, headline, verdicts, loss, table of layers, worst first."""
    table = summary.rows(run) if report.steps else []
    return (
        '<section style="margin:0 0 2em">'
        f'<h2 style="font-size:1.25em;margin:.8em 0 .4em">{escape(title)}</h2>'
        f"{report_html(report)}{_courses(run) if table else ''}{_table(table, report)}</section>"
    )


def _courses(run: RunView) -> str:
    courses = {} if (loss := summary.loss(run)) is None else {"loss": loss}
    courses |= {f"validation {metric}": it for metric, it in summary.validation(run).items()}
    lines = [
        f"<div>{escape(name)}, first → last step: {measured(it.first)} → {measured(it.last)} "
        f"<code>{bars_from_zero(it.curve)}</code></div>"
        for name, it in courses.items()
    ]
    return f'<div style="margin:1em 0">{"".join(lines)}</div>'


def _table(table: Sequence[Row], report: Report) -> str:
    if not table:
        return ""
    named = summary.named_in(report.verdicts)
    shown = summary.shorten(table, named, MAX_ROWS)
    worst: list[Row] = []
    if not report.healthy:
        worst, others = summary.worst_first(shown, report.verdicts)
        shown = worst + others
    head = "".join(f'<th align="left" style="{_CELL}">{title}</th>' for title in _HEADER)
    lines = [_line(row, place < len(worst)) for place, row in enumerate(shown)]
    notes = [
        "Gradients are norms; course is on a log scale; update / weight is usually near 0.001."
    ]
    if worst:
        notes.append("▸ is named by a verdict.")
    if len(shown) < len(table):
        notes.append(f"{len(table) - len(shown)} of {len(table)} rows are left out.")
    return (
        '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:.9em;'
        f'white-space:nowrap"><tr>{head}</tr>{"".join(lines)}</table></div>'
        f'<p style="opacity:.75">{" ".join(notes)}</p>'
    )


def _line(row: Row, marked: bool) -> str:
    name = f"<code>{escape(row.name)}</code>"
    cells = [
        number(row.update_ratio),
        number(row.weight_norm),
        share(row.dead),
        share(row.saturated),
    ]
    first = f"<strong>▸ {name}</strong>" if marked else name
    numbers = "".join(f'<td align="right" style="{_CELL}">{cell}</td>' for cell in cells)
    gradient = row.gradient
    return f'<tr><td style="{_CELL}">{first}</td>{_gradient(gradient)}{numbers}</tr>'


def _gradient(course: Trend | None) -> str:
    if course is None:
        return f'<td colspan="4" style="{_CELL}"></td>'
    values = (course.first, course.last, course.median)
    cells = "".join(f'<td align="right" style="{_CELL}">{measured(it)}</td>' for it in values)
    return f'{cells}<td style="{_CELL}"><code>{sparkline(course.curve)}</code></td>'
