"""What a rule is given and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gradscope.records import Remedy, RunView, Severity


@dataclass(frozen=True)
class Finding:
    """What one rule saw; the engine turns findings into verdicts.

    cause: slug of the cause, one of `causes.BY_SLUG`.
    severity: "info", "warning" or "critical".
    layer: path of the variable or layer, or None where the whole step is meant.
    step: the optimizer step at which it began. The engine takes what began first for the cause
        of what began later, so date the beginning, not the moment of certainty.
    confidence: posterior probability in [0, 1]; 1 for what was counted.
    summary: one sentence.
    evidence: the numbers behind it.
    remedy: what to change.
    """

    cause: str
    severity: Severity
    layer: str | None
    step: int
    confidence: float
    summary: str
    evidence: Mapping[str, float] = field(default_factory=dict[str, float])
    remedy: Remedy = Remedy("")


class Rule(Protocol):
    """A pure function of a run. Each module of gradscope.diagnosis.rules has one, named `find`.

    It sees any run: no records, three steps, statistics that weren't recorded, NaN everywhere.
    Where there is too little to judge it finds nothing.
    """

    def __call__(self, run: RunView) -> Sequence[Finding]:
        """The findings on this run; empty where all is well."""
        ...
