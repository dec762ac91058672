"""Small real trainings: for each cause programs that suffer from it, each with a healthy twin.

A program is a plain Keras model and a plain training step; whoever runs it wraps the step:

    training = PROGRAMS["deep-sigmoid"].start()
    step = scope.step(training.step)
    for x, y in training.batches:
        step(x, y)
"""

from tests.faults import data, fit, flow, healthy, labels, objective, step_size, units
from tests.faults.training import Program

_ALL = (
    *flow.PROGRAMS,
    *units.PROGRAMS,
    *step_size.PROGRAMS,
    *objective.PROGRAMS,
    *data.PROGRAMS,
    *labels.PROGRAMS,
    *fit.PROGRAMS,
    *healthy.PROGRAMS,
)

PROGRAMS: dict[str, Program] = {program.name: program for program in _ALL}
"""The programs by name."""

if len(PROGRAMS) < len(_ALL):
    raise ValueError("Two seeded programs share a name.")
