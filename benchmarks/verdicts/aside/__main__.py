"""Runs the programs plainly, without gradscope, and prints what they score.

python -m benchmarks.verdicts.aside [FAMILY or part of a name ...] [--seeds 0 1] [--xla]
"""

import argparse
import time

from benchmarks.verdicts.aside import FAMILIES
from benchmarks.verdicts.injected.__main__ import run


def main() -> None:
    """Prints a line a run; one that does not behave is marked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts.aside")
    parser.add_argument("parts", nargs="*", help="a family, or a part of names; all without")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--xla", action="store_true", help="compile the step")
    options = parser.parse_args()
    parts = options.parts or list(FAMILIES)
    for family, programs in FAMILIES.items():
        for program in programs:
            if family not in parts and not any(part in program.name for part in parts):
                continue
            for seed in options.seeds:
                began = time.perf_counter()
                before, after, score = run(program, seed, options.xla)
                odd = "" if (score >= program.good) != bool(program.expected) else "  <-- odd"
                print(
                    f"{program.name:34} {seed} loss {before:9.4g} -> {after:9.4g} "
                    f"score {score:6.3f} good {program.good:5.2f} "
                    f"{time.perf_counter() - began:5.1f} s{odd}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
