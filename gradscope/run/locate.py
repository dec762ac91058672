"""Which directories hold a run, and which files make it up."""

import os
from pathlib import Path

from gradscope.errors import RunError

SUBDIRECTORY = "gradscope"
"""Where under a log directory the run's files are: a sub-run of their own, so that TensorBoard
doesn't mix them with what other writers put into the log directory."""

FILE_PREFIX = "events.out.tfevents."
FILE_SUFFIX = ".gradscope"


def event_files(directory: Path) -> list[Path]:
    """The event files of one directory, earliest session first; empty where it holds none."""
    return sorted(directory.glob(f"{FILE_PREFIX}*{FILE_SUFFIX}"))


def find_runs(path: str | os.PathLike[str]) -> list[Path]:
    """The log directories of all runs at or below a path, sorted; empty where there are none."""
    found = set[Path]()
    for directory, _, files in os.walk(path):
        if any(name.startswith(FILE_PREFIX) and name.endswith(FILE_SUFFIX) for name in files):
            found.add(_logdir(Path(directory)))
    return sorted(found)


def locate_run(path: str | os.PathLike[str]) -> tuple[Path, list[Path]]:
    """(log directory, its event files) of the one run that a path means.

    path: a log directory, its sub-directory `gradscope`, or a directory with one run below it.

    Raises RunError where there is no such directory, no run in it, or several.
    """
    root = Path(path)
    if not root.exists():
        raise RunError(f"open_run: there is no directory {str(root)!r}.")
    if not root.is_dir():
        raise RunError(
            f"open_run: {str(root)!r} is a file. Give the log directory that the Scope was given."
        )
    for directory in (root / SUBDIRECTORY, root):
        if files := event_files(directory):
            return _logdir(directory), files
    runs = find_runs(root)
    if len(runs) == 1:
        return locate_run(runs[0])
    if not runs:
        raise RunError(
            f"open_run: no gradscope run in {str(root)!r} or below. "
            "Expected the log directory that the Scope was given."
        )
    listed = "\n".join(f"  {run}" for run in runs[:20])
    more = f"\n  and {len(runs) - 20} more" if len(runs) > 20 else ""
    raise RunError(f"open_run: {len(runs)} runs below {str(root)!r}. Name one:\n{listed}{more}")


def _logdir(directory: Path) -> Path:
    return directory.parent if directory.name == SUBDIRECTORY else directory
