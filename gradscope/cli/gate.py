"""What `gradscope check` makes of a report: passed, failed, or not to be judged."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from gradscope.report import RULE_FAILED, SEVERITIES, Report, Severity, Verdict

Result = Literal["passed", "failed", "unjudged"]


@dataclass(frozen=True)
class Judgement:
    """A report against a limit.

    report: the whole report, with what is ignored.
    result: "unjudged" where nothing fails but too little was seen.
    failing: causes at or above the limit, in the order of the report.
    ignored: causes that would have counted, had they not been named.
    sentence: the same for a person.
    """

    report: Report
    result: Result
    failing: tuple[str, ...]
    ignored: tuple[str, ...]
    sentence: str


def judge(report: Report, fail_on: Severity, ignored: Set[str] = frozenset()) -> Judgement:
    """The judgement on a report.

    fail_on: the least severity that fails.
    ignored: slugs of causes that do not count. A symptom of an ignored cause counts by itself: it
        may have other causes, and hiding a NaN behind a learning rate that someone has accepted
        would make a gate of no use.

    >>> sick = Verdict("overfitting", "warning", None, 40, 0.97, "Validation gets worse.")
    >>> judge(Report((sick,), steps=500), "warning").result
    'failed'
    >>> judge(Report((sick,), steps=500), "warning", {"overfitting"}).sentence
    'passed. Ignored: overfitting (warning).'
    """
    found = list(_flat(report.verdicts))
    # a rule that failed says nothing of the run: it leaves it unjudged
    alarming = [v for v in found if _reaches(v, fail_on) and v.cause != RULE_FAILED]
    failing = _causes(verdict for verdict in alarming if verdict.cause not in ignored)
    left_out = [verdict for verdict in alarming if verdict.cause in ignored]
    # without what is ignored, the run may be too short for its silence to mean anything
    rest = tuple(verdict for verdict in found if verdict.cause not in ignored)
    judged = replace(report, verdicts=rest).judged
    result: Result = "failed" if failing else "passed" if judged else "unjudged"
    return Judgement(
        report=report,
        result=result,
        failing=failing,
        ignored=_causes(left_out),
        sentence=_sentence(result, failing, left_out, rest, fail_on),
    )


def _sentence(
    result: Result,
    failing: Sequence[str],
    left_out: Sequence[Verdict],
    rest: Sequence[Verdict],
    fail_on: Severity,
) -> str:
    said = {
        "failed": f"failed by {', '.join(failing)}.",
        "passed": "passed.",
        "unjudged": "not passed, since too little was seen to judge.",
    }[result]
    if left_out:
        causes = dict.fromkeys(f"{verdict.cause} ({verdict.severity})" for verdict in left_out)
        said += f" Ignored: {', '.join(causes)}."
    lesser = dict.fromkeys(
        f"{verdict.cause} ({verdict.severity})"
        for verdict in rest
        if verdict.severity != "info" and not _reaches(verdict, fail_on)
    )
    if lesser:
        said += f" Below --fail-on {fail_on}: {', '.join(lesser)}."
    raised = [
        (symptom.cause, verdict.cause)
        for verdict in left_out
        for symptom in verdict.symptoms
        if symptom.cause in failing
    ]
    for symptom, cause in dict.fromkeys(raised):
        said += f" {symptom} counts though {cause}, which explains it, is ignored."
    return said


def _flat(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    for verdict in verdicts:
        yield verdict
        yield from _flat(verdict.symptoms)


def _reaches(verdict: Verdict, severity: Severity) -> bool:
    return SEVERITIES.index(verdict.severity) >= SEVERITIES.index(severity)


def _causes(verdicts: "Sequence[Verdict] | Iterator[Verdict]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(verdict.cause for verdict in verdicts))
