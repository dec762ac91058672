"""The half of the injected programs that is only reported on."""

from benchmarks.verdicts import halves

PROGRAMS = halves.set_aside()
