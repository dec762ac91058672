"""What the judging gave, as text for a terminal and as Markdown for docs/accuracy.md."""

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.verdicts.scoring import Judged, Share, by_cause, score, shares_named_at

BEGIN = "<!-- begin: written by python -m benchmarks.verdicts judge --markdown -->"
END = "<!-- end -->"

EARLY = 1 / 3
"""Share of a run's steps: a verdict before it comes three times earlier than the end."""

HEADER = ["", "noticed", "cause named", "root first", "false alarms", "alarms on the way"]


def details(judged: Iterable[Judged]) -> str:
    """A line for each run: what was expected, what was said."""
    lines: list[str] = []
    for run in judged:
        if run.left_out:
            state, mark = "left out: not trained well", " "
        elif run.trained_well:
            state, mark = "trained well", "!" if run.said.alarm else " "
        else:
            state = "expected " + " | ".join(sorted(run.expected))
            named, first = run.said.named & run.expected, run.said.first & run.expected
            mark = " " if first else "~" if named else "?" if run.said.alarm else "-"
        lines.append(
            f"{mark} {run.program}/{run.seed}: {run.said.text or 'nothing said'}   [{state}]"
        )
        if run.trained_well and run.earlier and not run.said.alarm:
            lines.append(f"    passing alarm: {run.earlier}")
    legend = (
        "- not noticed, ? noticed but no expected cause, ~ expected cause not first, ! false alarm"
    )
    return "\n".join([*lines, legend])


def tables(results: Mapping[str, Sequence[Judged]]) -> str:
    """All tables in Markdown. results: set of rules -> its judgements, gradscope's first."""
    ours = next(iter(results.values()))
    parts = [_rules(results), _causes(ours), _sets(ours), _early(ours), _left_out(ours)]
    return "\n\n".join(part for part in parts if part)


def write(text: str, path: Path) -> None:
    """Puts the text between the markers of a page.

    Raises ValueError where the page has none.
    """
    page = path.read_text() if path.exists() else ""
    if BEGIN not in page or END not in page[page.index(BEGIN) :]:
        raise ValueError(f"{path}: expected the lines {BEGIN!r} and {END!r}")
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    block = f"{BEGIN}\n\n{text}\n\n{END}"
    path.write_text(re.sub(pattern, lambda _: block, page, count=1, flags=re.DOTALL))


def _rules(results: Mapping[str, Sequence[Judged]]) -> str:
    return _markdown(HEADER, [_row(name, judged) for name, judged in results.items()])


def _sets(ours: Sequence[Judged]) -> str:
    names = list(dict.fromkeys(run.set for run in ours))
    if len(names) < 2:
        return ""
    rows = [_row(name, [run for run in ours if run.set == name]) for name in names]
    return _markdown(["set", *HEADER[1:]], rows)


def _row(name: str, judged: Sequence[Judged]) -> list[str]:
    s = score(judged)
    figures = [s.noticed, s.named, s.rooted, s.alarms, s.passing]
    return [name, *map(_counted, figures)]


def _causes(ours: Sequence[Judged]) -> str:
    rows = []
    for cause, runs in by_cause(ours).items():
        s = score(runs)
        right = sum(run.said.first <= {cause} and run.said.alarm for run in runs)
        rows.append(
            [f"`{cause}`", str(len(runs)), *map(str, (s.noticed, s.named, s.rooted)), str(right)]
        )
    header = ["cause that counts as right", "failing runs", "noticed", "any right cause named"]
    header += ["any right cause first", "this one first"]
    return _markdown(header, rows) if rows else ""


def _early(ours: Sequence[Judged]) -> str:
    shares = shares_named_at(ours)
    if not shares:
        return ""
    rows = []
    for cause, runs in by_cause(ours).items():
        some = shares_named_at(runs)
        if some:
            early = Share(sum(share <= EARLY for share in some), len(some))
            rows.append(
                [f"`{cause}`", str(len(some)), f"{100 * statistics.median(some):.0f} %", str(early)]
            )
    header = ["cause", "runs", "steps until it was named, median", "within a third of the run"]
    early = Share(sum(share <= EARLY for share in shares), len(shares))
    rows.append(["all", str(len(shares)), f"{100 * statistics.median(shares):.0f} %", str(early)])
    return _markdown(header, rows)


def _left_out(ours: Sequence[Judged]) -> str:
    left = [f"{run.program}/{run.seed}" for run in ours if run.left_out]
    well = [f"{run.program}/{run.seed}" for run in ours if run.expected and run.trained_well]
    parts = []
    if left:
        parts.append(
            "Meant to be healthy, but not trained well, and left out: " + ", ".join(left) + "."
        )
    if well:
        parts.append(
            "Meant to fail, but trained well, and counted as healthy: " + ", ".join(well) + "."
        )
    return "\n\n".join(parts)


def _counted(share: Share) -> str:
    return f"{share}, {share.hits}/{share.of}" if share.of else "-"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
