"""What the bench runs: arms, which are trainings that can be continued for some steps."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Arm(Protocol):
    """A training that stands still between calls."""

    def run(self, steps: int) -> None:
        """Trains for so many steps; returns when the device has done them."""
        ...

    def close(self) -> None:
        """Ends the training; what it recorded is on disk then."""
        ...


Maker = Callable[[str, Path], Arm]
"""(workload, directory to write to) -> arm."""


def nothing() -> None:
    """Closes what needs no closing."""


@dataclass(frozen=True)
class Loop:
    """A step called in a Python loop, as a training does.

    step: called with the parts of `batch`; returns the loss.
    wait: called with the last loss; returns when it is there.
    """

    step: Callable[..., Any]
    batch: tuple[Any, ...]
    wait: Callable[[Any], object]
    end: Callable[[], None] = nothing

    def run(self, steps: int) -> None:
        """Calls the step so often."""
        loss = None
        for _ in range(steps):
            loss = self.step(*self.batch)
        self.wait(loss)

    def close(self) -> None:
        """Calls `end`."""
        self.end()
