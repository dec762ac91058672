"""What the accuracy bench counts as right."""

import math

import pytest

from benchmarks.verdicts.scoring import Judged, Said, Share, by_cause, said, score, wilson
from gradscope.records import Report, Verdict


def verdict(cause: str, severity: str = "warning", *symptoms: Verdict) -> Verdict:
    return Verdict(cause, severity, None, 3, 0.95, "It is so.", symptoms=symptoms)


def judged(expected: set[str], trained_well: bool, *causes: str, **more: object) -> Judged:
    answer = Said(frozenset(causes), frozenset(causes[:1]))
    return Judged("set", "program", 0, frozenset(expected), trained_well, answer, **more)


def test_roots_and_symptoms_are_named_and_the_first_root_is_first():
    roots = (
        verdict("learning-rate-high", "critical", verdict("nonfinite")),
        verdict("overfitting"),
    )
    answer = said(Report(roots, steps=100))
    assert answer.named == {"learning-rate-high", "nonfinite", "overfitting"}
    assert answer.first == {"learning-rate-high"}
    assert answer.alarm


def test_remarks_are_no_alarm_and_name_nothing():
    answer = said(Report((verdict("loss-plateau", "info", verdict("nonfinite")),), steps=100))
    assert not answer.alarm
    assert not answer.named and not answer.first
    assert "loss-plateau" in answer.text


def test_a_symptom_that_is_a_remark_names_nothing():
    report = Report((verdict("nonfinite", "critical", verdict("loss-plateau", "info")),), steps=9)
    assert said(report).named == {"nonfinite"}


def test_each_count_has_its_own_runs():
    runs = [
        judged({"a"}, False, "a", "b"),  # right
        judged({"b"}, False, "a", "b"),  # named, but not first
        judged({"c"}, False, "a"),  # noticed only
        judged({"a"}, False),  # not noticed
        judged({"a"}, True),  # meant to fail, trained well: healthy
        judged(set(), True, "a"),  # a false alarm
        judged(set(), False, "a"),  # meant to be healthy, but isn't: left out
    ]
    result = score(runs)
    assert result.noticed == Share(3, 4)
    assert result.named == Share(2, 4)
    assert result.rooted == Share(1, 4)
    assert result.alarms == Share(1, 2)
    assert result.passing == Share(0, 0)


def test_an_alarm_on_the_way_counts_though_it_was_withdrawn():
    runs = [judged(set(), True, alarmed=True), judged(set(), True, alarmed=False)]
    assert score(runs).alarms == Share(0, 2)
    assert score(runs).passing == Share(1, 2)


def test_a_run_is_among_all_causes_that_would_be_right_for_it():
    both, one = judged({"a", "b"}, False), judged({"b"}, False)
    assert by_cause([both, one, judged({"c"}, True)]) == {"a": [both], "b": [both, one]}


# Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3.
@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_the_published_ones(hits, of, low, high):
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_wilson_intervals_of_all_and_of_none():
    assert wilson(20, 20) == pytest.approx((1 - 0.1611, 1.0), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_share_of_none_is_no_number():
    assert str(Share(0, 0)) == "-"
    assert math.isnan(Share(0, 0).value)
