"""Healthy trainings that a rule with fixed limits finds something in; nothing may be said of them.

Losses that end far from 0, or never fall; gradients that are scaled, clipped or noisy; layers that
are frozen, saturated or rarely touched; step sizes out of the ordinary that work.
"""

from benchmarks.verdicts.controls import pairs, pictures, sequences, steps

PROGRAMS = (*pictures.PROGRAMS, *sequences.PROGRAMS, *steps.PROGRAMS, *pairs.PROGRAMS)
