"""What is found in a run: verdicts with their remedies, the report on them, and how it reads."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gradscope.causes import BY_SLUG, CAUSES
from gradscope.errors import UnhealthyRunError
from gradscope.markup import report_html
from gradscope.overhead import Overhead
from gradscope.printable import in_code, in_one_line, longer_than, printable

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""From harmless to worst."""

LEAST_STEPS = 20
"""Recorded steps below which silence says nothing and no loss is called stalled: three at the start
against five at the end leave two degrees of freedom, and even healthy runs need some steps for the
first tenth."""

RULE_FAILED = "rule-failed"
"""Cause of the remark that a rule itself failed, so that its causes were not judged."""

_MOST_NAMED = 8
"""Causes that a headline lists; of more it says how many: a line is read, a list is skipped."""


@dataclass(frozen=True)
class Remedy:
    """What to change.

    text: one sentence.
    code: a line for Keras that can be pasted, or "".
    reference: paper or documentation, or "".

    >>> print(Remedy("Initialize for the activation.", 'kernel_initializer="he_normal"'))
    Initialize for the activation.
    kernel_initializer="he_normal"
    """

    text: str
    code: str = ""
    reference: str = ""

    def __str__(self) -> str:
        return f"{self.text}\n{self.code}" if self.code else self.text


@dataclass(frozen=True)
class Verdict:
    """One cause found in a run.

    cause: its slug, e.g. "vanishing-gradient".
    severity: "info", "warning" or "critical".
    layer: path of the variable or layer, or None where the whole step is meant.
    step: the optimizer step at which it was first seen.
    confidence: probability in [0, 1].
    summary: one sentence.
    evidence: the numbers behind it.
    symptoms: verdicts that this one explains.
    remedy: what to change.

    >>> verdict = Verdict("nonfinite", "critical", "dense/kernel", 7, 1.0, "NaN in dense/kernel.")
    >>> Verdict.from_dict(verdict.to_dict()) == verdict
    True
    """

    cause: str
    severity: Severity
    layer: str | None
    step: int
    confidence: float
    summary: str
    evidence: Mapping[str, float] = field(default_factory=dict[str, float])
    symptoms: tuple["Verdict", ...] = ()
    remedy: Remedy = Remedy("")

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON-ready data; numbers that JSON lacks become None."""
        return {
            "cause": self.cause,
            "severity": self.severity,
            "layer": self.layer,
            "step": self.step,
            "confidence": self.confidence,
            "summary": self.summary,
            "evidence": {
                name: float(value) if math.isfinite(value) else None
                for name, value in self.evidence.items()
            },
            "symptoms": [symptom.to_dict() for symptom in self.symptoms],
            "remedy": {
                "text": self.remedy.text,
                "code": self.remedy.code,
                "reference": self.remedy.reference,
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Verdict":
        """The verdict written by `to_dict`.

        Raises KeyError where a field is missing, ValueError where one is none of a verdict, as in
        a damaged file.
        """
        verdict = cls(
            cause=data["cause"],
            severity=data["severity"],
            layer=data["layer"],
            step=data["step"],
            confidence=data["confidence"],
            summary=data["summary"],
            evidence={
                name: math.nan if value is None else value
                for name, value in data["evidence"].items()
            },
            symptoms=tuple(cls.from_dict(symptom) for symptom in data["symptoms"]),
            remedy=Remedy(**data["remedy"]),
        )
        if not verdict._is_sound():
            raise ValueError(f"Verdict.from_dict: expected what to_dict gives, got {data!r:.200}")
        return verdict

    def _is_sound(self) -> bool:
        """Whether each field is of its type: a file may hold anything."""
        held: dict[str, Any] = {**vars(self), **vars(self.remedy)}
        numbers: list[Any] = [held["confidence"], *self.evidence.values()]
        return (
            all(isinstance(held[key], str) for key in ("cause", "summary", *vars(self.remedy)))
            and all(isinstance(number, int | float) for number in numbers)
            and isinstance(held["layer"], str | None)
            and isinstance(held["step"], int)
            and self.severity in SEVERITIES
            and math.isfinite(self.confidence)
        )


@dataclass(frozen=True)
class Report:
    """The verdicts on a run, root causes first.

    verdicts: root causes, each with the symptoms that it explains.
    steps: how many steps were recorded.
    logdir: where the run is, "" for a run in memory.
    overhead: what recording costs; None where it was not measured.

    >>> print(Report((), steps=5))
    gradscope: too early to judge: 5 recorded steps, 20 are needed.
    """

    verdicts: tuple[Verdict, ...]
    steps: int = 0
    logdir: str = ""
    overhead: Overhead | None = None

    @property
    def healthy(self) -> bool:
        """True exactly when no verdict is a warning or critical."""
        return all(verdict.severity == "info" for verdict in self.verdicts)

    @property
    def primary(self) -> Verdict | None:
        """The first root cause, or None."""
        return self.verdicts[0] if self.verdicts else None

    @property
    def judged(self) -> bool:
        """False where silence says nothing: too few recorded steps, or a rule that failed.

        A run with a warning or critical verdict is judged however short it is.
        """
        failed = any(verdict.cause == RULE_FAILED for verdict in self.verdicts)
        return not self.healthy or (self.steps >= LEAST_STEPS and not failed)

    @property
    def headline(self) -> str:
        """One line: how the run is, or what was looked for in it without a finding."""
        return f"gradscope: {self._state()}"

    def __str__(self) -> str:
        slugs = [verdict.cause for verdict in self.verdicts[:1] if verdict.cause in BY_SLUG]
        more = [f"More: gradscope explain {slug}" for slug in slugs]
        costs = [self.overhead.sentence] if self.overhead else []
        return printable("\n".join([self.headline, *_lines(self.verdicts), *costs, *more]))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return report_html(self)

    def _state(self) -> str:
        steps = f"{self.steps} recorded step" + "s" * (self.steps != 1)
        if not self.steps:
            return (
                "no step was recorded yet, so there is nothing to judge. "
                "Call the step that @scope.step returns."
            )
        if not self.healthy:
            return f"not healthy. {steps}."
        if self.steps < LEAST_STEPS:
            return f"too early to judge: {steps}, {LEAST_STEPS} are needed."
        if not self.judged:
            return f"not judged in full, since a rule failed. {steps}."
        if self.verdicts:
            return f"found {_none_of_the_known()} in {steps}. But: {self.verdicts[0].summary}"
        return f"healthy. Found {_none_of_the_known()} in {steps}."

    def to_json(self) -> str:
        """The report as JSON text: healthy, judged, steps, logdir, verdicts and overhead."""
        return json.dumps(
            {
                "healthy": self.healthy,
                "judged": self.judged,
                "steps": self.steps,
                "logdir": self.logdir,
                "verdicts": [verdict.to_dict() for verdict in self.verdicts],
                "overhead": self.overhead.to_dict() if self.overhead else None,
            },
            indent=2,
            allow_nan=False,
        )

    def to_markdown(self) -> str:
        """The report as Markdown: a headline, then a section for each root cause."""
        parts = [f"**{self.headline}**"]
        for verdict in self.verdicts:
            parts += _section(verdict)
        if self.overhead:
            parts.append(self.overhead.sentence)
        return printable("\n\n".join(parts)) + "\n"

    def raise_if_unhealthy(self) -> None:
        """Nothing for a healthy run.

        Raises UnhealthyRunError, with the report as message, for any other.
        """
        if not self.healthy:
            raise UnhealthyRunError(str(self))


def _none_of_the_known() -> str:
    slugs = [cause.slug for cause in CAUSES if not cause.alone]
    few = len(slugs) <= _MOST_NAMED
    return "none of " + (", ".join(slugs) if few else f"the {len(slugs)} causes that it knows")


def _section(verdict: Verdict) -> list[str]:
    """The paragraphs on one root cause, in Markdown."""
    where = f" in {in_code(verdict.layer)}" if verdict.layer else ""
    parts = [
        f"### {_words(verdict.cause)}{where} ({verdict.severity}, since step {verdict.step}, "
        f"confidence {verdict.confidence:.0%})",
        _words(verdict.summary),
    ]
    if verdict.symptoms:
        symptoms = "; ".join(symptom.summary for symptom in verdict.symptoms)
        parts.append(f"Explains: {_words(symptoms)}")
    if verdict.remedy.text:
        parts.append(f"**What to change.** {_words(verdict.remedy.text)}")
    if verdict.remedy.code:
        fence = longer_than(verdict.remedy.code, "```")
        parts.append(f"{fence}python\n{verdict.remedy.code}\n{fence}")
    if verdict.remedy.reference:
        parts.append(f"Reference: {_words(verdict.remedy.reference)}")
    if verdict.evidence:
        rows = [f"| {_words(key)} | {value:.4g} |" for key, value in verdict.evidence.items()]
        parts.append("\n".join(["| evidence | value |", "|---|---|", *rows]))
    return parts


def _words(text: str) -> str:
    """A sentence as it can stand in a paragraph or a cell of Markdown: no tag, no new block."""
    return in_one_line(text).replace("<", "&lt;").replace("|", "\\|")


def _lines(verdicts: Sequence[Verdict]) -> list[str]:
    """The verdicts as text. Of symptoms no remedy: what cures the cause cures them."""
    lines: list[str] = []
    for verdict in verdicts:
        lines += [_title(verdict), f"  {verdict.summary}"]
        if verdict.remedy.text:
            lines.append(f"  What to change: {verdict.remedy.text}")
        lines += [f"    {line}" for line in verdict.remedy.code.splitlines()]
        if verdict.symptoms:
            lines.append("  which explains:")
        for symptom in verdict.symptoms:
            lines += [f"    {_title(symptom)}", f"      {symptom.summary}"]
    return lines


def _title(verdict: Verdict) -> str:
    return (
        f"[{verdict.severity}] {verdict.cause}, since step {verdict.step}, "
        f"confidence {verdict.confidence:.0%}"
    )
