"""What counts as right: pure functions of what was said, expected, and what became of a run."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradscope.report import Report, Verdict


@dataclass(frozen=True)
class Said:
    """What a set of rules said of a run.

    named: all causes that it named as a warning or worse, as root or as symptom.
    first: those of them that its first message names; one for gradscope, several where a message
        of other rules can mean several causes.
    text: for a person.
    """

    named: frozenset[str]
    first: frozenset[str]
    text: str = ""

    @property
    def alarm(self) -> bool:
        """True where it called the run unhealthy."""
        return bool(self.named)


NOTHING = Said(frozenset(), frozenset())


def said(report: Report) -> Said:
    """What a report says, remarks left out."""
    worse = [verdict for verdict in report.verdicts if verdict.severity != "info"]
    if not worse:
        return Said(frozenset(), frozenset(), ", ".join(f"({v.cause})" for v in report.verdicts))
    primary = report.primary
    first = {primary.cause} if primary is not None and primary.severity != "info" else set[str]()
    return Said(
        named=frozenset(cause for verdict in worse for cause in _causes(verdict)),
        first=frozenset(first),
        text="; ".join(" > ".join([v.cause, *_symptoms(v)]) for v in worse),
    )


def _causes(verdict: Verdict) -> list[str]:
    return [verdict.cause, *_symptoms(verdict)]


def _symptoms(verdict: Verdict) -> list[str]:
    return list(dict.fromkeys(s.cause for s in verdict.symptoms if s.severity != "info"))


@dataclass(frozen=True)
class Judged:
    """One run and what was said of it.

    expected: slugs any of which is right; empty for a program that is meant to be healthy.
    trained_well: what in fact became of it.
    said: at its end.
    share: of its steps after which an expected cause was named for the first time; NaN where it
        never was, or where only the end was judged.
    alarmed: whether anything was said at any earlier point; None where only the end was judged.
    earlier: what was said then for the first time, and when, for a person.
    """

    set: str
    program: str
    seed: int
    expected: frozenset[str]
    trained_well: bool
    said: Said
    share: float = math.nan
    alarmed: bool | None = None
    earlier: str = ""

    @property
    def failing(self) -> bool:
        """Meant to fail, and failed: something must be said."""
        return bool(self.expected) and not self.trained_well

    @property
    def left_out(self) -> bool:
        """Meant to be healthy, but not trained well: says nothing about rules."""
        return not self.expected and not self.trained_well


@dataclass(frozen=True)
class Share:
    """So many of so many.

    >>> print(Share(19, 20))
    95 % (76-99)
    """

    hits: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; NaN of none."""
        return self.hits / self.of if self.of else math.nan

    def __str__(self) -> str:
        if not self.of:
            return "-"
        low, high = wilson(self.hits, self.of)
        return f"{100 * self.value:.0f} % ({100 * low:.0f}-{100 * high:.0f})"


Z = 1.959964
"""Standard deviations: the normal quantile of 97.5 %, for intervals of 95 %."""


def wilson(hits: int, of: int, z: float = Z) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927; Brown, Cai & DasGupta 2001).

    (0, 1) of none.

    >>> [round(bound, 3) for bound in wilson(0, 10)]
    [0.0, 0.278]
    """
    if not of:
        return 0.0, 1.0
    p, weight = hits / of, z * z / of
    center = (p + weight / 2) / (1 + weight)
    half = z * math.sqrt(p * (1 - p) / of + weight / (4 * of)) / (1 + weight)
    return max(0.0, center - half), min(1.0, center + half)


@dataclass(frozen=True)
class Score:
    """How often rules were right.

    noticed, named, rooted: of the failing runs, those called unhealthy; those of which an expected
        cause was named; those of which it was the root, or the first message.
    alarms: of the runs that trained well, those called unhealthy at their end.
    passing: of those that were judged on their way, too, those called unhealthy at any point.
    """

    noticed: Share
    named: Share
    rooted: Share
    alarms: Share
    passing: Share


def score(judged: Iterable[Judged]) -> Score:
    """The score over all runs that aren't left out."""
    runs = list(judged)
    failing = [run for run in runs if run.failing]
    healthy = [run for run in runs if run.trained_well]
    followed = [run for run in healthy if run.alarmed is not None]
    return Score(
        noticed=Share(sum(run.said.alarm for run in failing), len(failing)),
        named=Share(sum(bool(run.said.named & run.expected) for run in failing), len(failing)),
        rooted=Share(sum(bool(run.said.first & run.expected) for run in failing), len(failing)),
        alarms=Share(sum(run.said.alarm for run in healthy), len(healthy)),
        passing=Share(sum(run.said.alarm or bool(run.alarmed) for run in followed), len(followed)),
    )


def by_cause(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """cause -> the failing runs for which it counts as right; a run may be among several."""
    causes = sorted({cause for run in judged if run.failing for cause in run.expected})
    return {c: [run for run in judged if run.failing and c in run.expected] for c in causes}


def shares_named_at(judged: Iterable[Judged]) -> list[float]:
    """Of the failing runs whose cause was named on the way: after which share of the steps."""
    return sorted(run.share for run in judged if run.failing and not math.isnan(run.share))
