"""Trainings whose steps are too small, too large or too noisy, and what repairs them."""

from tests.faults.training import Program

PROGRAMS: tuple[Program, ...] = ()
"""The programs of this family and their twins."""
