"""The half of the injected programs that the rules may be looked at with."""

from benchmarks.verdicts import halves

PROGRAMS = halves.development()
