"""The programs set aside: each has a healthy twin, and together they cover every cause."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.verdicts import aside, injected
from benchmarks.verdicts.aside import rows
from benchmarks.verdicts.program import Program
from tests.contracts.test_causes import CONTRACT

PROGRAMS = {program.name: program for program in aside.PROGRAMS}
SICK = [program for program in aside.PROGRAMS if program.expected]
CONTROLS = set(PROGRAMS) - {program.twin for program in SICK} - {p.name for p in SICK}
TABLE = {
    cells[0]: cells[1:]
    for line in (aside.__doc__ or "").splitlines()
    if len(cells := [cell.strip() for cell in line.split("|")]) > 2
}
"""The lines of the table in the docstring by name; of a sick program the injected cause first."""

COMMON = (
    "vanishing-gradient dead-units learning-rate-low learning-rate-high over-clipped "
    "over-regularized output-mismatch unnormalized-input unscaled-target class-imbalance "
    "unshuffled-data label-noise underfitting overfitting"
).split()
"""Causes of which there are to be two programs or more."""


def test_names_are_unique_and_not_those_of_the_injected():
    counts = Counter(program.name for program in (*aside.PROGRAMS, *injected.PROGRAMS))
    assert [name for name, count in counts.items() if count > 1] == []


def test_sizes():
    assert len(SICK) >= 34 and len(CONTROLS) >= 12


@pytest.mark.parametrize("program", SICK, ids=lambda program: program.name)
def test_a_sick_program_has_a_healthy_twin(program: Program):
    twin = PROGRAMS[program.twin]
    assert not twin.expected and not twin.twin
    assert (twin.good, twin.architecture) == (program.good, program.architecture)


def test_each_accepted_slug_is_the_contracts_and_they_are_few():
    assert {slug for program in SICK for slug in program.expected} <= CONTRACT
    assert max(len(program.expected) for program in SICK) <= 3


def test_each_cause_is_injected_and_the_common_ones_twice():
    counts = Counter(TABLE[program.name][0].split()[0] for program in SICK)
    assert set(counts) == CONTRACT
    assert [slug for slug in COMMON if counts[slug] < 2] == []


def test_the_table_names_each_program_with_what_is_accepted():
    for program in SICK:
        assert set(TABLE[program.name][0].split()) == program.expected
        assert TABLE[program.name][1] == program.architecture
    assert {name: TABLE[name][0] for name in CONTROLS} == {
        name: PROGRAMS[name].architecture for name in CONTROLS
    }


def test_measured_scores_tell_sick_from_healthy():
    for program in SICK:
        sick, well = ([float(score) for score in cell.split()] for cell in TABLE[program.name][3:5])
        assert max(sick) < program.good <= min(well), program.name
    for name in CONTROLS:
        assert min(map(float, TABLE[name][2].split())) >= PROGRAMS[name].good, name


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
