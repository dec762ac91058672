"""Trainings whose loss, output and targets don't fit, and what repairs them."""

from tests.faults.training import Program

PROGRAMS: tuple[Program, ...] = ()
"""The programs of this family and their twins."""
