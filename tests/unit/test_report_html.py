"""What a notebook shows of a report: HTML that stands alone and executes nothing."""

import dataclasses
from html.parser import HTMLParser

import pytest

from gradscope import markup
from gradscope.preflight_checks.result import Check, Preflight
from gradscope.report import LEAST_STEPS, Remedy, Report, Verdict

EVIL = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
SYMPTOM = Verdict("loss-spike", "warning", "head/kernel", 9, 0.91, "The loss jumps.")
ROOT = Verdict(
    "exploding-gradient", "critical", "d/kernel", 3, 0.97, "It grows.", {"factor_at_end": 12.0},
    (SYMPTOM,), Remedy("Go slower.", "rate = 1\nmore = 2", "A paper"),
)  # fmt: skip


class Elements(HTMLParser):
    """The elements of a text with their attributes, all of which must be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.folded: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if "details" in self._open and "summary" not in self._open:
            self.folded.append(data)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.found}


def shown(report: Report) -> Elements:
    return Elements(report._repr_html_())


def test_it_says_what_where_since_when_how_sure_and_what_to_change():
    text = " ".join(" ".join(shown(Report((ROOT,), steps=50)).text).split())
    for part in (
        "✖ critical", "gradscope: not healthy. 50 recorded steps.", "exploding-gradient",
        "d/kernel", "since step 3, confidence 97%", "It grows.", "What to change:", "Go slower.",
        "rate = 1 more = 2", "Reference: A paper", "gradscope explain exploding-gradient",
    ):  # fmt: skip
        assert part in text


def test_symptoms_and_evidence_are_folded_and_named():
    page = shown(Report((ROOT,), steps=50))
    assert "It explains: loss-spike" in page.text
    folded = " ".join(page.folded)
    assert "The loss jumps." in folded and "head/kernel" in folded
    assert "factor at end" in folded and "12" in folded
    assert "It grows." not in folded


def test_nothing_in_a_run_becomes_an_element():
    evil = Verdict(
        EVIL, "critical", EVIL, 3, 0.97, EVIL, {EVIL: 1.0},
        (dataclasses.replace(SYMPTOM, cause=EVIL, layer=EVIL, summary=EVIL),),
        Remedy(EVIL, EVIL, EVIL),
    )  # fmt: skip
    page = shown(Report((evil,), steps=50))
    assert page.tags == shown(Report((ROOT,), steps=50)).tags
    assert "script" not in page.tags and "img" not in page.tags
    assert "".join(page.text).count(EVIL) >= 9, "and yet each can be read"


def test_it_needs_neither_script_nor_style_sheet_nor_network():
    page = shown(Report((ROOT,), steps=50))
    assert not page.tags & {"script", "style", "link", "img", "iframe"}
    attributes = {name for _, given in page.found for name in given}
    assert attributes <= {"style", "class"}
    assert not any("url(" in (given.get("style") or "") for _, given in page.found)


def test_text_keeps_the_colour_of_the_notebook():
    """On a dark ground black text is gone: only badges, which bring their ground, set a colour."""
    for _, given in shown(Report((ROOT,), steps=50)).found:
        style = given.get("style") or ""
        if "color:#" in style.replace("background-color", ""):
            assert "background:#" in style


@pytest.mark.parametrize(
    ("report", "word"),
    [
        (Report((), steps=LEAST_STEPS), "✔ healthy"),
        (Report((), steps=1), "i"),
        (Report((dataclasses.replace(ROOT, severity="info"),), steps=50), "i"),
        (Report((dataclasses.replace(ROOT, severity="warning"),), steps=50), "▲ warning"),
    ],
)
def test_only_a_run_that_was_judged_and_found_well_is_called_healthy(report, word):
    assert shown(report).text[0] == word


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb` (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [*markup._COLOURS.values(), markup._WELL])
def test_badges_and_borders_can_be_told_on_light_and_dark(colour):
    assert contrast(colour, "#ffffff") >= 4.5, "white letters on it"
    assert contrast(colour, "#111111") >= 3, "its edge on a dark page"


def test_a_preflight_shows_its_checks_and_no_steps():
    check = Check("labels", False, f"classes 1 to 10 for 10 outputs {EVIL}")
    page = shown(Preflight((ROOT,), checks=(check,), seconds=1.5))
    text = " ".join(page.text)
    assert "labels" in page.text and check.figure in page.text
    assert "since step" not in text and "not ready" in text
    assert "script" not in page.tags
