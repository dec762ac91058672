"""`gradscope report LOGDIR`: what was recorded and what was found, read from disk."""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gradscope.errors import UsageError
from gradscope.printable import printable

if TYPE_CHECKING:
    from gradscope.records import Report
    from gradscope.run import Run

    Judged = Sequence[tuple[Run, Report]]

FORMATS = ("text", "json", "markdown", "html")
SORTS = ("worst", "depth")

FILE_WIDTH = 100
"""Columns of a text that goes into a file: no terminal says how wide it is."""

NAME = "report"
HELP = "show a recorded run: verdicts and per-layer table, also as json, markdown or one html page"
DESCRIPTION = (
    "Shows a recorded run: loss, per-layer table and verdicts. "
    "Of a directory with several runs below it, each. Needs no TensorFlow, "
    "unless a run was cut off before its first verdicts: then it is judged now. "
    "The html is one page that needs no network and no TensorBoard: verdicts and table first, "
    "without scripts, then heatmap and charts. json is described in docs/report-formats.md."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `report`."""
    parser.add_argument("logdir", metavar="LOGDIR", help="what the Scope was given as logdir")
    parser.add_argument(
        "--all", action="store_true", help="a row for each variable, not one for each layer"
    )
    parser.add_argument(
        "--sort",
        choices=SORTS,
        default="worst",
        help="rows that verdicts name first, or all from input to output (default: %(default)s; a "
        "healthy run is always shown from input to output)",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: %(default)s)")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="write to a file, not to standard output"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 once every run in the log directory or below it is printed or written.

    Raises UsageError where the output can't go where it is to, RunError where there is no run, or,
    once the others are printed, where one can't be read.
    """
    if arguments.format == "html" and arguments.output is None and sys.stdout.isatty():
        raise UsageError(
            "a terminal can't show html. Name a file, as in --output report.html, or pipe it."
        )
    from gradscope.cli.runs import complain, open_all, report_of

    runs, complaints = open_all(arguments.logdir)
    judged = [(run, report_of(run)) for run in runs]
    several = len(runs) + len(complaints) > 1
    if arguments.format == "text" and arguments.output is None:
        _print_pages(judged, arguments, sys.stdout)
    elif judged or arguments.format == "json":
        # no page says nothing of nothing: of runs that can't be read, the complaints do
        _deliver(_text(judged, arguments, several), arguments.output)
    complain(complaints)
    return 0


def _text(judged: "Judged", arguments: argparse.Namespace, several: bool) -> str:
    """What goes to standard output or into a file, ending with a line break."""
    if arguments.format == "json":
        from gradscope.cli.json_report import to_json

        return to_json(judged, several) + "\n"
    if arguments.format == "markdown":
        from gradscope.cli.markdown import to_markdown

        return to_markdown(judged, arguments.sort)
    if arguments.format == "html":
        from gradscope.cli.page import runs_page

        return runs_page(judged, arguments.logdir)
    stream = io.StringIO()
    _print_pages(judged, arguments, stream, FILE_WIDTH)
    return stream.getvalue()


def _deliver(text: str, output: Path | None) -> None:
    """Writes a text to a file, and says so on standard error, or to standard output.

    Raises UsageError where the file can't be written.
    """
    if output is None:
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            # whatever the terminal's encoding: the page says that it is UTF-8
            reconfigure(encoding="utf-8", errors="replace")
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"can't write {str(output)!r}: {error.strerror}. "
            "Name a file in a directory that exists and that you can write to."
        ) from error
    size = len(text.encode(errors="replace")) / 1000
    print(f"wrote {printable(str(output))} ({size:.0f} kB)", file=sys.stderr)


def _print_pages(
    judged: "Judged", arguments: argparse.Namespace, stream: TextIO, width: int | None = None
) -> None:
    from gradscope.cli import render
    from gradscope.cli.summary import closer_look

    out = render.console(stream)
    if width is not None:
        out.width = width
    for place, (run, report) in enumerate(judged):
        if place:
            out.print()
        render.run_page(out, run, report, run.logdir, arguments.all, arguments.sort)
        if run.details.watched:
            out.print(printable(closer_look(run.details)), style="dim", markup=False)
