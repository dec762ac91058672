"""Where the time of a recorded step goes: the kernels of both programs, by kind.

    python -m benchmarks.kernels [--steps 60] [mlp cnn transformer lstm]

TensorFlow's profiler times each kernel of the plain and of the recorded program on the CPU; kernels
whose names differ in a number only are of one kind. A kernel's time is the lower third of its
calls, so that what disturbs some of them does not count. Kernels run side by side on all cores, so
that the sums are larger than the time of a step.
"""

import argparse
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from gradscope.bench import timing, workloads

messages: Any = xplane_pb2  # made while it is imported, which no checker sees

WARM_UP = 5

NO_KERNEL = re.compile(
    r"::|^(end: |\$|MemoryA|MemoryD|Thunk|TFE_|Eager|Cpu|BlockUntil|__inference|XlaL|Run|Get)"
    r"|^Handle|Executor|Cancelable|convert_to_tensor|^tf\.|^step|^train_step|Placement|Populate"
)
"""Entries of the profile that are no kernels: TensorFlow's own, and those that hold others."""


class Kind(NamedTuple):
    """Kernels of one kind: microseconds of a step, and how many there are."""

    microseconds: float
    count: float


def main() -> None:
    """Prints a table for each workload."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workloads", nargs="*", default=["mlp", "cnn", "transformer", "lstm"])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rows", type=int, default=16)
    options = parser.parse_args()
    for name in options.workloads:
        workload = workloads.build(name, "cpu")
        batch = timing.batch(workload)
        plain = kernels(partial(timing.plain_step(workload)[1], *batch), options.steps)
        with timing.recorded_step(workload, 1) as recorded:
            with_it = kernels(partial(recorded.step, *batch), options.steps)
        show(name, plain, with_it, options.rows)


def kernels(step: Callable[[], Any], steps: int) -> dict[str, Kind]:
    """The kinds of kernels of a step, by name."""
    for _ in range(WARM_UP):
        step()
    with tempfile.TemporaryDirectory() as logdir:
        tf.profiler.experimental.start(logdir)
        for _ in range(steps):
            step()
        tf.profiler.experimental.stop()
        (file,) = Path(logdir).rglob("*.xplane.pb")
        space = messages.XSpace.FromString(file.read_bytes())
    kinds: dict[str, Kind] = defaultdict(lambda: Kind(0.0, 0.0))
    for name, durations in _durations(space).items():
        kind = re.sub(r"[.\d]+$", "", name)
        calls = len(durations) / steps
        microseconds = float(np.percentile(durations, 33)) * calls
        kinds[kind] = Kind(kinds[kind].microseconds + microseconds, kinds[kind].count + calls)
    return dict(kinds)


def _durations(space: Any) -> dict[str, list[float]]:
    """Microseconds of each call of each kernel, by its name."""
    durations: dict[str, list[float]] = defaultdict(list)
    for plane in space.planes:
        names = {key: entry.name for key, entry in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                name = names[event.metadata_id]
                if not NO_KERNEL.search(name):
                    durations[name].append(event.duration_ps / 1e6)
    return durations


def _sum(kinds: list[Kind]) -> Kind:
    return Kind(sum(kind.microseconds for kind in kinds), sum(kind.count for kind in kinds))


def show(name: str, plain: dict[str, Kind], recorded: dict[str, Kind], rows: int) -> None:
    """Prints the kinds with the largest difference."""
    nothing = Kind(0.0, 0.0)
    pairs = {
        kind: (plain.get(kind, nothing), recorded.get(kind, nothing))
        for kind in {*plain, *recorded}
    }
    ordered = sorted(pairs, key=lambda k: pairs[k][0].microseconds - pairs[k][1].microseconds)
    print(f"\n{name}: microseconds of kernels in a step\n")
    print("| kernels | plain | recorded | more | how many more |\n| --- | --- | --- | --- | --- |")
    total = _sum([pair[0] for pair in pairs.values()]), _sum([pair[1] for pair in pairs.values()])
    for kind, (before, after) in [("all", total), *((k, pairs[k]) for k in ordered[:rows])]:
        more, count = after.microseconds - before.microseconds, after.count - before.count
        print(
            f"| {kind} | {before.microseconds:.0f} | {after.microseconds:.0f} | {more:.0f} "
            f"| {count:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
