"""Watches suspicious layers closely while a run can afford it: decides, pays, hands rows on."""

import time
from collections import deque
from statistics import median

from gradscope.closeup import Closeup
from gradscope.cost import Account
from gradscope.drain import Drain
from gradscope.escalation import Escalation, layers_of
from gradscope.layout import Layout
from gradscope.records import Watch

_ROWS = 16
"""Looks kept on the device: more than fit between two transfers."""

_MOST_ROWS = 64
"""Of a call that runs many steps the last ones are kept: a look needs no more."""

_RECENT = 16
"""Looks that say what one costs now."""


class CloserLook:
    """What the scope asks before and after each recorded step.

    drain: names the suspects, and takes what was seen.
    account: what may be spent.
    """

    def __init__(self, drain: Drain, account: Account) -> None:
        self._drain, self._account = drain, account
        self._escalation = Escalation(account.can_afford)
        self._heard = 0
        self._compiling: float | None = None
        self._extra: deque[float] = deque(maxlen=_RECENT)
        self._times: list[tuple[int, float]] = []
        self._paid = 0.0
        self.steps_per_call = 1
        """How many steps one call of the program runs."""
        self.closeup: Closeup | None = None
        """What the program of the step that is about to run is to look at; None for nothing."""
        self.current: Closeup | None = None
        """What is watched closely, be it in the next step or a later one."""

    def begin(self, step: int, layout: Layout | None) -> bool:
        """Whether the step that is about to run is to look closely, at `closeup`.

        step: its number.
        layout: of the run's records; None where the step is not recorded.
        """
        self.closeup = None
        if layout is None:
            return False
        if self._drain.judgements != self._heard:
            self._heard = self._drain.judgements
            self._hear(step, layout)
        price = median(self._extra) if self._extra else 0.0
        if self.current is not None and self._escalation.due(price):
            self.closeup = self.current
            self.closeup.set_clock(step)
        return self.closeup is not None

    def _hear(self, step: int, layout: Layout) -> None:
        """Takes a new judgement."""
        # What the drain did for earlier looks, on its own thread.
        paid, self._paid = self._paid, self._drain.detail_seconds
        self._account.charge(self._paid - paid)
        variables, outputs = layout.names("grad_norm"), layout.names("activation_mean")
        suspects = layers_of(self._drain.suspects, variables, outputs)
        if self._compiling is not None and self._escalation.hear(suspects, self._compiling):
            self._change(step)

    def _change(self, step: int) -> None:
        self.hand_on()
        layers = self._escalation.watched
        capacity = min(_MOST_ROWS, _ROWS * self.steps_per_call)
        self.current = Closeup(layers, capacity=capacity) if layers else None
        self._drain.put(Watch(step, time.time(), layers))

    def compiled(self, seconds: float) -> None:
        """Notes how long the recorded program took to compile: what another one will take."""
        if self._compiling is None:
            self._compiling = seconds

    def looked(self, seconds: float, usual: float, compiled: bool, last_step: int) -> None:
        """Counts a call that looked closely, and charges it.

        seconds: how long it took. usual: how long a recorded one takes.
        compiled: whether the program was made in it.
        last_step: the last step that it ran.
        """
        closeup, self.closeup = self.closeup, None
        if closeup is None:
            return
        self._account.charge(seconds - usual)
        if not compiled:
            self._extra.append(max(0.0, seconds - usual))
        self._times.append((last_step, time.time()))
        if closeup.failure is not None:
            self.fail(closeup.failure, last_step)
        elif self._escalation.looked(self.steps_per_call):
            self._change(last_step + 1)

    def fail(self, error: BaseException, step: int, lost: str = "") -> None:
        """Gives up looking closely in this run; the training goes on, recorded as ever."""
        self.hand_on()
        self.closeup = self.current = None
        if self._escalation.watched:
            self._drain.put(Watch(step, time.time(), ()))
        self._escalation.give_up()
        self._drain.problems.append(
            f"Looking closely at suspicious layers failed with {type(error).__name__}: {error}. "
            f"The training goes on, recorded as before.{lost} Please report it."
        )

    def hand_on(self) -> None:
        """Hands what was seen to the drain, still on the device."""
        snapshot = self.current.snapshot() if self.current is not None and self._times else None
        if self.current is not None and snapshot is not None:
            self._drain.put_rows(snapshot, self.current.layout, self._times, detailed=True)
        self._times = []
