"""Trainings that fit too little or too well, and what repairs them."""

from tests.faults.training import Program

PROGRAMS: tuple[Program, ...] = ()
"""The programs of this family and their twins."""
