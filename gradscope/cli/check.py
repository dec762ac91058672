"""`gradscope check LOGDIR`: a run's health as an exit code, for scripts and CI."""

import argparse
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradscope.cli.slugs import slug_of
from gradscope.printable import printable
from gradscope.report import SEVERITIES

if TYPE_CHECKING:
    from gradscope.cli.gate import Judgement

HEALTHY = 0
UNHEALTHY = 1
UNJUDGED = 2

FORMATS = ("text", "json")

VERSION = 1
"""Of the JSON form; raised when a key changes its meaning or goes."""

NAME = "check"
HELP = "exit 0 if a run is healthy, 1 if not, 2 if it can't be judged"
DESCRIPTION = (
    "Prints the verdicts on a run and exits with 0 if it is healthy, 1 if not, 2 if it can't be "
    "read or too little was recorded to judge. Of several runs below LOGDIR each is printed; "
    "2 if one can't be judged, 0 only if all are healthy. Needs no TensorFlow, unless a run "
    "was cut off before its first verdicts: then it is judged now. A cause that --ignore names "
    "does not count, neither as a root cause nor as a symptom; its own symptoms still do, unless "
    "they are named as well. What is ignored is printed all the same, and said."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `check`."""
    parser.add_argument("logdir", metavar="LOGDIR", help="what the Scope was given as logdir")
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        default="warning",
        help="exit 1 from this severity on (default: %(default)s)",
    )
    parser.add_argument(
        "--ignore",
        metavar="CAUSE[,CAUSE]",
        action="append",
        default=[],
        help="causes that do not count, as `gradscope explain` lists them; may be repeated",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """0 where every run passes, 1 where one does not, 2 where one can't be judged.

    Raises UsageError for a cause that is unknown, RunError where there is no run, or, once the
    others are printed, where one can't be read.
    """
    # before any run is read: a misspelt cause would never match
    ignored = _ignored(arguments.ignore)
    from gradscope.cli.gate import judge
    from gradscope.cli.runs import complain, open_all, report_of

    runs, complaints = open_all(arguments.logdir)
    judgements = [judge(report_of(run), arguments.fail_on, ignored) for run in runs]
    code = max((_CODES[judgement.result] for judgement in judgements), default=UNJUDGED)
    # `check ... | head`: who reads no further is still told by the exit code
    with contextlib.suppress(BrokenPipeError):
        if arguments.format == "json":
            print(_json(judgements, complaints, arguments.fail_on, ignored, code))
        else:
            several = len(runs) + len(complaints) > 1
            changed = bool(ignored) or arguments.fail_on != "warning"
            _print(judgements, several, changed)
    complain(complaints)
    return code


# silence is no health: a gate must not pass a run of which too little was seen
_CODES = {"passed": HEALTHY, "failed": UNHEALTHY, "unjudged": UNJUDGED}


def _ignored(given: Sequence[str]) -> frozenset[str]:
    words = [word for entry in given for word in entry.split(",")]
    return frozenset(slug_of(word) for word in words if word.strip())


def _print(judgements: "Sequence[Judgement]", several: bool, changed: bool) -> None:
    """The reports; what the gate made of them only where options changed that."""
    for judgement in judgements:
        report = judgement.report
        print(f"{printable(report.logdir)}: {report}" if several else report)
        if changed:
            print(f"gradscope check: {judgement.sentence}")


def _json(
    judgements: "Sequence[Judgement]",
    complaints: Sequence[str],
    fail_on: str,
    ignored: frozenset[str],
    code: int,
) -> str:
    import json

    runs = [
        {
            "logdir": judgement.report.logdir,
            "result": judgement.result,
            "failing": list(judgement.failing),
            "ignored": list(judgement.ignored),
            "report": json.loads(judgement.report.to_json()),
        }
        for judgement in judgements
    ]
    answer = {
        "version": VERSION,
        "exit_code": UNJUDGED if complaints else code,
        "fail_on": fail_on,
        "ignore": sorted(ignored),
        "runs": runs,
        "unreadable": list(complaints),
    }
    return json.dumps(answer, indent=2)
