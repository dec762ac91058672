"""The sets of programs, by name. Importing one imports Keras."""

from importlib import import_module

from benchmarks.verdicts.program import Program

SETS = {
    "published": "benchmarks.verdicts.published",
    "controls": "benchmarks.verdicts.controls",
    "seeded": "benchmarks.verdicts.seeded",
    "development": "benchmarks.verdicts.injected",
    "set-aside": "benchmarks.verdicts.aside",
}
"""Where each set is: a module with PROGRAMS, a sequence of `Program`."""


def programs(name: str) -> dict[str, Program]:
    """The programs of a set by name. Raises KeyError for a set that isn't there."""
    found: dict[str, Program] = {}
    for program in import_module(SETS[name]).PROGRAMS:
        if program.name in found:
            raise ValueError(f"{name}: two programs are named {program.name!r}")
        found[program.name] = program
    return found
