"""Keeps recording within its share of step time: times the calls of the step, sets the cadence."""

import time

import tensorflow as tf

from gradscope.cadence import Cadence, Every
from gradscope.cost import Account, Meter, Work
from gradscope.overhead import Overhead

JUDGING = 0.25
"""Share of the budget that judging the run may take."""

ESCALATION = 0.5
"""Share of the budget that finer statistics of suspicious layers may take; what they leave is the
recording's."""

_LEAST = 0.25
"""Share of the budget that is the recording's in any case."""


class Budget:
    """What may be recorded of a run, and what that costs.

    every, overhead: as given to `Scope`.

    The times of a call: `begin`, then `start` right before the program runs, `stop` right after
    it, and `finish`. Where devices work behind the host's back, a few calls are waited for.
    """

    def __init__(self, every: Every, overhead: float) -> None:
        self.cadence = Cadence(every)
        self.overhead: Overhead | None = None
        """What it costs, as last worked out; None before the first time."""
        self._share = overhead
        self._meter: Meter | None = None
        self._waits = False
        self._timed = True
        self._entered = self._started = self._stopped = 0.0
        self._transfer = 0.0
        self._step = 0
        self.account = Account(ESCALATION * overhead, trained=lambda: self.trained)

    @property
    def trained(self) -> float:
        """Seconds that the steps took so far, without compilations and pauses."""
        return 0.0 if self._meter is None else self._meter.trained

    @property
    def judging(self) -> float:
        """The share of the seconds trained that judging may take."""
        return JUDGING * self._share

    def begin(self, step: int, steps: int) -> bool:
        """True where one of the steps that are about to run is to be recorded.

        step: the first of them, counted from the scope's first one.
        """
        self._entered = time.perf_counter()
        if self._meter is None:
            self._waits = _devices_work_ahead()
            self._meter = Meter(self._waits)
        self._step = step
        due = self.cadence.due(step, steps)
        self._timed = not self._waits or self.cadence.timed(step, len(self._meter.pairs))
        if self._timed and self._waits:
            self._timed = self._wait()
        self._started = time.perf_counter()
        return due

    def take_time(self) -> None:
        """Makes sure that the call which `begin` began is timed."""
        if self._waits and not self._timed:
            self._timed = self._wait()
            self._started = time.perf_counter()

    def stop(self) -> None:
        """Notes that the program has run."""
        if self._timed and self._waits:
            self._timed = self._wait()
        self._stopped = time.perf_counter()
        self._transfer = 0.0

    def transferred(self, seconds: float) -> None:
        """Notes that a transfer from the device took the training thread so long."""
        self._transfer += seconds
        if self._meter is not None:
            self._meter.transferred(seconds)

    @property
    def took(self) -> float:
        """Seconds of the last call, from `begin` or `take_time` to `stop`."""
        return self._stopped - self._started

    @property
    def usual(self) -> float:
        """Seconds that a recorded call usually takes; 0 as long as nobody knows."""
        return 0.0 if self._meter is None else self._meter.recorded_seconds

    def finish(self, recorded: bool, steps: int, typical: bool, looked: bool = False) -> None:
        """Counts the call.

        typical: False where its time is not the program's, as when it was compiled in it.
        looked: True for a closer look, whose time is charged to the account.
        """
        if self._meter is None:
            return
        host = self._started - self._entered + time.perf_counter() - self._stopped
        self._meter.call(
            self.took if self._timed and not looked else None,
            host - self._transfer,
            recorded,
            steps=steps,
            typical=typical or looked,
        )

    def settle(self, work: Work) -> Overhead | None:
        """What it costs by now; sets the cadence accordingly.

        work: what the drain has done so far.
        """
        if self._meter is None:
            return None
        meter, auto = self._meter, self.cadence.every == "auto"
        meter.drained(work)
        detail = self.account.spent_share
        if auto:
            spare = self._share - meter.judging(self.judging) - detail
            spare = max(spare, _LEAST * self._share)
            self.cadence.adapt(self._step, len(meter.pairs), spare, meter.shares)
        self.overhead = meter.overhead(
            self.cadence.fraction(self._step),
            budget=self._share if auto else None,
            quota=self.judging,
            detail=detail,
        )
        return self.overhead

    def _wait(self) -> bool:
        """Whether all devices have done what was asked of them; without that no time is taken."""
        try:
            tf.test.experimental.sync_devices()
        except Exception:
            return False
        return True


def _devices_work_ahead() -> bool:
    """Whether a call may return before its work is done: on accelerators, or by the user's wish."""
    accelerators = [one for one in tf.config.list_logical_devices() if one.device_type != "CPU"]
    return bool(accelerators) or not tf.config.experimental.get_synchronous_execution()
