"""Where trained programs are kept: <store>/<set>/<program>/<seed>, a run and its outcome.json."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STORE = Path("runs/verdicts")
"""Below the directory in which the command runs; git ignores it."""


@dataclass(frozen=True)
class Task:
    """One program to train once. set: its name in `sets.SETS`."""

    set: str
    program: str
    seed: int

    def where(self, store: Path = STORE) -> Path:
        """The directory that holds the run and its outcome."""
        return store / self.set / self.program / str(self.seed)


@dataclass(frozen=True)
class Outcome:
    """What became of a training.

    score: on clean held-back rows, NaN where a prediction was not finite.
    good: the least score that counted as trained well when it ran.
    steps: optimizer steps. first, last: the loss of the first step, and the mean of the last epoch.
    seconds: that it took.
    """

    score: float
    good: float
    trained_well: bool
    steps: int
    first: float
    last: float
    seconds: float

    def write(self, directory: Path) -> None:
        """Writes outcome.json; numbers that JSON lacks become null."""
        data = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }
        (directory / "outcome.json").write_text(json.dumps(data, indent=2) + "\n")


def read_outcome(directory: Path) -> Outcome:
    """The outcome in a directory. Raises OSError where there is none."""
    data: dict[str, Any] = json.loads((directory / "outcome.json").read_text())
    read: dict[str, Any] = {k: math.nan if v is None else v for k, v in data.items()}
    return Outcome(**read)


def stored(name: str, store: Path = STORE) -> Iterator[tuple[Task, Outcome]]:
    """All complete trainings of a set, by program and seed."""
    found = [path.parent for path in (store / name).glob("*/*/outcome.json")]
    for directory in sorted(found, key=lambda d: (d.parent.name, int(d.name))):
        yield Task(name, directory.parent.name, int(directory.name)), read_outcome(directory)
