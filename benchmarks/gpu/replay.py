"""Runs exported training steps on the accelerator at hand; needs jax and NumPy alone.

    python -m benchmarks.gpu.replay build/gpu --steps 200 --output build/gpu/replay.json

Compiles the plain and the recorded steps of each workload, checks that they train alike and that
the statistics are those that a CPU computed, and times them block by block in turns. Prints a table
and writes a JSON file. Exit code: 0 if all agree, 1 if weights or statistics don't, 2 if something
can't be read or run.
"""

import argparse
import datetime
import gc
import json
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import jaxlib  # pyright: ignore[reportMissingImports]
import numpy as np

from benchmarks.gpu import cards, checks, manifest, state, table
from benchmarks.gpu.program import Compiled, ProgramError, compile_program
from benchmarks.gpu.running import Run, Times, copy_rate, describe, times
from benchmarks.gpu.state import Array

FORMAT = 1
"""Of the JSON document."""

NUDGES = 3
"""Runs that begin with nudged weights."""

STEPS = 3
"""After which two trainings are compared, where the CPU computed no rows."""


@dataclass(frozen=True)
class Case:
    """One workload: its manifest, folder, stored values and the device it runs on."""

    found: manifest.Manifest
    folder: Path
    stored: dict[str, Array]
    device: Any


def main(arguments: list[str] | None = None) -> int:
    """Replays each workload of an export; the exit code."""
    options = _parser().parse_args(arguments)
    device = jax.devices()[0]
    folders = sorted(path.parent for path in Path(options.directory).glob("**/manifest.json"))
    if options.workloads:
        folders = [folder for folder in folders if folder.name in options.workloads]
    if not folders:
        print(f"replay: nothing to replay in {options.directory}", file=sys.stderr)
        return 2
    document = _document(device)
    print(table.heading(document), flush=True)
    code = 0
    for folder in folders:
        try:
            case = _case(folder, device)
            result = replay(case, document, options.steps, options.reference)
        except (
            *(manifest.ManifestError, state.StateError, ProgramError),
            jax.errors.JaxRuntimeError,  # out of memory, mostly
        ) as error:
            print(f"{folder.name}: {error}", file=sys.stderr)
            code = 2
            continue
        document["workloads"].append(result)
        print(table.rows(result), flush=True)
        Path(options.output).write_text(json.dumps(document, indent=1) + "\n")
        code = max(code, 0 if result["agree"] else 1)
        gc.collect()
    return code


def replay(case: Case, document: dict[str, Any], steps: int, reference: str) -> dict[str, Any]:
    """What one workload gives, as the JSON document holds it.

    steps: timed ones of each arm.
    reference: "stored", or "cpu" to compute rows on jax's CPU where the export holds none.
    """
    # The first compilation of a process also picks the libraries' algorithms, for all that follow.
    cold = compile_program(case.folder, case.found.program(manifest.PLAIN), case.device).seconds
    jax.clear_caches()
    arms = {
        program.arm: compile_program(case.folder, program, case.device)
        for program in case.found.programs
    }
    count = case.found.reference_steps or STEPS
    trained = _judge_weights(case, arms, count)
    compared = _judge_statistics(case, arms, count, reference)
    runs = {arm: Run(compiled, case.stored) for arm, compiled in arms.items()}
    taken = times(runs, steps)
    card = cards.find(document["device"]["kind"])
    verdicts = [*trained.values(), *compared.values()]
    return {
        **_about(case.found),
        "agree": all(verdict.agree for verdict in verdicts),
        "compared_after_steps": count,
        "block": taken.steps,
        "cold_compile_seconds": cold,
        "device": describe(list(arms.values())),
        "finite": {arm: run.finite() for arm, run in runs.items()},
        "arms": {
            arm: {
                **_cost(compiled, arms[manifest.PLAIN], taken, card, document["copy_rate"]),
                "weights": _plainly(trained.get(arm)),
                "statistics": _plainly(compared.get(arm)),
            }
            for arm, compiled in arms.items()
        },
    }


def _about(found: manifest.Manifest) -> dict[str, Any]:
    names = ("workload", "title", "size", "forms", "variables", "layers")
    return {
        **{name: getattr(found, name) for name in names},
        "exported": {**found.versions, "date": found.date},
    }


def _case(folder: Path, device: Any) -> Case:
    found = manifest.read(folder)
    stored = manifest.read_arrays(folder, "state.npz")
    for program in found.programs:
        for given in program.inputs:
            if given.recipe["kind"] == "stored":  # known before anything is compiled
                state.values(given.recipe, given.spec.shape, given.spec.dtype, stored)
    return Case(found, folder, stored, device)


def _judge_weights(case: Case, arms: dict[str, Compiled], steps: int) -> dict[str, checks.Weights]:
    """Recorded arm -> whether it trains as the plain step does."""
    plain = arms[manifest.PLAIN]
    ends = [_weights_after(plain, case, steps, seed) for seed in (None, *range(NUDGES))]
    return {
        arm: checks.weights(ends[0], _weights_after(compiled, case, steps), ends[1:])
        for arm, compiled in arms.items()
        if arm != manifest.PLAIN
    }


def _weights_after(
    compiled: Compiled, case: Case, steps: int, nudged: int | None = None
) -> dict[str, Array]:
    run = Run(compiled, case.stored, nudged)
    run.advance(steps)
    return run.values("weight")


def _judge_statistics(
    case: Case, arms: dict[str, Compiled], steps: int, reference: str
) -> dict[str, checks.Statistics]:
    """Arm -> whether its statistics are those that a CPU computed, where it has any."""
    expected = manifest.read_arrays(case.folder, "reference.npz")
    if not expected and reference == "cpu":
        program = case.found.program(manifest.ALL)
        on_cpu = compile_program(case.folder, program, jax.devices("cpu")[0], exact=True)
        expected = {manifest.ALL: _rows_after(on_cpu, case, steps)}
    judged = {}
    for arm, rows in expected.items():
        compiled = arms[arm]
        if case.device.platform != "cpu":
            # A GPU rounds the factors of float32 products to TF32 unless told otherwise.
            compiled = compile_program(case.folder, compiled.program, case.device, exact=True)
        tables = [_rows_after(compiled, case, steps, seed) for seed in (None, *range(NUDGES))]
        judged[arm] = checks.statistics(
            tables[0], rows, tables[1:], compiled.program.columns, case.found.scales
        )
    return judged


def _rows_after(compiled: Compiled, case: Case, steps: int, nudged: int | None = None) -> Array:
    run = Run(compiled, case.stored, nudged)
    run.advance(steps)
    return run.rows(steps)


def _cost(
    compiled: Compiled, plain: Compiled, taken: Times, card: cards.Card | None, copy_rate: float
) -> dict[str, Any]:
    arm = compiled.program.arm
    seconds = taken.blocks[arm]
    least = cards.floor(card, compiled.bytes, compiled.operations, copy_rate)
    memory, before = compiled.memory, plain.memory
    return {
        "seconds": seconds.tolist(),
        "queued_seconds": taken.queued[arm].tolist(),
        "step_quartiles": _quartiles(seconds),
        "ratio_quartiles": _quartiles(seconds / taken.blocks[manifest.PLAIN]),
        "queued_share": float(np.median(taken.queued[arm] / seconds)),
        "compile_seconds": compiled.seconds,
        "compile_ratio": compiled.seconds / plain.seconds,
        "memory": {**asdict(memory), "peak": memory.peak} if memory else None,
        "memory_ratio": memory.peak / before.peak if memory and before else None,
        "operations": compiled.operations,
        "bytes": compiled.bytes,
        "floor_seconds": least.seconds if least else None,
        "floor_bytes_seconds": least.bytes if least else None,
        "kernels": asdict(compiled.kernels) if compiled.kernels else None,
        "stablehlo": dict(compiled.program.operations),
        "kernels_of_tensorflow_on_cpu": dict(compiled.program.kernels),
    }


def _plainly(verdict: checks.Weights | checks.Statistics | None) -> dict[str, Any] | None:
    """A verdict for the JSON document, which has no NaN: those become text."""
    if verdict is None:
        return None
    found = {**asdict(verdict), "agree": verdict.agree}
    if isinstance(verdict, checks.Statistics):
        strays = [{k: _finite(v) for k, v in asdict(s).items()} for s in verdict.stray[:20]]
        found |= {"beyond": len(verdict.stray), "stray": strays}
    return {name: _finite(value) for name, value in found.items()}


def _finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value


def _quartiles(values: Array) -> list[float]:
    return [float(x) for x in np.percentile(values, (25, 50, 75))]


def _document(device: Any) -> dict[str, Any]:
    card = cards.find(device.device_kind)
    return {
        "format": FORMAT,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join(sys.argv),
        "versions": {
            "jax": jax.__version__,
            "jaxlib": jaxlib.version.__version__,
            "runtime": getattr(device.client, "platform_version", ""),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "device": {"platform": device.platform, "kind": device.device_kind},
        "card": asdict(card) if card else None,
        "copy_rate": copy_rate(device),
        "workloads": [],
    }


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.replay", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("directory", help="what benchmarks.gpu.export wrote")
    parser.add_argument("workloads", nargs="*", help="folders in it; all where none is named")
    parser.add_argument("--steps", type=_count, default=200, help="timed steps of each arm")
    parser.add_argument("--output", default="replay.json", help="the JSON file")
    parser.add_argument(
        "--reference",
        choices=("stored", "cpu"),
        default="stored",
        help="cpu: compute the statistics on jax's CPU where the export holds none",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
