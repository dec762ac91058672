"""`gradscope compare LOGDIR_A LOGDIR_B`: what differs between two recorded runs."""

import argparse
import json
from typing import TYPE_CHECKING

from gradscope.errors import RunError

if TYPE_CHECKING:
    from gradscope.comparison import Comparison
    from gradscope.run import Run

FORMATS = ("text", "json", "markdown")

NAME = "compare"
HELP = "what differs between a run that learned and one that does not"
DESCRIPTION = (
    "Compares two recorded runs: settings, data, the first step and layer where they part, and "
    "their verdicts. Best name the run that learned first. Needs no TensorFlow, unless a run was "
    "cut off before its first verdicts: then it is judged now."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `compare`."""
    parser.add_argument("a", metavar="LOGDIR_A", help="log directory of the run that learned")
    parser.add_argument("b", metavar="LOGDIR_B", help="log directory of the run that does not")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="json holds everything (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """0 once the comparison is printed, whatever it says.

    Raises RunError where a directory doesn't hold exactly one run.
    """
    answer = _compare(arguments.a, arguments.b)
    if arguments.format == "json":
        print(json.dumps(answer.to_dict(), indent=2, allow_nan=False))
    elif arguments.format == "markdown":
        from gradscope.cli import comparison_page

        print(comparison_page.markdown(answer), end="")
    else:
        from gradscope.cli import comparison_page, render

        comparison_page.show(answer, render.console())
    return 0


def _compare(a: str, b: str) -> "Comparison":
    from gradscope.cli.runs import open_all, report_of
    from gradscope.comparison import compare

    runs: list[Run] = []
    for logdir in (a, b):
        found, complaints = open_all(logdir)
        if len(found) + len(complaints) != 1:
            listed = "\n".join(f"  {run.logdir}" for run in found[:20])
            more = f"\n  and {len(found) - 20} more" if len(found) > 20 else ""
            raise RunError(
                f"{len(found) + len(complaints)} runs below {logdir!r}, of which one is compared "
                f"with one. Name one:\n{listed}{more}"
            )
        runs.append(found[0])
    verdicts = [report_of(run).verdicts for run in runs]
    return compare(runs[0], runs[1], (a, b), (verdicts[0], verdicts[1]))
