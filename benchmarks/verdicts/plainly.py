"""Programs run without gradscope: whether they score as they are meant to."""

import time
from collections.abc import Sequence

import tensorflow as tf

from benchmarks.verdicts.program import Program


def run(programs: Sequence[Program], seeds: Sequence[int]) -> None:
    """Prints a line for each program and seed; one that does not behave is marked."""
    for program in programs:
        for seed in seeds:
            began = time.perf_counter()
            first, last, score = _train(program, seed)
            odd = "" if (score >= program.good) != bool(program.expected) else "  <-- odd"
            print(
                f"{program.name:34} {seed} loss {first:9.4g} -> {last:9.4g} "
                f"score {score:6.3f} good {program.good:5.2f} "
                f"{time.perf_counter() - began:5.1f} s{odd}",
                flush=True,
            )


def _train(program: Program, seed: int) -> tuple[float, float, float]:
    """The loss at the first and at the last step, and the score."""
    training = program.start(seed)
    step = tf.function(training.step)
    losses = [float(step(tf.constant(x), tf.constant(y))) for x, y in training.batches]
    return losses[0], losses[-1], training.score()
