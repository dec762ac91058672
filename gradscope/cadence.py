"""Which steps are recorded."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Literal

from gradscope.errors import UsageError
from gradscope.pairs import Estimate

Every = int | Literal["auto"]
Shares = Callable[[float], Estimate | None]

DENSE_STEPS = 100
"""Steps. "auto" records all of the first ones: most faults show in them, and short runs have no
others."""

CALIBRATING_EVERY = 10
"""After them "auto" records every tenth, until it has seen what that costs: nine plain steps on
each side of a recorded one tell what it would have taken."""

CALIBRATING_PAIRS = 24
"""Recorded steps until then. Fewer could be misled by one slow step to a cadence so sparse that
the next ones take long to come."""

SPARSEST = 1000
"""What costs too much even then is recorded no less: a verdict needs something to judge."""

MOST_RECORDED = 5000
"""A long run is recorded ever more sparsely, at most one step in `steps so far / MOST_RECORDED`: a
million steps leave 25,000 records at most."""

GAP = 20
"""Where each step can be afforded, one in so many is left plain all the same, to compare with."""

_HYSTERESIS = 0.8
"""Of the budget. Recording more often must stay within this, so that a cost near the budget doesn't
change the cadence again and again."""

_SEEN_PAIRS = 30
"""Pairs after which fewer calls are timed, where timing one means to wait for a device."""

_TIMED_ONE_IN = 16
"""Of the recorded calls, from then on."""

_TIMED_REACH = 3
"""Calls on each side of one that are timed with it."""


class Cadence:
    """Decides for each step, counted from the scope's first one, whether it is recorded.

    every: 1 for each step, k for each k-th, "auto" for the first steps and then as many of the
        others as the budget allows: steps whose number is a multiple of 1, 2, 5, 10, 20, 50 ...,
        so that two runs have steps in common.
    group: steps that run as one; with "auto" the multiples are of so many steps.

    Raises UsageError for another `every`.

    >>> [step for step in range(10) if Cadence(4).due(step)]
    [0, 4, 8]
    """

    def __init__(self, every: Every, group: int = 1) -> None:
        is_count = isinstance(every, int) and not isinstance(every, bool)
        if every != "auto" and not (is_count and every >= 1):
            raise UsageError(
                f'Scope: every={every!r}; expected a whole number from 1 on, or "auto". '
                "every=1 records each step, every=10 each tenth."
            )
        self.every: Every = every
        self.group = group
        self._sparse = CALIBRATING_EVERY
        self._calibrated = False

    def due(self, step: int, steps: int = 1) -> bool:
        """True where one of so many steps from this one on is to be recorded."""
        if self.every != "auto":
            return -step % self.every < steps
        if step < DENSE_STEPS:
            return True
        if self._sparse == 1:
            return not self._is_gap(step)
        return -step % (self._sparse * self.group) < steps

    def fraction(self, step: int) -> float:
        """The share of calls that is recorded at a step, each of which runs `group` steps."""
        if self.every != "auto":
            return min(1.0, self.group / self.every)
        return 1.0 if step < DENSE_STEPS else 1 / self._sparse

    def adapt(self, step: int, pairs: int, budget: float, shares: Shares) -> None:
        """Chooses how often "auto" records after its first steps.

        step: the present one.
        pairs: comparisons of recorded with plain steps so far.
        budget: the share of step time that recording may take.
        shares: gives for a fraction of recorded calls the share of step time that it takes.

        Recorded is so often that even the upper end of the interval stays within the budget, and
        less often only when its middle no longer does: else scatter alone would thin it out.
        """
        least = next(every for every in _ladder() if every * MOST_RECORDED >= step)
        now = max(self._sparse, least)
        if pairs >= CALIBRATING_PAIRS and (costs := shares(1 / now)) is not None:
            if costs.middle > budget or not self._calibrated:
                self._calibrated = True
                now = _densest(least, shares, budget)
            else:
                now = min(now, _densest(least, shares, _HYSTERESIS * budget))
        self._sparse = now

    def timed(self, step: int, pairs: int) -> bool:
        """Whether a call is to be timed where that means to wait for a device."""
        every = self.every if self.every != "auto" else self._sparse * self.group
        if every == self.group and self.every == "auto":
            step, every = step - GAP // 2 * self.group, GAP * self.group
        period = every * (1 if pairs < _SEEN_PAIRS else _TIMED_ONE_IN)
        phase = step % period
        return min(phase, period - phase) <= _TIMED_REACH * self.group

    def _is_gap(self, step: int) -> bool:
        return step // self.group % GAP == GAP // 2


def _ladder() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, ..."""
    for power in count():
        yield from (10**power, 2 * 10**power, 5 * 10**power)


def _densest(least: int, shares: Shares, bound: float) -> int:
    """The first rung from `least` on that costs no more than the bound, or the sparsest."""
    for every in _ladder():
        if every >= least:
            costs = shares(1 / every)
            if every >= SPARSEST or costs is None or costs.high <= bound:
                return every
    raise AssertionError("the ladder has no end")
