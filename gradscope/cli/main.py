"""The entry point: parses the command line, runs one command, turns errors into exit codes."""

import argparse
import os
import sys
from collections.abc import Sequence

import gradscope
from gradscope.cli import bench, check, compare, demo, doctor, explain, report
from gradscope.errors import GradscopeError
from gradscope.printable import printable

COMMANDS = (demo, report, check, compare, explain, bench, doctor)
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
    _open_streams()
    code = 0
    try:
        code = _run(arguments)
        # a closed pipe or a full disk shows here at the latest, while it can still be caught
        sys.stdout.flush()
    except BrokenPipeError:
        # `gradscope report ... | head`: the reader has seen enough
        _drop_output()
    except OSError as error:
        if error.filename is not None:
            raise
        # no file was named: it was standard output; 1 would say that a run is not healthy
        print(f"gradscope {arguments.command}: can't write: {error.strerror}.", file=sys.stderr)
        _drop_output()
        code = EXIT_ERROR
    return code


def _run(arguments: argparse.Namespace) -> int:
    """The exit code of a command; our errors become one line."""
    try:
        return arguments.run(arguments)
    except GradscopeError as error:
        print(f"gradscope {arguments.command}: {printable(str(error))}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"\ngradscope {arguments.command}: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _open_streams() -> None:
    """Nowhere in place of a stream that is closed, as under `>&-` or without a console."""
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # "→" must not end a command where the terminal lacks it; nor a name that is no UTF-8
            reconfigure(errors="replace")


def _drop_output() -> None:
    """What is still to be written goes nowhere: Python would try again, and complain, at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
