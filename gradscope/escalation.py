"""Which layers are watched closely, and when: suspicion switches a closer look on, calm off again.

Pure decisions: no clock, no TensorFlow. The scope tells what was judged and what may be spent.
"""

from collections.abc import Callable, Collection, Sequence

MOST_LAYERS = 4
"""Layers that are watched closely at once."""

EVERY = 5
"""Recorded steps between two closer looks: a picture needs no more."""

MOST_LOOKS = 200
"""Steps of closer looks at one set of layers; who looks so often has seen it."""

MOST_PROGRAMS = 4
"""Sets of layers in one run: each is a program to compile."""

PATIENCE = 2
"""Judgements in a row that must agree before a look ends or its layers change: verdicts waver."""


class Escalation:
    """Decides after each judgement which layers are watched closely.

    can_afford: whether so many seconds may be spent now.

    >>> escalation = Escalation(lambda seconds: seconds < 10)
    >>> escalation.hear(["net/dense"], price=20.0), escalation.hear(["net/dense"], price=5.0)
    (False, True)
    >>> escalation.watched
    ('net/dense',)
    >>> [escalation.due() for _ in range(6)]
    [True, False, False, False, False, True]
    """

    def __init__(self, can_afford: Callable[[float], bool]) -> None:
        self._can_afford = can_afford
        self._seen_enough: set[str] = set()
        self._newcomers: set[str] = set()
        self._programs = self._records = self._looks = self._calm = 0
        self._over = False
        self.watched: tuple[str, ...] = ()
        """The layers that are watched closely now; empty for none."""

    def hear(self, suspects: Sequence[str], price: float) -> bool:
        """True where the judgement that named these suspects changes which layers are watched.

        suspects: layers, worst first.
        price: seconds that a new program takes to compile.
        """
        self._seen_enough &= set(suspects)
        fresh = [layer for layer in suspects if layer not in self._seen_enough]
        before = self.watched
        if before:
            self._go_on(fresh, price)
        elif self._may_begin(price):
            self._begin(fresh[:MOST_LAYERS])
        return self.watched != before

    def _go_on(self, suspects: Sequence[str], price: float) -> None:
        held = [layer for layer in self.watched if layer in suspects]
        self._calm = 0 if held else self._calm + 1
        new = {layer for layer in suspects if layer not in self.watched}
        stayed = [layer for layer in suspects if layer in new & self._newcomers]
        self._newcomers = new
        if self._calm >= PATIENCE:
            self.end()
        elif held and stayed and len(held) < MOST_LAYERS and self._may_begin(price):
            self._begin([*held, *stayed][:MOST_LAYERS])

    def _may_begin(self, price: float) -> bool:
        return not self._over and self._programs < MOST_PROGRAMS and self._can_afford(price)

    def _begin(self, layers: Sequence[str]) -> None:
        if layers:
            self._programs += 1
            self._records = self._looks = self._calm = 0
            self._newcomers = set()
        self.watched = tuple(layers)

    def end(self) -> None:
        """Ends the look that goes on, if any; another suspicion may begin a new one."""
        self._calm = 0
        self._newcomers = set()
        self.watched = ()

    def give_up(self) -> None:
        """Ends the look that goes on, and begins no other in this run."""
        self._over = True
        self.end()

    def due(self, price: float = 0.0) -> bool:
        """Whether the recorded step that is about to run is one for a closer look.

        price: seconds that a look costs beyond a recorded step.

        Asked once for each recorded step while layers are watched.
        """
        if not self.watched:
            return False
        place, self._records = self._records, self._records + 1
        # Without a first look a program would have been compiled for nothing.
        return place % EVERY == 0 and (self._looks == 0 or self._can_afford(price))

    def looked(self, steps: int = 1) -> bool:
        """Counts a closer look at some steps; True where it was the last one at these layers."""
        self._looks += steps
        if self._looks < MOST_LOOKS:
            return False
        self._seen_enough |= set(self.watched)
        self.end()
        return True


def layers_of(
    suspects: Sequence[str], variables: Collection[str], outputs: Collection[str]
) -> list[str]:
    """The layers that paths of verdicts mean, each once, in order; of what is none, nothing.

    suspects: paths of variables or of layer outputs.
    variables, outputs: all paths of either kind that the run records.

    >>> layers_of(
    ...     ["net/a/kernel", "net/a", "net/b/bias", "3"], ["net/a/kernel", "net/b/bias"], ["net/a"]
    ... )
    ['net/a', 'net/b']
    """
    known = set(outputs)
    found = [
        path if path in known else owner_of(path, known)
        for path in suspects
        if path in known or path in variables
    ]
    return list(dict.fromkeys(found))


def owner_of(variable: str, outputs: Collection[str]) -> str:
    """The layer that a variable belongs to: the nearest one above it with an output.

    Its path without the last part where no output is above it, as inside a loop.

    >>> owner_of("net/lstm/lstm_cell/kernel", {"net", "net/lstm"}), owner_of("net/a/bias", ())
    ('net/lstm', 'net/a')
    """
    parent = variable.rpartition("/")[0]
    above = parent
    while above and above not in outputs:
        above = above.rpartition("/")[0]
    return above or parent or variable
