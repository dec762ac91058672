"""Which numbers a parting is looked for in, and in which order a step computes them."""

from collections.abc import Iterator
from dataclasses import dataclass

from gradscope.comparison.matching import Match, Values

ORDER = ("weight_norm", "activation_rms", "loss", "grad_norm", "update_ratio")
"""As a step computes them: what differs in an earlier one explains what differs in a later one."""


@dataclass(frozen=True)
class Rows:
    """One statistic of both runs at the steps that both recorded.

    names: L names as run a has them, in depth order. a, b: float32[S, L].
    """

    statistic: str
    names: tuple[str, ...]
    a: Values
    b: Values


def rows(match: Match) -> Iterator[Rows]:
    """The statistics of ORDER that both runs record."""
    for statistic in ORDER:
        names, a, b = match.shared(statistic)
        if names:
            yield Rows(statistic, names, a, b)
