"""`gradscope report LOGDIR`: what was recorded and what was found, read from disk."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradscope.run import Run

FORMATS = ("text", "json", "markdown")


NAME = "report"
HELP = "show a recorded run: per-layer table and verdicts"
DESCRIPTION = (
    "Shows a recorded run: loss, per-layer table and verdicts. "
    "Of a directory with several runs below it, each. Needs no TensorFlow, "
    "unless a run was cut off before its first verdicts: then it is judged now."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `report`."""
    parser.add_argument("logdir", metavar="LOGDIR", help="what the Scope was given as logdir")
    parser.add_argument(
        "--all", action="store_true", help="a row for each variable, not one for each layer"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="json and markdown hold the verdicts alone (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """0 once every run in the log directory or below it is printed.

    Raises RunError where there is none, or, once the others are printed, where one can't be read.
    """
    from gradscope.cli.runs import complain, open_all

    runs, complaints = open_all(arguments.logdir)
    if arguments.format == "json":
        print(_json(runs, several=len(runs) + len(complaints) > 1))
    elif arguments.format == "markdown":
        print(_markdown(runs))
    else:
        _print_pages(runs, arguments.all)
    complain(complaints)
    return 0


def _json(runs: "Sequence[Run]", several: bool) -> str:
    """One object for one run, a list for several."""
    from gradscope.cli.runs import report_of

    texts = [report_of(run).to_json() for run in runs]
    return "[\n" + ",\n".join(texts) + "\n]" if several else texts[0]


def _markdown(runs: "Sequence[Run]") -> str:
    from gradscope.cli.runs import report_of

    return "\n".join(f"## {run.logdir}\n\n{report_of(run).to_markdown()}" for run in runs)


def _print_pages(runs: "Sequence[Run]", show_all: bool) -> None:
    from gradscope.cli import render
    from gradscope.cli.runs import report_of

    out = render.console()
    for place, run in enumerate(runs):
        if place:
            out.print()
        render.run_page(out, run, report_of(run), run.logdir, show_all)
