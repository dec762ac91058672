"""The programs set aside: the common causes are there twice, and their data are what they say."""

from collections import Counter

import numpy as np

from benchmarks.verdicts import aside
from benchmarks.verdicts.aside import rows
from tests.unit.benchmarks.test_own_programs import sick, table

COMMON = (
    "vanishing-gradient dead-units learning-rate-low learning-rate-high over-clipped "
    "over-regularized output-mismatch unnormalized-input unscaled-target class-imbalance "
    "unshuffled-data label-noise underfitting overfitting"
).split()
"""Causes of which there are to be two programs or more."""


def test_the_common_causes_are_injected_twice():
    lines = table(aside)
    counts = Counter(lines[program.name][0].split()[0] for program in sick(aside))
    assert [slug for slug in COMMON if counts[slug] < 2] == []


def test_a_text_says_its_mood_with_negations_undone():
    task = rows.reviews(0, rows=2000)
    glad = np.where(task.x < 32, 0, 1)
    says = (task.x >= 2) & (task.x < 62)
    negated = np.zeros(task.x.shape, bool)
    negated[:, 1:] = task.x[:, :-1] == 1
    right = glad == task.y[:, None]
    assert 0.85 < right[says & ~negated].mean() < 0.95
    assert 0.85 < 1 - right[says & negated].mean() < 0.95


def test_the_tag_of_a_name_follows_its_herald():
    task = rows.names(0, share=0.1, rows=200)
    heralds = np.select([task.x < 5, task.x < 10], [1, 2], 0)
    assert np.array_equal(task.y[:, 1:], heralds[:, :-1]) and not task.y[:, 0].any()
