"""The entry point: parses the command line, runs one command, turns errors into exit codes."""

import argparse
import os
import sys
from collections.abc import Sequence

import gradscope
from gradscope.cli import check, compare, demo, doctor, explain, report
from gradscope.errors import GradscopeError

COMMANDS = (demo, report, check, compare, explain, doctor)
"""One module per command; each has NAME, HELP, DESCRIPTION, `configure` and `run`."""

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells do."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 unhealthy (`check`), 2 an error, 130 interrupted.

    argv: the arguments behind `gradscope`; those of the process if None.
    """
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if "run" not in arguments:
        parser.print_help()
        return 0
    try:
        code = arguments.run(arguments)
        # a closed pipe shows here at the latest, while it can still be caught
        sys.stdout.flush()
    except GradscopeError as error:
        print(f"gradscope {arguments.command}: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"\ngradscope {arguments.command}: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # `gradscope report ... | head`: the reader has seen enough; Python would complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def build_parser() -> argparse.ArgumentParser:
    """The parser of `gradscope` with all its commands."""
    parser = argparse.ArgumentParser(
        prog="gradscope",
        description="Per-layer training health for TensorFlow: which layer does not learn, "
        "since which step, why, and what to change.",
    )
    parser.add_argument("--version", action="version", version=f"gradscope {gradscope.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS:
        subparser = commands.add_parser(
            command.NAME, help=command.HELP, description=command.DESCRIPTION
        )
        command.configure(subparser)
        subparser.set_defaults(run=command.run)
    return parser
