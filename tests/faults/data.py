"""Trainings on bad data, and what repairs them."""

from tests.faults.training import Program

PROGRAMS: tuple[Program, ...] = ()
"""The programs of this family and their twins."""
