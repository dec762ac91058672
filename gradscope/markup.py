"""Verdicts as HTML that needs no script, style sheet or network: in notebooks, pages and mails.

Every style stands on its element, and text keeps the reader's own colour, so that it reads on light
and dark grounds alike. Whatever a run holds is escaped.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from gradscope.causes import BY_SLUG

if TYPE_CHECKING:
    from gradscope.report import Report, Severity, Verdict

# each of them with white on it, and on white or black, at 3:1 at least
_COLOURS: Mapping["Severity", str] = {
    "info": "#1a73c7",
    "warning": "#b06000",
    "critical": "#d0322b",
}
_WELL = "#1a7f3c"
_SIGNS: Mapping["Severity", str] = {"info": "i", "warning": "▲", "critical": "✖"}

_DIM = "opacity:.75"
_CODE = (
    "margin:.4em 0;padding:.5em .7em;overflow-x:auto;white-space:pre;border-radius:4px;"
    "background:rgba(127,127,127,.16);color:inherit;font-family:monospace;font-size:.95em"
)
_CELL = "padding:.1em .8em .1em 0;text-align:left;border:0"


def report_html(report: "Report", dated: bool = True, between: str = "") -> str:
    """A report as one element: the headline, then a card for each root cause.

    dated: whether the verdicts have a step and a confidence that mean something.
    between: HTML that goes between headline and cards.
    """
    cards = "".join(card(verdict, dated) for verdict in report.verdicts)
    return (
        '<div class="gradscope-report" style="max-width:60em;line-height:1.45">'
        f"{headline(report)}{between}{cards}{cost(report)}</div>"
    )


def headline(report: "Report") -> str:
    """How the run is, with a word, a sign and a colour that say the same."""
    first = report.primary
    if not report.healthy and first is not None:
        mark = _badge(f"{_SIGNS[first.severity]} {first.severity}", _COLOURS[first.severity])
    elif report.judged and first is None:
        mark = _badge("✔ healthy", _WELL)
    else:
        mark = _badge("i", _COLOURS["info"])
    return f'<p style="margin:.4em 0">{mark} <strong>{escape(report.headline)}</strong></p>'


def cost(report: "Report") -> str:
    """What recording cost, as a quiet line; nothing where it was not measured."""
    return _block(escape(report.overhead.sentence), _DIM) if report.overhead else ""


def card(verdict: "Verdict", dated: bool = True) -> str:
    """One root cause: what, where, since when, what to change; symptoms and evidence folded."""
    colour = _COLOURS[verdict.severity]
    parts = [_title(verdict, dated), _block(escape(verdict.summary))]
    remedy = verdict.remedy
    if remedy.text:
        parts.append(_block(f"<strong>What to change:</strong> {escape(remedy.text)}"))
    if remedy.code:
        parts.append(f'<pre style="{_CODE}">{escape(remedy.code)}</pre>')
    if remedy.reference:
        parts.append(_block(f"Reference: {escape(remedy.reference)}", _DIM))
    if verdict.cause in BY_SLUG:
        parts.append(_block(f"More: <code>gradscope explain {escape(verdict.cause)}</code>", _DIM))
    parts += [_symptoms(verdict.symptoms, dated), _evidence(verdict.evidence)]
    style = f"border-left:4px solid {colour};padding:.2em 0 .2em .8em;margin:.8em 0"
    return f'<div style="{style}">{"".join(parts)}</div>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A plain table of text; an empty header is left out."""
    head = "".join(f'<th style="{_CELL}">{escape(title)}</th>' for title in header)
    lines = [f"<tr>{head}</tr>"] if header else []
    for row in rows:
        cells = "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return f'<table style="border-collapse:collapse;margin:.3em 0">{"".join(lines)}</table>'


def figure(value: float) -> str:
    """A number with four significant digits.

    >>> figure(0.000123456), figure(float("nan")), figure(3.0)
    ('0.0001235', 'NaN', '3')
    """
    return f"{value:.4g}" if math.isfinite(value) else str(value).replace("nan", "NaN")


def evidence_name(key: str) -> str:
    """The key of a piece of evidence as words.

    >>> evidence_name("loss_at_start")
    'loss at start'
    """
    return key.replace("_", " ")


def _title(verdict: "Verdict", dated: bool) -> str:
    badge = _badge(f"{_SIGNS[verdict.severity]} {verdict.severity}", _COLOURS[verdict.severity])
    where = f"in <code>{escape(verdict.layer)}</code>" if verdict.layer else ""
    since = f"since step {verdict.step}, confidence {verdict.confidence:.0%}" if dated else ""
    said = ", ".join(part for part in (where, since) if part)
    return _block(
        f'{badge} <strong>{escape(verdict.cause)}</strong> <span style="{_DIM}">{said}</span>'
    )


def _symptoms(symptoms: Sequence["Verdict"], dated: bool) -> str:
    if not symptoms:
        return ""
    causes = ", ".join(dict.fromkeys(symptom.cause for symptom in symptoms))
    items = "".join(
        f'<li style="margin:.4em 0">{_title(one, dated)}{_block(escape(one.summary))}</li>'
        for one in symptoms
    )
    return _folded(f"It explains: {causes}", f'<ul style="margin:.2em 0">{items}</ul>')


def _evidence(evidence: Mapping[str, float]) -> str:
    if not evidence:
        return ""
    rows = [(evidence_name(key), figure(value)) for key, value in evidence.items()]
    return _folded("Evidence", table((), rows))


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _block(content: str, style: str = "") -> str:
    return f'<div style="margin:.2em 0;{style}">{content}</div>'


def _badge(text: str, colour: str) -> str:
    style = f"background:{colour};color:#fff;border-radius:3px;padding:0 .45em;font-weight:600"
    return f'<span style="{style}">{escape(text)}</span>'
