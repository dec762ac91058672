"""Draws a run in the terminal: the loss line, the per-layer table, the verdicts.

Nothing is computed here (see summary.py) and nothing is judged (see gradscope.diagnosis). All
text goes through `rich.text.Text`, so that a path such as `[gan]/kernel` is no markup, and what
comes from the run through `printable`. Colour only repeats what a word or a sign says already.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TextIO

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gradscope.causes import BY_SLUG
from gradscope.cli import summary
from gradscope.cli.numbers import measured, number, share
from gradscope.cli.sparks import bars_from_zero, sparkline
from gradscope.cli.summary import Row, Trend
from gradscope.layout import model_prefix
from gradscope.markup import evidence_name, figure
from gradscope.printable import printable
from gradscope.records import Report, RunView, Severity, Verdict

Sort = Literal["worst", "depth"]

MAX_ROWS = 40
"""Rows of the table unless all are asked for: a screen."""

UPDATE_GUIDE = 1e-3
"""Healthy size of an update relative to its weight (Karpathy, CS231n); a guide, not a verdict."""
GUIDE_FACTOR = 30.0
"""How far from the guide a ratio may be before it gets a sign."""

_COLOURS: Mapping[Severity, str] = {"info": "cyan", "warning": "yellow", "critical": "red"}
_SIGNS = {
    "low": ("▼", "v"),
    "high": ("▲", "^"),
    "to": ("→", "->"),
    "named": ("▸", ">"),
    "cut": ("…", "~"),
}
_MIN_NAME, _GOOD_NAME = 16, 32
"""Characters of a path that the table keeps by dropping columns: any but the last ones, and ..."""
_MOST_EVIDENCE = 4
"""Figures of a verdict that are shown: rules name the telling ones first. Probabilities are left
out, since the confidence holds them."""
_SPARE = 5
"""... only those of this rank and above, which say least."""


def console(file: TextIO | None = None) -> Console:
    """A console on `file` (standard output if None) that can't fail on a character.

    Where the stream's encoding lacks a character, "?" stands in its place.
    """
    stream = file if file is not None else sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    return _Console(file=stream, highlight=False, emoji=False, markup=False)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """The error goes on to `main`: rich would exit with 1, as if a run were not healthy."""
        raise


def run_page(
    out: Console,
    run: RunView,
    report: Report,
    title: str,
    show_all: bool = False,
    sort: Sort = "worst",
) -> None:
    """Prints one run: title, loss, table, verdicts.

    show_all: a row for every variable, not one for each layer.
    sort: "worst" for the rows first that verdicts name, where the run is not healthy, or "depth".
    """
    out.print(Text(printable(title), style="bold"))
    for line in _objective(run, out):
        out.print(line)
    table = summary.rows(run) if report.steps else []
    if table:
        named = summary.named_in(report.verdicts)
        shown = table if show_all else summary.shorten(table, named, MAX_ROWS)
        worst: list[Row] = []
        if sort == "worst" and not report.healthy:
            worst, others = summary.worst_first(shown, report.verdicts)
            shown = worst + others
        columns = _fitting_columns(shown, out)
        out.print(_layer_table(shown, columns, named, len(worst), out))
        marked = any(summary.is_named(row, named) for row in shown)
        legend = _legend(columns, marked, len(table) - len(shown), out)
        out.print(Text(legend, style="dim"))
    print_verdicts(report, out)


def _layer_table(
    rows: Sequence[Row],
    columns: Sequence["_Column"],
    named: Collection[str],
    gap: int,
    out: Console,
) -> Table:
    """The per-layer table; rows that a verdict names are marked.

    gap: number of rows after which an empty one stands; 0 for none.
    """
    paths = _paths(rows)
    room = max(out.width - sum(column.width + 1 for column in columns) - 1, _MIN_NAME)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("\nlayer", no_wrap=True)
    group = ""
    for column in columns:
        # neighbours of one group share its name, which stands over the first of them
        title = f"{'' if column.group == group else column.group}\n{column.title}"
        group = column.group
        table.add_column(title, justify=column.justify, no_wrap=True, min_width=column.width)
    for place, (row, path) in enumerate(zip(rows, paths, strict=True)):
        if place == gap and gap:
            table.add_row()
        marked = summary.is_named(row, named)
        name = (_sign("named", out) if marked else " ") + _fit(path, room, out)
        style = "red" if marked else ""
        table.add_row(Text(name, style=style), *(column.cells[place] for column in columns))
    return table


def print_verdicts(report: Report, out: Console) -> None:
    """Prints the headline, then for each root cause a panel and the code to paste."""
    well = report.judged and not report.verdicts
    colour = "red" if not report.healthy else "green" if well else "yellow"
    out.print(Text(printable(report.headline), style=f"bold {colour}"))
    for verdict in report.verdicts:
        out.print(_panel(verdict))
        for line in verdict.remedy.code.splitlines():
            # outside the panel and never wrapped, so that it can be pasted
            out.print(Text(f"    {printable(line)}", style="cyan"), soft_wrap=True)
    if report.overhead:
        out.print(Text(report.overhead.sentence, style="dim"))


def _objective(run: RunView, out: Console) -> list[Text]:
    lines: list[Text] = []
    loss = summary.loss(run)
    if loss is not None:
        lines.append(_course("loss", loss, out))
    for metric, course in summary.validation(run).items():
        lines.append(_course(f"validation {printable(metric)}", course, out))
    return lines


def _course(name: str, course: Trend, out: Console) -> Text:
    to = _sign("to", out)
    ends = f"{measured(course.first)} {to} {measured(course.last)}"
    return Text(
        f"{name}, first {to} last step: {ends}  {bars_from_zero(course.curve, _ascii(out))}"
    )


@dataclass(frozen=True)
class _Column:
    """A column: `rank` 0 always stays, then the highest rank goes first where room is short.

    group, title: the two lines of its header.
    note: what the legend says of it, or ""; columns with the same note share it.
    """

    group: str
    title: str
    rank: int
    cells: list[Text]
    note: str
    justify: Literal["left", "right"] = "right"

    @property
    def width(self) -> int:
        return max(len(part) for part in (self.group, self.title, *map(str, self.cells)))

    @property
    def filled(self) -> bool:
        return any(str(cell).strip() for cell in self.cells)


def _columns(rows: Sequence[Row], out: Console) -> list[_Column]:
    gradients = [row.gradient for row in rows]
    curves = [
        Text("" if course is None else sparkline(course.curve, _ascii(out))) for course in gradients
    ]
    ratios = [_ratio(row.update_ratio, out) for row in rows]
    weights = [Text(number(row.weight_norm)) for row in rows]
    norm, course = "gradient: its norm", "course: over the steps, log scale"
    guide = (
        f"update / weight: median, usually near {UPDATE_GUIDE:g} ({_sign('low', out)} below "
        f"1/{GUIDE_FACTOR:g} of it, {_sign('high', out)} above {GUIDE_FACTOR:g} times)"
    )
    dead = "dead: units silent for all of the last steps"
    saturated = (
        "saturated: of sigmoid and tanh the values at the ends of their range, of ReLU the units "
        "that are off for a whole batch"
    )
    return [
        _Column("gradient", "first", 3, [_gradient(course, "first") for course in gradients], norm),
        _Column("gradient", "last", 0, [_gradient(course, "last") for course in gradients], norm),
        _Column("gradient", "median", 6, [_gradient(c, "median") for c in gradients], norm),
        _Column("gradient", "course", 4, curves, course, "left"),
        _Column("update /", "weight  ", 1, ratios, guide),
        _Column("weight", "norm", 5, weights, ""),
        _Column("dead", "units", 2, [Text(share(row.dead)) for row in rows], dead),
        _Column("satu-", "rated", 2, [Text(share(row.saturated)) for row in rows], saturated),
    ]


def _fitting_columns(rows: Sequence[Row], out: Console) -> list[_Column]:
    """The columns that hold something and leave room for a path.

    Columns are dropped whole: a number is never cut, as rich would do.
    """
    columns = [column for column in _columns(rows, out) if column.filled]
    longest = max(map(len, _paths(rows)))
    while True:
        worst = max(columns, key=lambda column: column.rank)
        path = min(longest, _GOOD_NAME) if worst.rank >= _SPARE else _MIN_NAME
        if worst.rank == 0 or sum(column.width + 1 for column in columns) + path + 1 < out.width:
            return columns
        columns = [column for column in columns if column is not worst]


def _paths(rows: Sequence[Row]) -> list[str]:
    """The rows' names without the model's own, each fit for one line of a terminal."""
    names = ["".join(c if c.isprintable() else "?" for c in row.name) for row in rows]
    prefix = model_prefix(names)
    return [name.removeprefix(prefix) for name in names]


def _gradient(course: Trend | None, which: Literal["first", "last", "median"]) -> Text:
    if course is None:
        return Text("")
    value: float = getattr(course, which)
    return Text(measured(value))


def _panel(verdict: Verdict) -> Panel:
    where = f"in {printable(verdict.layer)}, " if verdict.layer else ""
    body = Text(printable(verdict.summary))
    body.append(f"\n({where}since step {verdict.step}, confidence {verdict.confidence:.0%})")
    if verdict.symptoms:
        causes = ", ".join(dict.fromkeys(symptom.cause for symptom in verdict.symptoms))
        body.append(f"\nIt explains: {printable(causes)}.")
    if verdict.evidence:
        body.append(f"\nEvidence: {printable(_key_figures(verdict))}.")
    if verdict.remedy.text:
        body.append("\nWhat to change: ", style="bold")
        body.append(printable(verdict.remedy.text))
    if verdict.remedy.reference:
        body.append(f"\nReference: {printable(verdict.remedy.reference)}", style="dim")
    if verdict.cause in BY_SLUG:
        body.append(f"\nMore: gradscope explain {verdict.cause}", style="dim")
    title = Text(printable(f"[{verdict.severity}] {verdict.cause}"))
    return Panel(body, title=title, title_align="left", border_style=_COLOURS[verdict.severity])


def _key_figures(verdict: Verdict) -> str:
    telling = [item for item in verdict.evidence.items() if not item[0].startswith("probability")]
    shown = (telling or list(verdict.evidence.items()))[:_MOST_EVIDENCE]
    return ", ".join(f"{evidence_name(key)} {figure(value)}" for key, value in shown)


def _legend(columns: Sequence[_Column], marked: bool, hidden: int, out: Console) -> str:
    """What the columns that are shown hold, and what the marks mean.

    marked: whether a row is marked. hidden: number of rows left out.
    """
    notes = list(dict.fromkeys(column.note for column in columns if column.note))
    if marked:
        notes.insert(0, f"{_sign('named', out)} named by a verdict")
    text = ". ".join(notes) + "."
    return f"{text} {hidden} more rows with --all." if hidden else text


def _ratio(value: float, out: Console) -> Text:
    if value < UPDATE_GUIDE / GUIDE_FACTOR:
        return Text(f"{number(value)} {_sign('low', out)}", style="yellow")
    if value > UPDATE_GUIDE * GUIDE_FACTOR:
        return Text(f"{number(value)} {_sign('high', out)}", style="yellow")
    return Text(f"{number(value)}  ")


def _fit(name: str, room: int, out: Console) -> str:
    """The end of a path says most: cut at the front."""
    return name if len(name) <= room - 1 else _sign("cut", out) + name[-(room - 2) :]


def _ascii(out: Console) -> bool:
    return out.options.ascii_only


def _sign(name: str, out: Console) -> str:
    return _SIGNS[name][_ascii(out)]
