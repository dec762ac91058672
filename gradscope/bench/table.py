"""A bench's document as a table: in the terminal, and as Markdown for the docs."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from gradscope.bench.result import Document
from gradscope.printable import printable

COLUMNS = ("workload", "recorded", "plain ms", "with it", "ratio", "95 %", "quartiles")

NOTHING = "–"


@dataclass(frozen=True)
class Row:
    """A line of the table: what it says in each of COLUMNS, or why it says nothing."""

    workload: str
    recorded: str
    figures: tuple[str, ...]
    problem: str = ""


def rows(document: Document) -> Iterator[Row]:
    """One row for each workload and arm."""
    for workload in document["workloads"]:
        if workload["problem"]:
            yield Row(workload["name"], NOTHING, (), workload["problem"])
        for arm in workload["arms"]:
            if "problem" in arm:
                yield Row(workload["name"], arm["arm"], (), f"not measured: {arm['problem']}")
                continue
            figure, low, high = headline(arm)
            ratio = arm["ratio"]
            yield Row(
                workload["name"],
                arm["arm"],
                (
                    f"{statistics.median(arm['plain']) * 1e3:.2f}",
                    f"{statistics.median(arm['recorded']) * 1e3:.2f}",
                    f"{figure:.3f}",
                    f"{low:.3f}–{high:.3f}",
                    f"{ratio['quartile_1']:.3f}–{ratio['quartile_3']:.3f}",
                ),
            )


def headline(arm: dict[str, Any]) -> tuple[float, float, float]:
    """(ratio, low, high) of an arm: the one to believe.

    With a fixed cadence every block holds as many recorded steps, so the median of the pairs is
    the more robust. "auto" records now and then: only the whole time counts all of them.
    """
    ratio = arm["ratio"]
    if arm["every"] == "auto":
        return ratio["whole"], ratio["whole_low"], ratio["whole_high"]
    return ratio["median"], ratio["low"], ratio["high"]


def show(document: Document, out: Console) -> None:
    """Prints the tables and the notes below them."""
    for part in _parts(document):
        out.print(part, soft_wrap=isinstance(part, Text))


def _parts(document: Document) -> list[RenderableType]:
    times = Table(box=None, pad_edge=False)
    for number, column in enumerate(COLUMNS):
        times.add_column(column, justify="left" if number < 2 else "right", no_wrap=True)
    last = ""
    for row in rows(document):
        name = row.workload if row.workload != last else ""
        last = row.workload
        times.add_row(*map(Text, (name, row.recorded, *row.figures)))
    problems = [
        Text(f"{r.workload} {r.recorded}: {printable(r.problem)}")
        for r in rows(document)
        if r.problem
    ]
    own = [Text(f"{name} {arm}: {printable(said)}") for name, arm, said in reported(document)]
    compiled = Table(box=None, pad_edge=False)
    for number, column in enumerate(_ONCE):
        compiled.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    for line in once(document):
        compiled.add_row(*map(Text, line))
    notes = [Text(_NOTES), *([Text(_NOISY)] if noisy(document) else [])]
    said = [Text("What gradscope's own report says:"), *own, Text("")] if own else []
    return [Text(heading(document)), times, *problems, Text(""), *said, compiled, *notes]


_ONCE = (
    "workload",
    "plain first call, s",
    "recorded",
    "ratio",
    "plain peak, MB",
    "recorded",
    "ratio",
)

_NOTES = (
    "ratio: time per step with gradscope to the plain step; for every=auto of the whole time,\n"
    "for the others the median of the pairs. Draining, writing and judging are included.\n"
    "first call: tracing, compiling and one step, once per training."
)


_NOISY = (
    "Some intervals are wide: this machine was busy, or does few steps a second. Close other\n"
    "programs, or time more pairs with --pairs."
)

_WIDE = 0.04
"""An interval from which one can't tell a cost of one per cent from one of five."""


def noisy(document: Document) -> bool:
    """True where an interval says little."""
    arms = [arm for workload in document["workloads"] for arm in workload["arms"]]
    intervals = [headline(arm)[1:] for arm in arms if "ratio" in arm]
    return any(high - low > _WIDE for low, high in intervals)


def reported(document: Document) -> Iterator[tuple[str, str, str]]:
    """(workload, arm, sentence): what gradscope itself reports in the runs with every="auto"."""
    for workload in document["workloads"]:
        for arm in workload["arms"]:
            if arm["every"] == "auto" and arm.get("reported"):
                yield workload["name"], arm["arm"], str(arm["reported"]["sentence"])


def once(document: Document) -> Iterator[tuple[str, ...]]:
    """For each workload what is paid once: the first call, and peak memory."""
    for workload in document["workloads"]:
        compiled, memory = workload["compile"], workload["memory"]
        line = [workload["name"]]
        if compiled is None or "problem" in compiled:
            line += [NOTHING] * 3
        else:
            line += [
                f"{statistics.median(compiled['plain_seconds']):.1f}",
                f"{statistics.median(compiled['recorded_seconds']):.1f}",
                f"{compiled['ratio']:.2f}",
            ]
        if memory is None or "problem" in memory:
            line += [NOTHING] * 3
        else:
            line += [
                f"{memory['plain_bytes'] / 1e6:.1f}",
                f"{memory['recorded_bytes'] / 1e6:.1f}",
                f"{memory['ratio']:.3f}",
            ]
        yield tuple(line)


def heading(document: Document) -> str:
    """What was measured, where and with which versions, in a line or two."""
    machine, plan = document["machine"], document["plan"]
    return (
        f"{machine['device_name'] or machine['device']}, {machine['cores']} cores; TensorFlow "
        f"{machine['tensorflow']}, Keras {machine['keras']}, gradscope {machine['gradscope']}; "
        f"XLA, {plan['pairs']} pairs of blocks of {plan['seconds']:g} s; {document['date'][:10]}"
    )


def markdown(document: Document) -> str:
    """The same as Markdown."""
    titles = {workload["name"]: workload["title"] for workload in document["workloads"]}
    lines = [heading(document), "", _line(COLUMNS), _line(["---"] * len(COLUMNS))]
    for row in rows(document):
        figures = row.figures or (row.problem.replace("\n", " "),)
        empty = [""] * (len(COLUMNS) - 2 - len(figures))
        lines.append(_line([titles[row.workload], row.recorded, *figures, *empty]))
    lines += ["", _line(_ONCE), _line(["---"] * len(_ONCE)), *map(_line, once(document))]
    return "\n".join(lines) + "\n"


def _line(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", r"\|").strip() for cell in cells) + " |"
