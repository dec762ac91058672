"""All figures of docs/overhead.md that `gradscope bench` gives, by one command.

    python -m benchmarks.overhead [--pairs 20] [--device CPU:0] [--output runs/overhead]
    python -m benchmarks.overhead --part families mlp cnn

The four small workloads with each cadence and with each family of statistics alone, the large ones
recorded at every step; for each what it costs once, compile time and peak memory. Prints Markdown,
writes overhead.json (as `gradscope.bench.result` describes it) and overhead.png. An hour on a CPU;
`--part` does one third of it.
"""

import argparse
import json
import sys
from pathlib import Path

from gradscope.bench import plan, plot, result, table

SMALL = ("mlp", "cnn", "transformer", "lstm")
LARGE = tuple(name for name in plan.WORKLOADS if name not in SMALL)

PARTS = ("cadences", "families", "large")


def main() -> None:
    """Measures the parts that are asked for, and prints each as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workloads", nargs="*", help="of those of the part")
    parser.add_argument("--part", choices=PARTS, action="append", help="(default: all)")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a block")
    parser.add_argument("--device", default="CPU:0")
    parser.add_argument("--output", type=Path, default=Path("runs/overhead"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for part in options.part or PARTS:
        planned = plan_of(part, options)
        file = options.output / f"{part}.json"
        document = result.measure(
            planned,
            sys.argv,
            lambda name, doing: print(f"{name}: {doing}\033[K", end="\r", file=sys.stderr),
            lambda found, file=file: _write(file, found),
        )
        print(f"\n### {part}\n\n{table.markdown(document)}", flush=True)
        plot.draw(document, file.with_suffix(".png"))


def plan_of(part: str, options: argparse.Namespace) -> plan.Plan:
    """What is measured of a part: "cadences", "families" or "large"."""
    device = plan.device(options.device)
    all_of_them = LARGE if part == "large" else SMALL
    arms = {
        "cadences": plan.arms(plan.EVERY, families=False),
        "families": plan.arms([1], families=True),
        "large": plan.arms([1], families=False),
    }[part]
    return plan.Plan(
        workloads=plan.chosen(
            [name for name in all_of_them if name in (options.workloads or all_of_them)], False
        ),
        arms=arms,
        device=device,
        pairs=options.pairs,
        seconds=options.seconds,
        compiles={"cadences": 3, "families": 0, "large": 1}[part],
        memory=part != "families",
        size="cpu" if device.startswith("CPU") else "gpu",
    )


def _write(file: Path, document: result.Document) -> None:
    file.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
