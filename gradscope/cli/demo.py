"""`gradscope demo`: a net that does not learn, its repaired twin, and why."""

import argparse
import itertools
import os
import shlex
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gradscope.cli.arguments import positive
from gradscope.errors import LogdirError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

LOGDIR = "runs/demo"
EPOCHS = 15

NAME = "demo"
HELP = "train a net that does not learn and its repaired twin"
DESCRIPTION = (
    "Trains two deep nets on handwritten digits that ship with gradscope: one "
    "does not learn, its twin does. Then shows, layer by layer, why."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `demo`."""
    parser.add_argument(
        "--logdir",
        type=Path,
        default=Path(LOGDIR),
        help="where the runs go; a number is added if it is in use (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs", type=positive, default=EPOCHS, help="of each net (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of weights and data order (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 once both nets are trained and shown.

    Raises LogdirError where the log directory can't be written.
    """
    from gradscope.cli import render

    home = claim(arguments.logdir)
    out = render.console()
    out.print(
        "Two nets with the same eight hidden layers learn handwritten digits. "
        "One uses sigmoids, its twin ReLU. First TensorFlow has to load ..."
    )
    begin = time.monotonic()
    try:
        _train_both(home, arguments.epochs, arguments.seed, out)
    except KeyboardInterrupt:
        out.print(f"\nStopped. What was recorded so far: {_report_command(home)}", soft_wrap=True)
        raise
    seconds = time.monotonic() - begin
    _show_both(home, out)
    out.print(f"Both nets took {seconds:.0f} s. See them in TensorBoard:", style="bold")
    out.print(f"    {_command('tensorboard')} --logdir {_quote(home)}", soft_wrap=True)
    out.print("This page again, from disk:", style="bold")
    out.print(f"    {_report_command(home)}", soft_wrap=True)
    return 0


def claim(wanted: Path) -> Path:
    """A new or empty directory: the one wanted, or else the first free of NAME-2, NAME-3, ...

    Raises LogdirError where it can't be made or written to.
    """
    numbered = (wanted.with_name(f"{wanted.name}-{count}") for count in itertools.count(2))
    for path in itertools.chain([wanted], numbered):
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                continue
            probe = path / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise LogdirError(
                f"can't write to {str(path)!r}: {error.strerror}. "
                "Name a directory that you can write to: gradscope demo --logdir DIRECTORY"
            ) from error
        return path
    raise AssertionError("the numbers never end")


def _train_both(home: Path, epochs: int, seed: int, out: "Console") -> None:
    with _stderr_held_back():
        from gradscope.cli import networks

        networks.find_devices()
    with _progress(out) as progress:
        for net in networks.NETS:
            task = progress.add_task(f"{net.name} ({net.activation})", total=epochs, figures="")

            def tick(epoch: int, loss: float, accuracy: float, task: "TaskID" = task) -> None:
                figures = f"loss {loss:.3f}  test accuracy {accuracy:.0%}"
                progress.update(task, completed=epoch, figures=figures)

            networks.train(net, home / net.name, epochs, seed, tick)


@contextmanager
def _stderr_held_back() -> Generator[None]:
    """Keeps TensorFlow's start-up notes off the screen; shows them where the start fails.

    They come from C++, past `sys.stderr` and, before its log is set up, past its log level.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            notes.seek(0)
            os.write(screen, notes.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


def _progress(out: "Console") -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("epoch"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        console=out,
    )


def _show_both(home: Path, out: "Console") -> None:
    """The pages of both runs, from disk: what is shown is what was kept."""
    from gradscope.cli import render
    from gradscope.cli.runs import complain, open_all, report_of

    runs, complaints = open_all(str(home))
    for run in runs:
        out.print()
        render.run_page(out, run, report_of(run), run.logdir)
    out.print()
    complain(complaints)


def _report_command(home: Path) -> str:
    return f"{_command('gradscope')} report {_quote(home)}"


def _command(name: str) -> str:
    """How to call a program of this environment from the current directory."""
    ours = Path(sysconfig.get_path("scripts")) / name
    found = shutil.which(name)
    if found is not None and (not ours.exists() or Path(found).samefile(ours)):
        return name
    if not ours.exists():
        module = {"tensorboard": "tensorboard.main"}.get(name, name)
        return f"{shlex.quote(sys.executable)} -m {module}"
    return _quote(ours)


def _quote(path: Path) -> str:
    """A path as it can be pasted into a shell, relative where it is below the current directory."""
    near = path.absolute()
    if near.is_relative_to(Path.cwd()):
        near = near.relative_to(Path.cwd())
    return shlex.quote(str(near))
