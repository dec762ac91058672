"""`gradscope doctor`: what is installed here, and whether it works."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradscope.cli.examination import Line

WELL = 0
PROBLEMS = 1

VERSION = 1
"""Of the JSON form; raised when a key changes its meaning or goes."""

NAME = "doctor"
HELP = "what is installed here, and whether it works; for a bug report"
DESCRIPTION = (
    "Says which versions are installed, on which devices they run, and whether a step can be "
    "compiled with XLA and recorded, whether the TensorBoard tab loads and whether runs can be "
    "written here. Exits with 0 if all is well, 1 if not. TensorFlow is tried in a process of its "
    "own with a time limit, so that a broken one is reported like anything else."
)

_NAME_WIDTH = 24
_MARKS = {True: "ok", False: "problem", None: "-"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `doctor`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(arguments: argparse.Namespace) -> int:
    """0 where all is well, 1 where something is not."""
    import json
    import sys

    from gradscope.cli import environment, trials

    lines = environment.examine()
    if not arguments.json and sys.stderr.isatty():
        print("Trying TensorFlow and TensorBoard: some seconds ...", file=sys.stderr)
    lines += trials.examine()
    problems = [line for line in lines if line.ok is False]
    if arguments.json:
        checks = [
            {"name": line.name, "ok": line.ok, "figure": line.figure, "advice": line.advice}
            for line in lines
        ]
        print(json.dumps({"version": VERSION, "ok": not problems, "checks": checks}, indent=2))
    else:
        print("\n".join(text(lines)))
    return PROBLEMS if problems else WELL


def text(lines: "Sequence[Line]") -> list[str]:
    """What is printed: a line for each thing, under a problem what to do, and how it stands."""
    printed: list[str] = []
    for line in lines:
        printed.append(f"{_MARKS[line.ok]:<8} {line.name:<{_NAME_WIDTH}} {line.figure}".rstrip())
        if line.advice:
            printed.append(f"{'':<8} {'':<{_NAME_WIDTH}} -> {line.advice}")
    problems = sum(line.ok is False for line in lines)
    printed.append("")
    if problems:
        printed.append(f"{problems} problem{'s' * (problems > 1)}.")
    else:
        printed.append("All is well.")
    return printed
