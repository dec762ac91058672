"""Which runs a command line means, and what their files say of them."""

import sys
from pathlib import Path

from gradscope.records import Report
from gradscope.run import Run, find_runs, open_run


def open_all(logdir: str) -> list[Run]:
    """The run in a log directory, or every run below it, sorted by path; at least one.

    What could not be read of a run is said on standard error.

    Raises RunError where there is none, or one can't be read.
    """
    found = find_runs(logdir)
    # one run or none: open_run takes what was given, and says best what is wrong with it
    several = len(found) > 1 and Path(logdir) not in found
    runs = [open_run(path) for path in (found if several else [logdir])]
    for run in runs:
        for note in run.notes:
            print(f"note: {note}", file=sys.stderr)
    return runs


def report_of(run: Run) -> Report:
    """The report whose verdicts were stored while the run trained.

    A run that was cut off before its first verdicts is judged now, which loads TensorFlow and is
    said on standard error.
    """
    steps = len(run.steps)
    if run.judged_at is not None or not steps:
        return Report(run.verdicts, steps=steps, logdir=run.logdir)
    from gradscope.diagnosis.engine import diagnose

    print(f"note: {run.logdir!r} holds no verdicts yet; judging it now.", file=sys.stderr)
    return diagnose(run)
