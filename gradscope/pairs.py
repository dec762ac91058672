"""How much longer recorded steps take than the plain ones beside them; pure arithmetic.

A recorded step is compared with the plain ones next to it, so that a training that slows down or
a machine that gets busy changes both alike. What counts is the median over many such pairs: single
steps of a real training scatter by more than recording costs.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

REACH = 9
"""Steps on each side of a recorded one that it is compared with."""

SHORT_REACH = 3
"""The same where timing a step costs time: a device that is waited for can't work ahead."""

PAIRS = 128
"""Pairs that count at most. At a scatter of 10 % of a step their median is good to 2 %, which is
0.1 % of step time where each twentieth step is recorded."""

MEMORY = 2560
"""Calls after which a pair is forgotten: of steps that are recorded rarely few pairs are precise
enough, and many would be old."""

LAST_PAIRS = 16
"""Pairs that count in any case. Of steps recorded once in 200, their median is good to 0.05 % of
step time."""

LEAST_PAIRS = 10
"""Below, nothing is said: of 10 pairs the second and the ninth bound the median at 98 %."""

SAME_PACE = 2.0
"""Pairs from when a step took twice as long as now, or half, say little of what it costs now."""


@dataclass(frozen=True)
class Estimate:
    """A median with its 95 % interval."""

    middle: float
    low: float
    high: float
    count: int


def estimate(values: Iterable[float]) -> Estimate:
    """The median of values, with the two of them that bound it at 95 %.

    No shape of the scatter is assumed (Conover, Practical Nonparametric Statistics, 1999, 3.2).

    Raises ValueError where there are none.

    >>> estimate([5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 8.0, 6.0, 7.0, 100.0])
    Estimate(middle=5.5, low=2.0, high=9.0, count=10)
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("estimate: expected at least one value, got none.")
    count = len(ordered)
    reach = 1.96 * math.sqrt(count) / 2
    low = max(1, round(count / 2 - reach))
    high = min(count, round(1 + count / 2 + reach))
    return Estimate(median(ordered), ordered[low - 1], ordered[high - 1], count)


class _Pair(NamedTuple):
    """One recorded step beside plain ones.

    own: what it took more, as a share of a plain one.
    after: what the plain step after it took more; None where that was no plain one.
    plain: seconds of a plain one.
    call: how many calls there were.
    """

    own: float
    after: float | None
    plain: float
    call: int


class Pairs:
    """How much longer recorded steps take than the plain ones around them.

    reach: steps on each side that one is compared with.

    >>> pairs = Pairs(reach=2)
    >>> for step in range(80):
    ...     pairs.add(1.2 if step % 5 == 0 else 1.0, recorded=step % 5 == 0)
    >>> len(pairs), round(pairs.extra(1.0).middle, 3)
    (15, 0.2)
    """

    def __init__(self, reach: int = REACH) -> None:
        self._reach = reach
        self._window: deque[tuple[float, bool]] = deque(maxlen=2 * reach + 1)
        self._recorded = 0
        self._calls = 0
        self._found: deque[_Pair] = deque(maxlen=PAIRS)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, seconds: float, recorded: bool) -> None:
        """Takes the next step."""
        self._calls += 1
        window = self._window
        full = len(window) == window.maxlen
        self._recorded += recorded - (full and window[0][1])
        window.append((seconds, recorded))
        if len(window) == window.maxlen:
            # The rarer kind is compared with the commoner, of which there are enough for a median.
            rarer = 2 * self._recorded < len(window)
            if window[self._reach][1] == rarer:
                self._compare(list(window), rarer)

    def skip(self) -> None:
        """Takes a step whose time says nothing: none is compared across it."""
        self._calls += 1
        self._window.clear()
        self._recorded = 0

    def extra(self, plain: float) -> Estimate | None:
        """What a recorded step takes more, as a share of a plain one; None for too few pairs.

        plain: seconds of a plain step now; older pairs from when it was quite another don't count.
        """
        oldest, last = self._calls - MEMORY, len(self._found) - LAST_PAIRS
        now = [
            pair
            for place, pair in enumerate(self._found)
            if place >= last
            or (pair.call > oldest and 1 / SAME_PACE < pair.plain / plain < SAME_PACE)
        ]
        if len(now) < LEAST_PAIRS:
            return None
        own = estimate(pair.own for pair in now)
        after = [pair.after for pair in now if pair.after is not None]
        return own if len(after) < LEAST_PAIRS else _sum(own, estimate(after))

    def _compare(self, window: Sequence[tuple[float, bool]], recorded_is_rare: bool) -> None:
        seconds = window[self._reach][0]
        if not recorded_is_rare:
            usual = median(one for one, recorded in window if recorded)
            self._keep(usual - seconds, None, seconds)
            return
        # The step after a recorded one pays for what that threw out of the caches: it counts as
        # part of the cost, not of the comparison, where there are others.
        calm = [now[0] for before, now in pairwise(window) if not now[1] and not before[1]]
        if len(calm) < self._reach:
            plain = median(one for one, recorded in window if not recorded)
            self._keep(seconds - plain, None, plain)
        else:
            plain, after = median(calm), window[self._reach + 1]
            self._keep(seconds - plain, None if after[1] else after[0] - plain, plain)

    def _keep(self, own: float, after: float | None, plain: float) -> None:
        if plain > 0:
            share = None if after is None else after / plain
            self._found.append(_Pair(own / plain, share, plain, self._calls))


def _sum(one: Estimate, other: Estimate) -> Estimate:
    """The sum of two medians that scatter apart. The median of sums would lean to their tail."""
    middle = one.middle + other.middle
    below = math.hypot(one.middle - one.low, other.middle - other.low)
    above = math.hypot(one.high - one.middle, other.high - other.middle)
    return Estimate(middle, middle - below, middle + above, one.count)
