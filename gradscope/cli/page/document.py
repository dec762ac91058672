"""The page itself: what a mail viewer shows first, then what scripts draw."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradscope
from gradscope.cli.page import embedding, frontend, static_part
from gradscope.cli.page.embedding import Embedded
from gradscope.comparison import compare
from gradscope.records import Report
from gradscope.run import Run
from gradscope.tensorboard import answers

MAX_BYTES = 6_000_000
"""Size of a page: what mail servers and issue trackers take without asking."""

MOST_COMPARED = 4
"""Runs that are compared with each other: twelve comparisons, of deep nets 2 MB."""

_LEAST_FOR_NUMBERS = 500_000
"""Bytes that numbers get even where hundreds of runs fill the page with text."""

# Of what `script-src` allows, data: is where the modules are; nothing may be fetched or sent.
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' data:; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)

# The tab's styles turn dark by a script; without one, the system's word counts.
_STYLE = """
#report { padding: 1em 20px; }
#report > details > summary { cursor: pointer; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  :root:not([data-theme]) { --page: #17191c; --ink: #eceff2; --muted: #aeb6bf; color-scheme: dark; }
}
"""

_START = """
import {{ render }} from "{entry}";
const start = document.getElementById("gradscope-data").dataset.start;
try {{
  if (!location.hash && start) history.replaceState(null, "", start);
}} catch {{
  // a sandboxed page has no history: the first run is shown
}}
await render();
if (document.body.dataset.ready === "1") document.getElementById("as-text").open = false;
"""


@dataclass(frozen=True)
class PageRun:
    """One run of a page.

    name: what the page calls it, as TensorBoard would: "digits/gradscope".
    run, report: as read and judged.
    """

    name: str
    run: Run
    report: Report


def runs_page(judged: Sequence[tuple[Run, Report]], logdir: str) -> str:
    """The page on the runs at or below a log directory."""
    runs = [PageRun(_name(run.logdir, logdir), run, report) for run, report in judged]
    sick = [run for run in runs if not run.report.healthy]
    return page(runs, (sick or runs)[0].name, comparisons=_comparisons(runs))


def page(
    runs: Sequence[PageRun],
    shown: str,
    other: str | None = None,
    comparisons: Sequence[Mapping[str, Any]] = (),
    introduction: str = "",
    max_bytes: int = MAX_BYTES,
) -> str:
    """The HTML of a page on runs, at least one.

    shown: name of the run that is drawn first.
    other: name of the run that it is compared with, or None.
    comparisons: answers of the route `compare`, whose `a` and `b` are names of runs.
    introduction: HTML that stands before the runs in the part that needs no script.
    max_bytes: about how large it may become; columns of charts are made wider to keep to it.

    Raises UsageError where the installation lacks the tab's frontend.
    """
    title = ", ".join(answers.title_of(run.name) for run in runs[:3])
    title += f" and {len(runs) - 3} more" if len(runs) > 3 else ""
    texts = [static_part.run_html(r.run, r.report, answers.title_of(r.name)) for r in runs]
    modules, styles = frontend.import_map(), frontend.styles()
    used = sum(map(len, texts)) + len(modules) + len(styles)
    used += len(introduction) + len(answers.to_json(comparisons))
    embedded = _numbers(runs, max_bytes - used)
    data = answers.to_json(_data(runs, embedded, comparisons))
    # nobody can put the hash of what he puts in, into what he puts in
    nonce = hashlib.sha256(data.encode()).hexdigest()[:32]
    start = f"#gradscope&p.gradscope.run={quote(shown, safe='')}"
    start += f"&p.gradscope.other={quote(other, safe='')}" if other else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(nonce=nonce)}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="gradscope {gradscope.__version__}">
<title>gradscope: {escape(title)}</title>
<style>{styles}{_STYLE}</style>
<script type="importmap" nonce="{nonce}">{modules}</script>
</head>
<body>
<div id="report"><details id="as-text" open><summary>Report as text</summary>
{introduction}{"".join(texts)}
</details>{_notes(runs, embedded)}
<noscript><p>Heatmap and charts need scripts, which are off here.</p></noscript></div>
<script type="application/json" id="gradscope-data" data-start="{escape(start)}">{data}</script>
<script type="module" nonce="{nonce}">{_START.format(entry=frontend.entry_import())}</script>
</body>
</html>
"""


def _numbers(runs: Sequence[PageRun], room: float) -> list[Embedded]:
    """The numbers of all runs in `room` bytes, names and verdicts included."""
    stored = [_as_judged(each) for each in runs]
    words = sum(len(answers.to_json(answers.run_answer(s, "x"))) for s in stored)
    budget = max(room - words, _LEAST_FOR_NUMBERS)
    parts = embedding.shares([embedding.need(run) for run in stored], budget)
    return [
        embedding.embed(run, each.name, part)
        for each, run, part in zip(runs, stored, parts, strict=True)
    ]


def _comparisons(runs: Sequence[PageRun]) -> list[Mapping[str, Any]]:
    """The comparison of each run with each other one, none where there are many runs."""
    if len(runs) > MOST_COMPARED:
        return []
    return [
        compare(a.run, b.run, (a.name, b.name), (a.report.verdicts, b.report.verdicts)).to_dict()
        for a in runs
        for b in runs
        if a is not b
    ]


def _as_judged(each: PageRun) -> Run:
    """The run with the verdicts of its report, which may be newer than those that it stored."""
    judged_at = each.run.judged_at
    if judged_at is None and len(each.run.steps):
        judged_at = int(each.run.steps[-1])
    return replace(each.run, verdicts=each.report.verdicts, judged_at=judged_at)


def _data(
    runs: Sequence[PageRun], embedded: Sequence[Embedded], comparisons: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    entries = [answers.entry_of(_as_judged(each), each.name) for each in runs]
    return {
        "runs": answers.runs_answer(entries),
        "run": {each.name: held.answer for each, held in zip(runs, embedded, strict=True)},
        "series": {each.name: held.series for each, held in zip(runs, embedded, strict=True)},
        "detail": {each.name: held.details for each, held in zip(runs, embedded, strict=True)},
        "compare": list(comparisons),
    }


def _notes(runs: Sequence[PageRun], embedded: Sequence[Embedded]) -> str:
    """What the charts of the page don't hold; in TensorBoard, everything is."""
    notes = [
        f"{answers.title_of(each.name)}: " * (len(runs) > 1) + _note(held)
        for each, held in zip(runs, embedded, strict=True)
        if held.binned or held.left_out
    ]
    if not notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        "<details><summary>To keep this page small, its charts don't show every step"
        f"</summary><ul>{items}</ul></details>"
    )


def _note(held: Embedded) -> str:
    said = (
        f"charts have {held.columns} columns at most, each with the largest value of its steps. "
        "TensorBoard shows every step."
    )
    if held.left_out:
        said += f" Left out here: {', '.join(held.left_out)}."
    return said


def _name(run: str, logdir: str) -> str:
    """What TensorBoard would call a run, but of one that is the log directory itself its name."""
    path, root = Path(run), Path(logdir)
    if path.name and (path == root or not path.is_relative_to(root)):
        shown = path.resolve().name
    elif path.is_relative_to(root) and path != root:
        shown = path.relative_to(root).as_posix()
    else:
        shown = Path(os.path.abspath(run)).name
    # a name on disk need not be UTF-8, which an address has to be
    shown = shown.encode(errors="replace").decode()
    return f"{shown}/gradscope" if shown else "gradscope"
