"""Which steps are recorded."""

from dataclasses import dataclass
from typing import Literal

from gradscope.errors import UsageError

Every = int | Literal["auto"]

DENSE_STEPS = 100
"""Steps. "auto" records all of the first ones: most faults show in them, and short runs have no
others."""

SPARSE_EVERY = 10
"""Steps. After that "auto" records every tenth: with all statistics on a recorded step costs up to
a tenth more than a plain one, so that this costs about one per cent (docs/overhead.md)."""


@dataclass(frozen=True)
class Cadence:
    """Decides for each step, counted from the scope's first one, whether it is recorded.

    every: 1 for each step, k for each k-th, "auto" for the first steps and a share of the others.

    >>> [step for step in range(10) if Cadence(4).due(step)]
    [0, 4, 8]
    """

    every: Every

    def __post_init__(self) -> None:
        is_count = isinstance(self.every, int) and not isinstance(self.every, bool)
        if self.every != "auto" and not (is_count and self.every >= 1):
            raise UsageError(
                f'Scope: every={self.every!r}; expected a whole number from 1 on, or "auto". '
                "every=1 records each step, every=10 each tenth."
            )

    def due(self, step: int) -> bool:
        """True where the step is to be recorded."""
        if self.every == "auto":
            return step < DENSE_STEPS or step % SPARSE_EVERY == 0
        return step % self.every == 0
