"""The programs that the rules were written beside, those of tests/faults, as a set of the bench.

They are short, and what becomes of them is part of the tests: their labels are given, not measured.
"""

import random
from typing import Any

import keras
import numpy as np

from benchmarks.verdicts.program import Program, Training
from tests.faults import programs
from tests.faults.training import Program as Seeded

WELL, BADLY = 1.0, 0.0
"""The score of a program that is meant to be healthy, and of one that isn't."""


def _adapt(seeded: Seeded) -> Program:
    def start(seed: int) -> Training:
        random.seed(seed)
        np.random.seed(seed)
        keras.utils.set_random_seed(seed)
        training = seeded.start()
        batches: Any = training.batches
        return Training(
            model=training.model,
            step=training.step,
            batches=batches,
            epoch=training.epoch or len(batches),
            validate=training.validate or dict[str, float],
            score=lambda: BADLY if seeded.cause else WELL,
        )

    expected = frozenset({seeded.cause, *seeded.also} if seeded.cause else ())
    return Program(seeded.name, expected, start, (WELL + BADLY) / 2, seeded.twin, "")


PROGRAMS = tuple(_adapt(program) for program in programs.PROGRAMS.values())
