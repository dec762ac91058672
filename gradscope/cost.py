"""What recording costs, from the times of steps; pure arithmetic, no clock and no TensorFlow."""

import math
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from statistics import median

from gradscope.overhead import Overhead
from gradscope.pairs import REACH, SHORT_REACH, Estimate, Pairs

STALL = 20.0
"""A call that takes so many times the usual is a compilation or a pause, no step of that length."""

_RECENT = 64
"""Steps of each kind that say what one takes now."""

_DRAINS = 32
"""Transfers that say what one takes now, some 1,000 recorded steps."""


class Account:
    """What may be spent beside recording: a share of the seconds trained so far.

    share: of them that may be spent, in all.
    trained: gives the seconds trained so far.

    >>> account = Account(0.01, trained=lambda: 50.0)
    >>> account.can_afford(0.4), account.can_afford(0.6)
    (True, False)
    >>> account.charge(0.4)
    >>> account.can_afford(0.4)
    False
    """

    def __init__(self, share: float, trained: Callable[[], float]) -> None:
        self.share = share
        self.spent = 0.0
        """Seconds charged so far."""
        self._trained = trained

    def can_afford(self, seconds: float) -> bool:
        """Whether so many seconds more stay within the share."""
        return self.spent + seconds <= self.share * self._trained()

    def charge(self, seconds: float) -> None:
        """Counts seconds as spent, afforded or not; less than none count as none."""
        self.spent += max(0.0, seconds)

    @property
    def spent_share(self) -> float:
        """What was spent, as a share of the seconds trained so far; 0 before the first."""
        trained = self._trained()
        return self.spent / trained if trained > 0 else 0.0


@dataclass(frozen=True)
class Work:
    """What the drain's thread has done so far, in seconds of its own CPU time.

    rows: recorded steps that it took, without those of the first transfer.
    writing: for them, from the transfer to the file and the curves.
    judging: of all judgements but the first.
    judgement: the latest of those, None before it.
    one_off: the first transfer and the first judgement, which load what they need.
    """

    rows: int = 0
    writing: float = 0.0
    judging: float = 0.0
    judgement: float | None = None
    one_off: float = 0.0


class Meter:
    """Adds up what recording costs, from each call of the step and from the drain's work.

    waits: whether timing a call means waiting for a device, so that few are timed.

    A *call* runs one step, or several with `steps_per_execution`.
    """

    def __init__(self, waits: bool = False) -> None:
        self.waits = waits
        self.one_off = 0.0
        """Seconds of calls that compiled the recorded program."""
        self.pairs = Pairs(SHORT_REACH if waits else REACH)
        self.calls = self.recorded = self.group = 0
        self._seconds = 0.0
        self._host_seconds = self._transfer_seconds = 0.0
        self._plain: deque[float] = deque(maxlen=_RECENT)
        self._recording: deque[float] = deque(maxlen=_RECENT)
        self._host: dict[bool, deque[float]] = {
            recorded: deque(maxlen=_RECENT) for recorded in (False, True)
        }
        self._warming = [True, True]
        self._transfers: deque[float] = deque(maxlen=_DRAINS)
        self._works: deque[Work] = deque([Work()], maxlen=_DRAINS)
        self._usual = math.inf
        self._untimed = 0

    @property
    def trained(self) -> float:
        """Seconds that the steps took so far, without compilations and pauses.

        Calls that were not timed count as usual plain ones.
        """
        usual = self._usual if math.isfinite(self._usual) else 0.0
        return self._seconds + self._untimed * usual

    def call(
        self,
        seconds: float | None,
        host: float,
        recorded: bool,
        *,
        steps: int = 1,
        typical: bool = True,
    ) -> None:
        """Takes the next call.

        seconds: how long the program took; None where it was not timed.
        host: seconds that gradscope's own Python took before and after it, without transfers.
        recorded: which program ran.
        steps: how many steps it ran.
        typical: False where the time is not the program's, as when it was compiled in that call.
        """
        self.calls += 1
        self.recorded += recorded
        self.group = max(self.group, steps)
        self._host_seconds += host
        if not typical:
            self._warming[recorded] = True
            self.pairs.skip()
            if recorded and seconds is not None:
                self.one_off += seconds
            return
        if seconds is None:
            self._untimed += 1
            self.pairs.skip()
            return
        self._seconds += seconds if seconds < STALL * self._usual else self._usual
        if self._warming[recorded] or steps < self.group:
            # The first call after a compilation still fills caches; one with fewer steps, at the
            # end of an epoch, is another program.
            self._warming[recorded] = False
            self.pairs.skip()
            return
        self._host[recorded].append(host)
        (self._recording if recorded else self._plain).append(seconds)
        self.pairs.add(seconds, recorded)

    def transferred(self, seconds: float) -> None:
        """Takes one transfer from the device, as long as it held up the training thread."""
        self._transfer_seconds += seconds
        self._transfers.append(seconds)

    def drained(self, work: Work) -> None:
        """Takes what the drain has done so far, now and then."""
        if work.rows > self._works[-1].rows:
            self._works.append(work)
        else:
            self._works[-1] = work
        if plain := self.plain_seconds:
            self._usual = plain
        elif self.calls > self._untimed and self._seconds > 0:
            self._usual = self._seconds / (self.calls - self._untimed)

    @property
    def plain_seconds(self) -> float:
        """The median of the recent plain calls; 0 where none was timed."""
        return median(self._plain) if self._plain else 0.0

    @property
    def recorded_seconds(self) -> float:
        """The median of the recent recorded calls; 0 where none was timed."""
        return _median(self._recording)

    def shares(self, fraction: float) -> Estimate | None:
        """What it would cost, as a share of plain time, to record a fraction of all calls.

        Without judging. None where there are too few pairs to tell.
        """
        plain = self.plain_seconds
        extra = self.pairs.extra(plain) if plain else None
        if extra is None:
            return None
        each = max(0.0, _median(self._host[True]) - _median(self._host[False]))
        rest = fraction * (each + max(1, self.group) * self.drain_seconds) / plain
        rest += _median(self._host[False]) / plain
        low, middle, high = (
            fraction * max(0.0, one) + rest for one in (extra.low, extra.middle, extra.high)
        )
        return Estimate(middle, low, high, extra.count)

    @property
    def drain_seconds(self) -> float:
        """CPU time of transfer, reading, curves and file for one recorded step."""
        first, last = self._works[0], self._works[-1]
        rows = last.rows - first.rows
        transfers = len(self._works) - 1
        if not rows:
            return 0.0
        return (last.writing - first.writing + transfers * _median(self._transfers)) / rows

    def judging(self, quota: float) -> float:
        """The share of step time that judging takes, on and on: once a second at most.

        quota: the share that it may take; taken for what it does until it was measured.
        """
        took = self._works[-1].judgement
        return quota if took is None else min(quota, took)

    def overhead(
        self, fraction: float, *, budget: float | None, quota: float, detail: float = 0.0
    ) -> Overhead:
        """What recording costs, where a fraction of all calls is recorded.

        budget: the share that the cadence keeps to, None for a fixed one.
        quota: the share that judging may take.
        detail: the share that finer statistics have taken.
        """
        work, shares, plain = self._works[-1], self.shares(fraction), self.plain_seconds
        aside = work.writing + work.judging + self._transfer_seconds
        trained, judging = self.trained, self.judging(quota)
        known = Overhead(
            every=max(1, round(1 / fraction)),
            group=max(1, self.group),
            budget=budget,
            plain_seconds=plain,
            drain_seconds=self.drain_seconds,
            background=aside / trained if trained > 0 else None,
            judging=judging,
            detail=detail,
            one_off_seconds=self.one_off + work.one_off,
        )
        extra = self.pairs.extra(plain) if plain else None
        if shares is None or extra is None:
            return known
        step_seconds = max(0.0, extra.middle) * plain
        spent = self.recorded * step_seconds
        plainly = max(trained - spent, plain)
        rest = judging + detail
        return replace(
            known,
            share=shares.middle + rest,
            low=shares.low + rest,
            high=shares.high + rest,
            whole=(spent + self._host_seconds + aside) / plainly + detail,
            step_seconds=step_seconds,
            pairs=extra.count,
        )


def _median(values: Collection[float]) -> float:
    return median(values) if values else 0.0
