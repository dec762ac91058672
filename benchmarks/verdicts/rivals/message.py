"""What a published set of rules says, and how it is turned into our causes."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.verdicts.scoring import Said


@dataclass(frozen=True)
class Message:
    """One message. causes: all slugs that it can mean, read generously."""

    name: str
    causes: frozenset[str]


def together(messages: Sequence[Message]) -> Said:
    """All messages of a run, in the order in which the set of rules asks its questions."""
    return Said(
        named=frozenset(cause for message in messages for cause in message.causes),
        first=messages[0].causes if messages else frozenset(),
        text=", ".join(message.name for message in messages),
    )
