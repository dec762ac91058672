"""`gradscope bench`: what recording costs on this machine."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradscope.bench import plan
from gradscope.cli.arguments import positive
from gradscope.errors import LogdirError

if TYPE_CHECKING:
    from rich.console import Console

    from gradscope.bench.result import Document

OUTPUT = "runs/bench"

PAIRS, QUICK_PAIRS = 20, 8
SECONDS, QUICK_SECONDS = 0.5, 0.2
COMPILES = 3
QUICK_WORKLOADS = ("mlp", "cnn")
QUICK_EVERY: tuple[plan.Every, ...] = (1, "auto")

FAILED = 1

NAME = "bench"
HELP = "what recording costs on this machine"
DESCRIPTION = (
    "Times training steps without gradscope and with it, in pairs, one right after the other, and "
    "prints how much longer they take, how long they compile and how much memory they need. "
    "Writing, draining and judging are included. A table, a picture and all raw figures as JSON. "
    "Takes some ten minutes; --quick one. Close other programs meanwhile."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `bench`."""
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="WORKLOAD",
        help=f"any of {', '.join(plan.WORKLOADS)} (default: the first four)",
    )
    parser.add_argument("--all", action="store_true", help="all workloads; on a CPU, an hour")
    parser.add_argument(
        "--device", default="CPU:0", help="CPU:0 or, say, GPU:0 (default: %(default)s)"
    )
    parser.add_argument(
        "--every",
        nargs="+",
        type=_every,
        metavar="K",
        help="which steps are recorded: 1, each K-th, or auto (default: 1 10 auto)",
    )
    parser.add_argument(
        "--families", action="store_true", help="each family of statistics alone, too"
    )
    parser.add_argument(
        "--pairs", type=positive, help=f"of blocks that are timed (default: {PAIRS})"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{' and '.join(QUICK_WORKLOADS)} unless some are named, {QUICK_PAIRS} short pairs, "
        "no memory: about a minute",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(OUTPUT),
        help="directory of bench.json and bench.png (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print the JSON instead of the table")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--list", action="store_true", help="say what the workloads are, and end")


def run(arguments: argparse.Namespace) -> int:
    """0 once all is measured, 1 where something could not be.

    Raises UsageError for an unknown workload or device, LogdirError where the output can't be
    written.
    """
    from gradscope.cli import render

    if arguments.list:
        for name, about in plan.WORKLOADS.items():
            print(f"{name:12} {about.shows}")
        return 0
    planned = plan_of(arguments)
    _make(arguments.output)
    out = render.console()
    document = _measure(planned, arguments.output / "bench.json")
    if arguments.json:
        print(json.dumps(document, indent=2, allow_nan=False))
    elif arguments.markdown:
        from gradscope.bench import table

        print(table.markdown(document), end="")
    else:
        from gradscope.bench import table

        table.show(document, out)
    _picture(document, arguments.output / "bench.png")
    return FAILED if failed(document) else 0


def plan_of(arguments: argparse.Namespace) -> plan.Plan:
    """What the arguments ask for.

    Raises UsageError for an unknown workload or device.
    """
    quick: bool = arguments.quick
    named: Sequence[str] = arguments.workloads or (QUICK_WORKLOADS if quick else ())
    device = plan.device(arguments.device)
    every: Sequence[plan.Every] = arguments.every or (QUICK_EVERY if quick else plan.EVERY)
    return plan.Plan(
        workloads=plan.chosen(named, arguments.all),
        arms=plan.arms(list(dict.fromkeys(every)), arguments.families),
        device=device,
        pairs=arguments.pairs or (QUICK_PAIRS if quick else PAIRS),
        seconds=QUICK_SECONDS if quick else SECONDS,
        compiles=0 if quick else COMPILES,
        memory=not quick,
        size="cpu" if device.startswith("CPU") else "gpu",
    )


def failed(document: "Document") -> bool:
    """True where a workload gave no figures; one that would take too long is left out knowingly."""
    return any(workload["problem"] for workload in document["workloads"])


def _measure(planned: plan.Plan, path: Path) -> "Document":
    """The document, which is also written to a file, anew after each workload."""
    from gradscope.bench import result

    def finished(document: "Document") -> None:
        _write(path, json.dumps(document, indent=2, allow_nan=False) + "\n")

    command = ["gradscope", *sys.argv[1:]]
    with _Progress() as progress:
        words = [shlex.quote(word) for word in command]
        return result.measure(planned, words, progress, finished, _run)


def _run(task: plan.Task, progress: Callable[[str], None]) -> dict[str, Any]:
    from gradscope.bench import parent

    return parent.run(task, progress)


def _picture(document: "Document", path: Path) -> None:
    """Draws it, and says on standard error where all is."""
    from gradscope.bench import plot

    written = [path.with_suffix(".json")]
    try:
        plot.draw(document, path)
        written.append(path)
    except plot.PictureError as reason:
        print(f"No picture: {reason}", file=sys.stderr)
    except OSError as error:
        raise LogdirError(f"can't write {str(path)!r}: {error.strerror}.") from error
    print(f"Written: {', '.join(str(file) for file in written)}", file=sys.stderr)


class _Progress:
    """Says on standard error what is being measured: a line that moves, on a terminal."""

    def __init__(self) -> None:
        from gradscope.cli import render

        self._out: Console = render.console(sys.stderr)
        self._status = self._out.status("")
        self._last, self._started = "", time.monotonic()

    def __enter__(self) -> Callable[[str, str], None]:
        if self._out.is_terminal:
            self._status.start()
        return self._tell

    def __exit__(self, *error: object) -> None:
        self._status.stop()

    def _tell(self, workload: str, doing: str) -> None:
        from rich.text import Text

        if self._out.is_terminal:
            self._status.update(Text(f"{workload}  {doing}"))
        elif workload != self._last:
            self._out.print(f"{workload}: {time.monotonic() - self._started:.0f} s")
        self._last = workload


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise LogdirError(
            f"can't write to {str(directory)!r}: {error.strerror}. Name a directory that you can "
            "write to: gradscope bench --output DIRECTORY"
        ) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LogdirError(f"can't write {str(path)!r}: {error.strerror}.") from error


def _every(text: str) -> plan.Every:
    return "auto" if text == "auto" else positive(text)
