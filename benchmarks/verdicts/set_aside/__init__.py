"""The set-aside half of the accuracy bench: only reported on, never looked at for the rules.

Who writes or changes a rule reads nothing in this package, neither its programs nor which of them
are judged wrongly and how. Written from the meanings of the causes, before the rules.

Sick programs. "accepted": the root causes that are right, the injected one first. "sick" and
"repaired": the scores of the program and of its twin <program>-repaired with seeds 0 and 1,
balanced accuracy for classes, R² for regression (-1 where it is less or not finite), by
`python -m benchmarks.verdicts.set_aside --seeds 0 1`, TensorFlow 2.21, Keras 3.15, CPU.

program                  | accepted                                       | net         | task    | sick        | repaired

Healthy programs that look as if something were wrong with them, and their scores.

program                  | net         | task    | score
"""

from benchmarks.verdicts.program import Program
from benchmarks.verdicts.set_aside import data, fit, flow, objective, step_size, suspicious

# ruff: noqa: E501 - a program is one line of the table

FAMILIES: dict[str, tuple[Program, ...]] = {
    "flow": flow.PROGRAMS,
    "step_size": step_size.PROGRAMS,
    "objective": objective.PROGRAMS,
    "data": data.PROGRAMS,
    "fit": fit.PROGRAMS,
    "suspicious": suspicious.PROGRAMS,
}
"""The programs by the family of their causes; "suspicious" holds healthy ones only."""

PROGRAMS: tuple[Program, ...] = tuple(
    program for programs in FAMILIES.values() for program in programs
)
"""All programs, twins included."""
