"""Runs the programs plainly, without gradscope, and prints what they score.

python -m benchmarks.verdicts.injected [FAMILY or part of a name ...] [--seeds 0 1] [--xla]
"""

import argparse
import time

import tensorflow as tf

from benchmarks.verdicts.injected import FAMILIES
from benchmarks.verdicts.program import Program


def run(program: Program, seed: int, xla: bool) -> tuple[float, float, float]:
    """The loss at the first and at the last step, and the score."""
    training = program.start(seed)
    step = tf.function(training.step, jit_compile=xla)
    losses = [float(step(tf.constant(x), tf.constant(y))) for x, y in training.batches]
    return losses[0], losses[-1], training.score()


def main() -> None:
    """Prints a line a run; one that does not behave is marked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts.injected")
    parser.add_argument("parts", nargs="*", help="a family, or a part of names; all without")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--xla", action="store_true", help="compile the step")
    options = parser.parse_args()
    for family, programs in FAMILIES.items():
        for program in programs:
            parts = options.parts or [family]
            if family not in parts and not any(part in program.name for part in parts):
                continue
            for seed in options.seeds:
                began = time.perf_counter()
                first, last, score = run(program, seed, options.xla)
                odd = "" if (score >= program.good) != bool(program.expected) else "  <-- odd"
                print(
                    f"{program.name:34} {seed} loss {first:9.4g} -> {last:9.4g} "
                    f"score {score:6.3f} good {program.good:5.2f} "
                    f"{time.perf_counter() - began:5.1f} s{odd}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
