"""The injected programs: each cause in two kinds of net, and how they are trained and scored."""

from dataclasses import replace

import numpy as np

from benchmarks.verdicts import injected
from benchmarks.verdicts.injected import loops, tasks
from tests.contracts.test_causes import CONTRACT
from tests.unit.benchmarks.test_own_programs import sick, table


def test_each_cause_is_injected_into_two_architectures():
    lines = table(injected)
    nets = {slug: set() for slug in CONTRACT}
    for program in sick(injected):
        nets[lines[program.name][0].split()[0]].add(program.architecture)
    assert {slug for slug, found in nets.items() if len(found) < 2} == set()


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
    program = next(p for p in injected.PROGRAMS if p.name == "born-dead-repaired")
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
