"""What recording costs, against what one would take instead: `python -m benchmarks.rivals`.

Prints a table for each workload; with --output also writes rivals.json, with each round's times,
and rivals.md. What each rival records, and what PyTorch's need: `benchmarks/rivals/__init__.py`.
"""

import argparse
import datetime
import json
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.rivals.processes import Processes, interpreters
from benchmarks.rivals.rivals import RIVALS, Rival
from benchmarks.rivals.schedule import Row, measured
from benchmarks.rivals.tables import cells, markdown, terminal

WORKLOADS = ("mlp", "cnn")
"""Those of gradscope/bench/workloads.py that have a twin in PyTorch."""

VERSION = 1
"""Of rivals.json."""

WIDTH = 140
"""Columns of a table that goes into a file: nothing is cut off."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where not one rival could be measured."""
    options = parsed(arguments)
    chosen = [rival for rival in RIVALS if _wanted(rival, options.only)]
    console, progress = Console(), Console(stderr=True)
    if not console.is_terminal:
        console = Console(width=WIDTH)
    found: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for workload in options.workloads:
            found[workload] = []
            where = interpreters(options.torch_python)
            with Processes(where, workload, Path(scratch)) as processes:
                for rival in chosen:
                    row = measured(rival, workload, processes, options.pairs, options.seconds)
                    found[workload].append(row)
                    line = f"{workload}: {' | '.join(cells(row))}"
                    progress.print(line, style="dim", soft_wrap=True)
            console.print(terminal(workload, found[workload]))
    if options.output is not None:
        write(found, options.output)
    return 0 if any(row.missing is None for rows in found.values() for row in rows) else 1


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; ends with status 2 for ones that make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rivals",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workloads", nargs="*", default=[*WORKLOADS], metavar="WORKLOAD",
                        help=f"of {', '.join(WORKLOADS)}; default: all")  # fmt: skip
    parser.add_argument("--only", nargs="+", default=[], metavar="WORDS",
                        help='rivals whose name holds one of these, as in "gradscope"')  # fmt: skip
    parser.add_argument("--pairs", type=int, default=15, help="rounds of a rival; default: 15")
    parser.add_argument("--seconds", type=float, default=60,
                        help="after which a rival's rounds end early; default: 60")  # fmt: skip
    parser.add_argument("--torch-python", metavar="PATH", help="an interpreter that has PyTorch")
    parser.add_argument("--output", type=Path, metavar="DIR", help="for rivals.json and rivals.md")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.workloads if name not in WORKLOADS]:
        parser.error(f"no workload {unknown[0]!r}; there are {', '.join(WORKLOADS)}")
    if options.pairs < 1:
        parser.error(f"--pairs {options.pairs}: expected 1 or more")
    if not any(_wanted(rival, options.only) for rival in RIVALS):
        names = ", ".join(rival.name for rival in RIVALS)
        parser.error(f"--only {' '.join(options.only)}: no such rival; there are {names}")
    return options


def write(found: dict[str, list[Row]], directory: Path) -> None:
    """Writes rivals.json and rivals.md into a directory, which is made."""
    directory.mkdir(parents=True, exist_ok=True)
    content = {"version": VERSION, **circumstances()}
    content["rows"] = [row.to_json() for rows in found.values() for row in rows]
    (directory / "rivals.json").write_text(json.dumps(content, indent=1) + "\n")
    tables = [markdown(workload, rows) for workload, rows in found.items()]
    (directory / "rivals.md").write_text("\n".join(tables))


def circumstances() -> dict[str, Any]:
    """What was run where and when."""
    return {
        "command": shlex.join(["python", "-m", "benchmarks.rivals", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _wanted(rival: Rival, words: Sequence[str]) -> bool:
    return not words or any(word in rival.name for word in words)


if __name__ == "__main__":
    sys.exit(main())
