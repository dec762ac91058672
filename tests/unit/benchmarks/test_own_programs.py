"""Our own programs: each has a healthy twin, and their tables say what is so of them."""

from collections import Counter
from types import ModuleType

import pytest

from benchmarks.verdicts import aside, injected
from benchmarks.verdicts.program import Program
from tests.contracts.test_causes import CONTRACT

LEAST_SICK, LEAST_HEALTHY = 34, 12

each_set = pytest.mark.parametrize("programs", [injected, aside], ids=["injected", "aside"])


def table(programs: ModuleType) -> dict[str, list[str]]:
    """The lines of the table in a docstring by name; of a sick one the injected cause first."""
    lines = [line.split("|") for line in (programs.__doc__ or "").splitlines()]
    return {cells[0].strip(): [c.strip() for c in cells[1:]] for cells in lines if len(cells) > 2}


def sick(programs: ModuleType) -> list[Program]:
    """Those with a fault."""
    return [program for program in programs.PROGRAMS if program.expected]


def healthy(programs: ModuleType) -> list[Program]:
    """Those without one that are nobody's twin."""
    twins = {program.twin for program in sick(programs)}
    return [p for p in programs.PROGRAMS if not p.expected and p.name not in twins]


def test_names_are_unique_over_both():
    counts = Counter(program.name for program in (*injected.PROGRAMS, *aside.PROGRAMS))
    assert [name for name, count in counts.items() if count > 1] == []


@each_set
def test_sizes(programs):
    assert len(sick(programs)) >= LEAST_SICK
    assert len(healthy(programs)) >= LEAST_HEALTHY


@each_set
def test_a_sick_program_has_a_healthy_twin(programs):
    known = {program.name: program for program in programs.PROGRAMS}
    for program in sick(programs):
        twin = known[program.twin]
        assert not twin.expected and not twin.twin, program.name
        assert (twin.good, twin.architecture) == (program.good, program.architecture), program.name


@each_set
def test_accepted_causes_are_the_contracts_and_few(programs):
    assert {slug for program in sick(programs) for slug in program.expected} <= CONTRACT
    assert max(len(program.expected) for program in sick(programs)) <= 3


@each_set
def test_every_cause_is_injected(programs):
    lines = table(programs)
    assert {lines[program.name][0].split()[0] for program in sick(programs)} == CONTRACT


@each_set
def test_the_table_names_each_program_with_what_is_accepted(programs):
    lines = table(programs)
    for program in sick(programs):
        accepted, net, *_ = lines[program.name]
        assert set(accepted.split()) == program.expected
        assert net == program.architecture
    for program in healthy(programs):
        assert lines[program.name][0] == program.architecture


@each_set
def test_measured_scores_tell_sick_from_healthy(programs):
    lines = table(programs)
    for program in sick(programs):
        badly, well = (list(map(float, cell.split())) for cell in lines[program.name][3:5])
        assert max(badly) < program.good <= min(well), program.name
    for program in healthy(programs):
        assert min(map(float, lines[program.name][2].split())) >= program.good, program.name
