"""What a preflight found, and how it reads."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gradscope.markup import report_html, table
from gradscope.report import Report, Verdict

_SIGNS = {True: "\N{CHECK MARK}", False: "\N{BALLOT X}", None: "\N{EN DASH}"}
_PLAIN_SIGNS = {True: "ok", False: "FAILED", None: "-"}
_FIGURE_AT = 22
"""Column at which the figures stand, so that they can be read down."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    name: what.
    passed: None where it was not looked at; the figure then says why.
    figure: the number that it was judged by, with what it should be.

    >>> Check("labels", False, "classes 1 to 10 for 10 outputs: 3 out of range").passed
    False
    """

    name: str
    passed: bool | None
    figure: str


@dataclass(frozen=True)
class Preflight(Report):
    """A `Report` on what one batch shows before the training, with all that was checked.

    checks: what was looked at, in order.
    seconds: how long it took.

    >>> print(Preflight((), checks=(Check("labels", True, "0 to 9 for 10 outputs"),), seconds=1.2))
    gradscope preflight: ready. The check passed in 1.2 s.
      ✓ labels              0 to 9 for 10 outputs
    """

    checks: tuple[Check, ...] = ()
    seconds: float = 0.0

    @property
    def judged(self) -> bool:
        """False where nothing failed, but not all could be looked at."""
        return not self.healthy or all(check.passed is not None for check in self.checks)

    @property
    def headline(self) -> str:
        """One line: ready or not, and how many checks say so."""
        failed = [check for check in self.checks if check.passed is False]
        undone = [check for check in self.checks if check.passed is None]
        count, took = len(self.checks), f"in {self.seconds:.1f} s"
        if failed or not self.healthy:
            state = f"not ready. {len(failed)} of {count} checks failed {took}"
        elif undone:
            state = f"nothing failed {took}, but {len(undone)} of {count} checks were not done"
        else:
            state = f"ready. {'The check' if count == 1 else f'All {count} checks'} passed {took}"
        return f"gradscope preflight: {state}."

    def __str__(self) -> str:
        signs = _signs()
        width = max(map(len, signs.values()))
        lines = [
            f"  {signs[check.passed]:<{width}} {check.name:<{_FIGURE_AT - 3}} {check.figure}"
            for check in self.checks
        ]
        return "\n".join([self.headline, *lines, *_told(self.verdicts)])

    def _repr_html_(self) -> str:
        """What a notebook shows: the checks as well."""
        rows = [(_SIGNS[check.passed], check.name, check.figure) for check in self.checks]
        return report_html(self, dated=False, between=table((), rows))

    def to_markdown(self) -> str:
        """The report as Markdown: headline, checks, then a section for each root cause."""
        headline, _, rest = super().to_markdown().partition("\n\n")
        signs = _SIGNS
        rows = [f"| {signs[c.passed]} | {c.name} | {c.figure} |" for c in self.checks]
        table = "\n".join(["| | check | figure |", "|---|---|---|", *rows])
        return "\n\n".join([headline, table, *([rest] if rest else [])]).rstrip("\n") + "\n"


def _told(verdicts: Sequence[Verdict]) -> list[str]:
    """The verdicts as text, without the steps and shares that a run would have."""
    lines: list[str] = []
    for verdict in verdicts:
        lines += ["", f"[{verdict.severity}] {verdict.cause}", f"  {verdict.summary}"]
        if verdict.remedy.text:
            lines.append(f"  What to change: {verdict.remedy.text}")
        lines += [f"    {line}" for line in verdict.remedy.code.splitlines()]
        for symptom in verdict.symptoms:
            lines.append(f"  It may explain {symptom.cause}: {symptom.summary}")
        lines.append(f"  More: gradscope explain {verdict.cause}")
    return lines


def _signs() -> dict[bool | None, str]:
    """The signs that standard output can write."""
    try:
        "".join(_SIGNS.values()).encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_SIGNS
    return _SIGNS
