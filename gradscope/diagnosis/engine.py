"""Judges a run: findings of all rules -> verdicts, root causes first, symptoms beneath them."""

import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import cast

import numpy as np

from gradscope.causes import CAUSES, Cause, explained_by
from gradscope.diagnosis.reading import recorded_steps
from gradscope.diagnosis.rule import Finding, Rule
from gradscope.errors import GradscopeWarning, UsageError
from gradscope.records import RunView
from gradscope.report import RULE_FAILED, SEVERITIES, Remedy, Report, Verdict


class Engine:
    """Runs the rules of a catalogue of causes, and warns once for each rule that fails.

    causes: the catalogue; rules are imported when they are first asked.

    >>> from gradscope.diagnosis.history import History
    >>> Engine().judge(History())
    ()
    """

    def __init__(self, causes: Sequence[Cause] = CAUSES) -> None:
        self._causes = {cause.slug: cause for cause in causes}
        self._failed: set[str] = set()

    def judge(self, run: RunView) -> tuple[Verdict, ...]:
        """The verdicts on a run, root causes first, each with the symptoms that it explains.

        Nothing for a run that is too short to judge. Never raises because of a rule: one that
        fails is left out, with a remark among the verdicts of a run that has records, and with one
        `GradscopeWarning` in this engine's life.
        """
        findings: list[Finding] = []
        failures: dict[str, Exception] = {}
        for rule in dict.fromkeys(cause.rule for cause in self._causes.values()):
            try:
                with np.errstate(all="ignore"):
                    findings.extend(_load(rule)(run))
            except Exception as error:
                failures[rule] = error
                # Where warnings are errors, this one must not end anything either.
                with suppress(GradscopeWarning):
                    self._warn(rule, error)
        known = [f for f in findings if not self._causes[f.cause].alone]
        if any(finding.severity != "info" for finding in known):
            findings = known
        return (*arrange(findings, self._causes), *_remark(failures, run))

    def _warn(self, rule: str, error: Exception) -> None:
        if rule in self._failed:
            return
        self._failed.add(rule)
        warnings.warn(
            f"gradscope: the rule {rule!r} failed with {type(error).__name__}: {error}. "
            "Its causes are not judged; the other rules and the training go on.",
            GradscopeWarning,
            stacklevel=3,
        )


def judge(run: RunView) -> tuple[Verdict, ...]:
    """The verdicts on a run by a fresh `Engine`; see `Engine.judge`."""
    return Engine().judge(run)


def diagnose(run: RunView | str | os.PathLike[str]) -> Report:
    """The report on a run: a `Run`, any other `RunView`, or the log directory of one.

    Judges anew, with the rules of this version. Raises RunError where the directory holds no run
    that can be read, UsageError for anything else.

    >>> from gradscope.diagnosis.history import History
    >>> diagnose(History()).healthy
    True
    """
    if isinstance(run, str | os.PathLike):
        from gradscope.run import open_run

        logdir, view = str(run), cast(RunView, open_run(run))
    else:
        if not all(hasattr(run, name) for name in ("statistics", "names", "series")):
            kind = type(run).__name__
            raise UsageError(f"diagnose: expected a run or a log directory, got {kind}.")
        logdir, view = str(getattr(run, "logdir", "")), run
    return Report(judge(view), steps=len(recorded_steps(view)), logdir=logdir)


def arrange(findings: Sequence[Finding], causes: dict[str, Cause]) -> tuple[Verdict, ...]:
    """The findings as verdicts: roots by severity, then by the step at which they began.

    A finding is a symptom of another one where the causal graph leads from that one's cause to
    its own, where that one began no later, and where it is no mere remark. A symptom hangs under
    the root that began first. Several findings of one cause become one verdict, with the others as
    its symptoms.
    """
    ordered = sorted(findings, key=_rank)
    leaders: dict[str, Finding] = {}
    for finding in ordered:
        leaders.setdefault(finding.cause, finding)
    roots = [
        f for f in leaders.values() if not any(_explains(o, f, causes) for o in leaders.values())
    ]
    beneath: dict[str, list[Finding]] = {root.cause: [] for root in roots}
    for finding in ordered:
        leader = leaders[finding.cause]
        if finding is leader and leader in roots:
            continue
        explaining = [r for r in roots if r is leader or _explains(r, leader, causes)]
        root = min(explaining, key=lambda r: (r is not leader, r.step, _rank(r)))
        beneath[root.cause].append(finding)
    return tuple(
        _verdict(root, tuple(_verdict(f) for f in sorted(beneath[root.cause], key=_age)))
        for root in roots
    )


def _remark(failures: Mapping[str, Exception], run: RunView) -> tuple[Verdict, ...]:
    """That rules failed: without it, a run that nobody judged would pass for a healthy one."""
    steps = recorded_steps(run)
    if not failures or not len(steps):
        return ()
    said = "; ".join(f"{rule} ({type(e).__name__}: {e})" for rule, e in failures.items())
    return (
        Verdict(
            cause=RULE_FAILED,
            severity="info",
            layer=None,
            step=int(steps[0]),
            confidence=1.0,
            summary=f"A rule failed, so that its causes are not judged: {said}.",
            evidence={"failed_rules": float(len(failures))},
            remedy=Remedy("Please report it: it is a mistake of gradscope's, not of the training."),
        ),
    )


def _load(rule: str) -> Rule:
    return import_module(f"gradscope.diagnosis.rules.{rule}").find


def _rank(finding: Finding) -> tuple[int, int, float]:
    return (-SEVERITIES.index(finding.severity), finding.step, -finding.confidence)


def _age(finding: Finding) -> tuple[int, int]:
    return (finding.step, -SEVERITIES.index(finding.severity))


def _explains(cause: Finding, effect: Finding, causes: dict[str, Cause]) -> bool:
    return (
        effect.cause in explained_by(cause.cause, causes)
        and cause.step <= effect.step
        and (cause.severity != "info" or effect.severity == "info")
    )


def _verdict(finding: Finding, symptoms: tuple[Verdict, ...] = ()) -> Verdict:
    return Verdict(
        cause=finding.cause,
        severity=finding.severity,
        layer=finding.layer,
        step=finding.step,
        confidence=min(1.0, max(0.0, float(finding.confidence))),
        summary=finding.summary,
        evidence={name: float(value) for name, value in finding.evidence.items()},
        symptoms=symptoms,
        remedy=finding.remedy,
    )
