"""Where records go: the interface of every sink."""

from collections.abc import Sequence
from typing import Protocol

from gradscope.records import Item


class Sink(Protocol):
    """Takes what a run produces, in the order in which it happened.

    A sink may raise: the drain catches it, warns once, drops that sink and lets training go on.
    All three are called from one thread at a time. `close` is called once, last.
    """

    def write(self, items: Sequence[Item]) -> None:
        """Takes the next items. The first item of a run is its `Start`."""
        ...

    def flush(self) -> None:
        """Makes all that was written visible to readers."""
        ...

    def close(self) -> None:
        """Flushes and lets go of files."""
        ...
