"""`gradscope report --format markdown`: verdicts and the worst layers, to paste into a ticket."""

from collections.abc import Sequence

from gradscope.cli import summary
from gradscope.cli.numbers import measured, number, share
from gradscope.cli.summary import Row
from gradscope.printable import in_code, in_one_line
from gradscope.records import Report
from gradscope.run import Run

MAX_ROWS = 20
"""Rows of the table: more than a reader of a ticket wants to scroll past are left out."""

_HEADER = (
    ("layer", "---"),
    ("gradient, first", "---:"),
    ("last", "---:"),
    ("median", "---:"),
    ("update / weight", "---:"),
    ("weight norm", "---:"),
    ("dead", "---:"),
    ("saturated", "---:"),
)


def to_markdown(judged: Sequence[tuple[Run, Report]], sort: str = "worst") -> str:
    """A section for each run: headline, verdicts, loss, table of layers.

    sort: "worst" or "depth", as `gradscope report --sort`.
    """
    return "\n".join(_section(run, report, sort) for run, report in judged)


def _section(run: Run, report: Report, sort: str) -> str:
    parts = [f"## {_plain(run.logdir)}", report.to_markdown().rstrip("\n")]
    table = summary.rows(run) if report.steps else []
    if table:
        parts += ["### Loss", *_courses(run), "### Layers", *_table(table, report, sort)]
    return "\n\n".join(parts) + "\n"


def _courses(run: Run) -> list[str]:
    courses = {} if (loss := summary.loss(run)) is None else {"training": loss}
    courses |= {f"validation {metric}": it for metric, it in summary.validation(run).items()}
    said = [f"{_plain(n)} {measured(it.first)} → {measured(it.last)}" for n, it in courses.items()]
    return [f"First → last recorded step: {', '.join(said)}."] if said else []


def _table(table: Sequence[Row], report: Report, sort: str) -> list[str]:
    named = summary.named_in(report.verdicts)
    shown = summary.shorten(table, named, MAX_ROWS)
    if sort == "worst" and not report.healthy:
        worst, others = summary.worst_first(shown, report.verdicts)
        shown = worst + others
    lines = [
        "| " + " | ".join(title for title, _ in _HEADER) + " |",
        "|" + "|".join(rule for _, rule in _HEADER) + "|",
        *(_line(row, summary.is_named(row, named)) for row in shown),
    ]
    notes = [
        "Norms of gradients; update / weight is the median of ‖update‖ / ‖weight‖, usually near "
        "0.001."
    ]
    if any(summary.is_named(row, named) for row in shown):
        notes.append("Bold rows are named by a verdict.")
    if len(shown) < len(table):
        notes.append(f"{len(table) - len(shown)} of {len(table)} rows are left out.")
    return ["\n".join(lines), " ".join(notes)]


def _line(row: Row, marked: bool) -> str:
    name = in_code(row.name).replace("|", "\\|")
    gradient = row.gradient
    cells = [
        f"**{name}**" if marked else name,
        *(
            ["", "", ""]
            if gradient is None
            else [measured(gradient.first), measured(gradient.last), measured(gradient.median)]
        ),
        number(row.update_ratio),
        number(row.weight_norm),
        share(row.dead),
        share(row.saturated),
    ]
    return "| " + " | ".join(cells) + " |"


def _plain(name: str) -> str:
    """A path or metric as it can stand in a line of text: no tag."""
    return in_one_line(name).replace("<", "&lt;")
