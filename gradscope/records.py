"""The frozen data types that travel from the training step to the reader.

rows ── drain ──► Record ─┬─► sinks ──► the run on disk
                          └─► diagnosis ──► Verdict ──► Report
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gradscope.errors import UnhealthyRunError
from gradscope.layout import Layout

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")
"""From harmless to worst."""


@dataclass(frozen=True)
class Start:
    """What is known of a run when its first step has been traced.

    layout: the columns of every record that follows.
    step: the first recorded optimizer step.
    info: JSON-ready facts: versions, devices, optimizer settings, layer kinds, variables that no
        gradient reaches.
    """

    layout: Layout
    step: int
    info: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Record:
    """All statistics of one optimizer step.

    step: the optimizer step, counted from 0 (or from the scope's `initial_step`).
    wall_time: seconds since the epoch.
    values: float32[layout.slots].
    layout: which column holds what.

    >>> layout = Layout({"grad_norm": ("dense/kernel", "dense/bias"), "loss": ("loss",)})
    >>> record = Record(0, 0.0, np.array([2.0, 0.5, 1.25], np.float32), layout)
    >>> record["grad_norm"]
    array([2. , 0.5], dtype=float32)
    """

    step: int
    wall_time: float
    values: NDArray[np.float32]
    layout: Layout

    def __getitem__(self, statistic: str) -> NDArray[np.float32]:
        """float32[L], one value for each of `layout.names(statistic)`.

        Raises KeyError for a statistic that the layout lacks.
        """
        return self.values[self.layout.where(statistic)]


@dataclass(frozen=True)
class Validation:
    """Validation figures of one step, as given to `Scope.validate`."""

    step: int
    wall_time: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Remedy:
    """What to change.

    text: one sentence.
    code: a line for Keras that can be pasted, or "".
    reference: paper or documentation, or "".

    >>> print(Remedy("Initialise for the activation.", 'kernel_initializer="he_normal"'))
    Initialise for the activation.
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

        Raises KeyError where a field is missing.
        """
        return cls(
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


@dataclass(frozen=True)
class Diagnosis:
    """All verdicts that hold at one step; replaces those of earlier steps."""

    step: int
    wall_time: float
    verdicts: tuple[Verdict, ...]


Item = Start | Record | Validation | Diagnosis
"""What a sink is given to write, in the order in which it happened."""


class RunView(Protocol):
    """What a rule may look at; a live run and a run on disk both give it."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """The recorded statistics, in catalogue order."""
        ...

    @property
    def info(self) -> Mapping[str, Any]:
        """The facts of `Start.info`."""
        ...

    @property
    def validation(self) -> Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """metric -> (steps int64[V], values float64[V])."""
        ...

    def names(self, statistic: str) -> tuple[str, ...]:
        """The L names of a statistic; empty where it isn't recorded."""
        ...

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(steps int64[S] ascending, values float32[S, L])."""
        ...


@dataclass(frozen=True)
class Report:
    """The verdicts on a run, root causes first.

    verdicts: root causes, each with the symptoms that it explains.
    steps: how many steps were recorded.
    logdir: where the run is, "" for a run in memory.

    >>> print(Report((), steps=120))
    gradscope: healthy. 120 recorded steps, no cause for concern found.
    """

    verdicts: tuple[Verdict, ...]
    steps: int = 0
    logdir: str = ""

    @property
    def healthy(self) -> bool:
        """True exactly when no verdict is a warning or critical."""
        return all(verdict.severity == "info" for verdict in self.verdicts)

    @property
    def primary(self) -> Verdict | None:
        """The first root cause, or None."""
        return self.verdicts[0] if self.verdicts else None

    def __str__(self) -> str:
        return "\n".join([self._headline(), *(_lines(self.verdicts))])

    def _headline(self) -> str:
        if not self.steps:
            return "gradscope: no step was recorded yet, so there is nothing to judge."
        steps = f"{self.steps} recorded step" + "s" * (self.steps != 1)
        if not self.verdicts:
            return f"gradscope: healthy. {steps}, no cause for concern found."
        state = "healthy, with remarks" if self.healthy else "not healthy"
        return f"gradscope: {state}. {steps}."

    def to_json(self) -> str:
        """The report as JSON text with the keys healthy, steps, logdir and verdicts."""
        return json.dumps(
            {
                "healthy": self.healthy,
                "steps": self.steps,
                "logdir": self.logdir,
                "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            },
            indent=2,
            allow_nan=False,
        )

    def to_markdown(self) -> str:
        """The report as Markdown: a headline, then a section for each root cause."""
        parts = [f"**{self._headline()}**"]
        for verdict in self.verdicts:
            where = f" in `{verdict.layer}`" if verdict.layer else ""
            parts.append(
                f"### {verdict.cause}{where} "
                f"({verdict.severity}, since step {verdict.step}, "
                f"confidence {verdict.confidence:.0%})"
            )
            parts.append(verdict.summary)
            if verdict.symptoms:
                parts.append(
                    "Explains: " + "; ".join(symptom.summary for symptom in verdict.symptoms)
                )
            if verdict.evidence:
                rows = [f"| {key} | {value:.4g} |" for key, value in verdict.evidence.items()]
                parts.append("\n".join(["| evidence | value |", "|---|---|", *rows]))
            if verdict.remedy.text:
                parts.append(f"**What to change.** {verdict.remedy.text}")
            if verdict.remedy.code:
                parts.append(f"```python\n{verdict.remedy.code}\n```")
            if verdict.remedy.reference:
                parts.append(f"Reference: {verdict.remedy.reference}")
        return "\n\n".join(parts) + "\n"

    def raise_if_unhealthy(self) -> None:
        """Nothing for a healthy run.

        Raises UnhealthyRunError, with the report as message, for any other.
        """
        if not self.healthy:
            raise UnhealthyRunError(str(self))


def _lines(verdicts: Sequence[Verdict], indent: str = "") -> list[str]:
    lines: list[str] = []
    for verdict in verdicts:
        lines.append(
            f"{indent}[{verdict.severity}] {verdict.cause}, since step {verdict.step}, "
            f"confidence {verdict.confidence:.0%}"
        )
        lines.append(f"{indent}  {verdict.summary}")
        if verdict.remedy.text:
            lines.append(f"{indent}  What to change: {verdict.remedy.text}")
        lines.extend(f"{indent}    {line}" for line in verdict.remedy.code.splitlines())
        if verdict.symptoms:
            lines.append(f"{indent}  which explains:")
            lines.extend(_lines(verdict.symptoms, indent + "    "))
    return lines
