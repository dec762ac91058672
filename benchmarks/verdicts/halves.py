"""The injected programs in two halves, by their order alone: nobody chose what goes where.

Of each injected cause the first program is for development, the others are set aside, each with
its twin; of the healthy ones that look odd every other one.
"""

from benchmarks.verdicts.injected import FAMILIES
from benchmarks.verdicts.injected.table import injected_causes
from benchmarks.verdicts.program import Program


def development() -> tuple[Program, ...]:
    """The half that the rules may be looked at with."""
    return tuple(p for p, aside in _parted() if not aside)


def set_aside() -> tuple[Program, ...]:
    """The half that is only reported on."""
    return tuple(p for p, aside in _parted() if aside)


def _parted() -> list[tuple[Program, bool]]:
    """(program, whether it is set aside). A twin that several share goes with the first."""
    causes, seen = injected_causes(), set[str]()
    where: dict[str, bool] = {}
    for family, programs in FAMILIES.items():
        known = {program.name: program for program in programs}
        if family == "suspicious":
            where |= {name: place % 2 == 1 for place, name in enumerate(known)}
            continue
        for name, program in known.items():
            if program.expected:
                where[name] = causes[name] in seen
                where.setdefault(program.twin, where[name])
                seen.add(causes[name])
    every = [program for programs in FAMILIES.values() for program in programs]
    return [(program, where[program.name]) for program in every]
