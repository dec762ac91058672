"""The rows as a table: for the terminal, and in Markdown for a page."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from benchmarks.rivals.rivals import GRAPH, XLA
from benchmarks.rivals.schedule import Row

HEAD = ("what", "its plain step", "plain ms", "with it ms", "ratio", "quartiles", "to the other",
        "bytes a step")  # fmt: skip


def terminal(workload: str, rows: Sequence[Row]) -> Table:
    """The rows of one workload; what is missing says why below the table."""
    table = Table(title=workload, box=box.SIMPLE_HEAD, title_justify="left")
    for index, name in enumerate(HEAD):
        table.add_column(name, justify="left" if index < 2 else "right", no_wrap=index != 1)
    for row in rows:
        table.add_row(*cells(row))
    missing = [f"{row.rival.name}: {row.missing}" for row in rows if row.missing is not None]
    if missing:
        table.caption, table.caption_justify = "\n".join(missing), "left"
    return table


def markdown(workload: str, rows: Sequence[Row]) -> str:
    """The same for a page."""
    lines = [f"| {workload}: {HEAD[0]} | " + " | ".join(HEAD[1:]) + " |"]
    lines.append("|" + "---|" * len(HEAD))
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    missing = [f"- {row.rival.name}: {row.missing}." for row in rows if row.missing is not None]
    return "\n".join([*lines, *(["", *missing] if missing else [])]) + "\n"


def cells(row: Row) -> list[str]:
    """The cells of one row, "–" for what is not there.

    "to the other" is the ratio to the plain step that is not its own: XLA's where it runs without,
    and the other way round.
    """
    own, *others = row.rival.against
    if row.missing is not None:
        return [row.rival.name, own, *["–"] * 6]
    low, middle, high = row.ratio(own)
    return [
        row.rival.name,
        own,
        f"{row.milliseconds(own):.1f}",
        f"{row.milliseconds(row.rival.name):.1f}",
        ratio(middle),
        f"{ratio(low)} to {ratio(high)}",
        f"{ratio(row.ratio(others[0])[1])} ({_SHORT[others[0]]})" if others else "–",
        f"{row.written:,.0f}" if row.written else "–",
    ]


_SHORT = {XLA: "XLA", GRAPH: "no XLA"}


def ratio(value: float) -> str:
    """Three digits or so: 1.012, 3.42, 48.1, 330."""
    digits = 3 if value < 2 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f}"
