"""`gradscope report --format json`: verdicts and layers of a run for programs.

docs/report-formats.md says what each key means. Keys may be added; VERSION is raised when one
changes its meaning or goes.
"""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradscope.cli import summary
from gradscope.cli.summary import Row, Trend
from gradscope.records import Report, Verdict
from gradscope.run import Run

VERSION = 1


def to_json(judged: Sequence[tuple[Run, Report]], several: bool) -> str:
    """One object, or a list where several runs were found, even if only one could be read."""
    answers = [as_data(run, report) for run, report in judged]
    return json.dumps(answers if several else answers[0], indent=2, allow_nan=False)


def as_data(run: Run, report: Report) -> dict[str, Any]:
    """The keys of `Report.to_json`, and the run's loss and layers; JSON-ready."""
    named = _causes_by_name(report.verdicts)
    loss = summary.loss(run) if len(run.steps) else None
    return {
        "version": VERSION,
        **json.loads(report.to_json()),
        "first_step": int(run.steps[0]) if len(run.steps) else None,
        "last_step": int(run.steps[-1]) if len(run.steps) else None,
        "loss": None if loss is None else _trend(loss),
        "validation": {metric: _trend(it) for metric, it in summary.validation(run).items()},
        "layers": [_row(row, named) for row in summary.rows(run)],
        "notes": list(run.notes),
    }


def _row(row: Row, named: dict[str, list[str]]) -> dict[str, Any]:
    causes = [*named.get(row.name, []), *(named.get(row.layer, []) if row.lead else [])]
    return {
        "name": row.name,
        "layer": row.layer,
        "grad_norm": None if row.gradient is None else _trend(row.gradient),
        "update_ratio": _number(row.update_ratio),
        "weight_norm": _number(row.weight_norm),
        "dead_fraction": _number(row.dead),
        "saturated_fraction": _number(row.saturated),
        "verdicts": list(dict.fromkeys(causes)),
    }


def _trend(trend: Trend) -> dict[str, Any]:
    return {
        "first": _number(trend.first),
        "last": _number(trend.last),
        "median": _number(trend.median),
        "finite": bool(np.isfinite(trend.curve).all()),
    }


def _number(value: float) -> float | None:
    """A number that JSON has, with the seven digits that a float32 holds."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _causes_by_name(verdicts: Sequence[Verdict]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for verdict in _flat(verdicts):
        if verdict.layer is not None:
            named.setdefault(verdict.layer, []).append(verdict.cause)
    return named


def _flat(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    for verdict in verdicts:
        yield verdict
        yield from _flat(verdict.symptoms)
