"""Which runs a command line means, and what their files say of them."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gradscope.errors import RunError
from gradscope.printable import printable
from gradscope.records import Report
from gradscope.run import Run, find_runs, open_run


def open_all(logdir: str) -> tuple[list[Run], list[str]]:
    """(runs, complaints): the run in a log directory, or every run below it, sorted by path.

    complaints: one sentence for each of several runs that can't be read; see `complain`.

    What could not be read of a run is said on standard error.

    Raises RunError where there is no run, or the only one can't be read.
    """
    found = find_runs(logdir)
    if len(found) < 2 or Path(logdir) in found:
        # one run or none: open_run takes what was given, and says best what is wrong with it
        return [_open(logdir)], []
    runs: list[Run] = []
    complaints: list[str] = []
    for path in found:
        try:
            runs.append(_open(str(path)))
        except RunError as error:
            complaints.append(str(error))
    return runs, complaints


def complain(complaints: Sequence[str]) -> None:
    """Nothing where there is no complaint.

    Raises RunError with all of them otherwise: to be called once the other runs are shown.
    """
    if complaints:
        raise RunError("\n  ".join(complaints))


def report_of(run: Run) -> Report:
    """The report whose verdicts were stored while the run trained.

    A run that was cut off before its first verdicts is judged now, which loads TensorFlow and is
    said on standard error.
    """
    steps = len(run.steps)
    if run.judged_at is not None or not steps:
        return Report(run.verdicts, steps=steps, logdir=run.logdir, overhead=run.overhead)
    from gradscope.diagnosis.engine import diagnose

    print(f"note: {run.logdir!r} holds no verdicts yet; judging it now.", file=sys.stderr)
    return replace(diagnose(run), overhead=run.overhead)


def _open(logdir: str) -> Run:
    """The run in a log directory; an error names no Python function."""
    try:
        run = open_run(logdir)
    except RunError as error:
        raise RunError(str(error).removeprefix("open_run: ")) from error
    for note in run.notes:
        print(f"note: {printable(note)}", file=sys.stderr)
    return run
