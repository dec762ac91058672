"""The injected programs: each has a healthy twin, and together they cover every cause."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.verdicts import injected
from benchmarks.verdicts.injected import loops, tasks
from benchmarks.verdicts.program import Program
from tests.contracts.test_causes import CONTRACT

PROGRAMS = {program.name: program for program in injected.PROGRAMS}
SICK = [program for program in injected.PROGRAMS if program.expected]
TABLE = {
    cells[0]: cells[1:]
    for line in (injected.__doc__ or "").splitlines()
    if len(cells := [cell.strip() for cell in line.split("|")]) > 2
}
"""The lines of the table in the docstring by name; of a sick program the injected cause first."""
CONTROLS = set(PROGRAMS) - {program.twin for program in SICK} - {p.name for p in SICK}


def test_names_are_unique():
    counts = Counter(program.name for program in injected.PROGRAMS)
    assert [name for name, count in counts.items() if count > 1] == []


def test_sizes():
    assert len(SICK) >= 30 and len(CONTROLS) >= 12


@pytest.mark.parametrize("program", SICK, ids=lambda program: program.name)
def test_a_sick_program_has_a_healthy_twin(program: Program):
    twin = PROGRAMS[program.twin]
    assert not twin.expected and not twin.twin
    assert (twin.good, twin.architecture) == (program.good, program.architecture)


def test_expected_slugs_are_the_contracts():
    assert {slug for program in SICK for slug in program.expected} <= CONTRACT


def test_each_cause_is_injected_into_two_architectures():
    nets = {slug: set() for slug in CONTRACT}
    for program in SICK:
        nets[TABLE[program.name][0].split()[0]].add(program.architecture)
    assert {slug for slug, found in nets.items() if len(found) < 2} == set()


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


def test_epochs_are_the_same_each_time_and_shuffled_anew_each_epoch():
    x = np.arange(20)
    batches = loops.Epochs(x, x, batch=6, steps=7, seed=0, shuffle=True)
    first, second = list(batches), list(batches)
    assert len(first) == len(batches) == 7
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
    epochs = [np.concatenate([b[0] for b in first[i : i + 3]]) for i in (0, 3)]
    assert [len(set(epoch)) for epoch in epochs] == [18, 18]
    assert epochs[0].tolist() != epochs[1].tolist()


def test_unshuffled_epochs_keep_the_order():
    x = np.arange(6)
    batches = loops.Epochs(x, x, batch=2, steps=4, seed=0, shuffle=False)
    assert [b[0].tolist() for b in batches] == [[0, 1], [2, 3], [4, 5], [0, 1]]


def test_a_program_starts_alike_each_time():
    program = PROGRAMS["born-dead-repaired"]
    one, two = program.start(3), program.start(3)
    assert one.validate() == two.validate()
    assert one.validate() != program.start(4).validate()
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one.batches, two.batches, strict=True))


def test_scores_are_balanced_accuracy_and_r_squared():
    task = tasks.Task(*[np.zeros((4, 1), np.float32)] * 4, np.zeros((4, 1)), np.array([0, 0, 0, 1]))
    # always class 0: three of four are right, one of two recalls
    assert _score(task, classes=2, says=-1.0) == 0.5
    assert _score(task, classes=2, says=np.nan) == 0.5
    targets = np.array([[1.0], [2.0], [3.0], [6.0]])
    task = tasks.Task(*[np.zeros((4, 1), np.float32)] * 5, targets)
    assert _score(task, classes=0, says=3.0) == 0.0
    assert _score(task, classes=0, says=np.nan) == -1.0


def _score(task: tasks.Task, classes: int, says: float) -> float:
    """The score of a model that says the same of each row."""

    def model(x, training):
        return x * 0 + says

    task = replace(task, classes=classes)
    return loops.training(0, task, model, None, lambda y, p: p, steps=1, batch=1).score()
