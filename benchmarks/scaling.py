"""How the cost grows: with the number of layers, and over a long run.

    python -m benchmarks.scaling layers [--layers 10 30 100 300 1000] [--pairs 15]
    python -m benchmarks.scaling steps [--steps 1000000]
    python -m benchmarks.scaling records [--records 100000]

layers: residual stacks of small Dense layers, plain and recorded. The difference per layer should
be flat, and so should the ratio of the first calls, which compile.
steps: a tiny model trained for a million steps with every="auto". Time per step and resident
memory at 10,000, 100,000 and 1,000,000 steps: neither should grow. The plain step runs first.
records: so many records of ten layers go through the drain alone, that is writing and judging, as
a run with every=1 would hand them on, with none of the training.
"""

import argparse
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from benchmarks.writing import layout_of
from gradscope.bench import estimate, timing, workloads
from gradscope.bench.plan import Arm
from gradscope.drain import Drain
from gradscope.records import Start
from gradscope.sinks.tensorboard import TensorBoardSink

WINDOW = 2_000
"""Steps at the end of each stretch whose median time is shown."""

ROWS = 32
"""Rows of a snapshot, as a scope drains them."""


def main() -> None:
    """Measures one of the three and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("layers", "steps", "records"))
    parser.add_argument("--layers", nargs="+", type=int, default=[10, 30, 100, 300, 1000])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=100_000)
    options = parser.parse_args()
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} cores")
    if options.what == "layers":
        over_layers(options.layers, options.pairs)
    elif options.what == "steps":
        over_steps(options.steps)
    else:
        over_records(options.records)


def over_layers(depths: list[int], pairs: int) -> None:
    """Prints a row for each depth."""
    print(
        f"{'layers':>7} {'plain ms':>9} {'recorded':>9} {'ratio':>7} {'more per layer, µs':>19} "
        f"{'first call, plain s':>20} {'recorded':>9} {'ratio':>6}"
    )
    for depth in depths:
        workload = workloads.deep("cpu", depth)
        _, plain = timing.plain_step(workload)
        first = timing.first_call(plain, *timing.batch(workload))
        found = timing.pairs(workload, plain, Arm(1), pairs, 0.2, lambda _: None)
        before, after = np.array(found.plain), np.array(found.recorded)
        print(
            f"{depth:7} {np.median(before) * 1e3:9.3f} {np.median(after) * 1e3:9.3f} "
            f"{estimate.ratio(found.plain, found.recorded).median:7.3f} "
            f"{np.median(after - before) / depth * 1e6:19.2f} "
            f"{first:20.1f} {found.first_call:9.1f} {found.first_call / first:6.2f}",
            flush=True,
        )


def over_steps(steps: int) -> None:
    """Prints time per step and memory of a plain run and of a recorded one."""
    workload = _tiny()
    x, y = timing.batch(workload)
    _, plain = timing.plain_step(workload)
    marks = [mark for mark in (10_000, 100_000, 1_000_000) if mark <= steps]
    if steps not in marks:
        marks.append(steps)
    print(f"{'':10} {'step':>9} {'median µs':>10} {'mean µs':>9} {'resident MB':>12}")
    _stretches("plain", lambda: plain(x, y), [mark for mark in marks if mark <= 100_000])
    with timing.recorded_step(workload, "auto") as recorded:
        _stretches("auto", lambda: recorded.step(x, y), marks)
        overhead = recorded.scope.report().overhead
    print(overhead.sentence if overhead else "")


def over_records(records: int) -> None:
    """Prints the drain's time per record and memory on the way."""
    layout = layout_of(10)
    marks = [mark for mark in (1_000, 10_000, 100_000, 1_000_000) if mark <= records]
    values = np.random.default_rng(0).lognormal(-4, 2, (ROWS, layout.slots)).astype(np.float32)
    print(f"{'records':>9} {'µs a record':>12} {'resident MB':>12} {'bytes a record':>15}")
    with tempfile.TemporaryDirectory() as logdir:
        drain = Drain([TensorBoardSink(logdir)])
        drain.put(Start(layout, 0, {}))
        done = 0
        for mark in marks:
            start, begun = time.perf_counter(), done
            while done < mark:
                steps = range(done, done + ROWS)
                snapshot = _Rows(np.array(steps), values)
                drain.put_rows(snapshot, layout, [(step, 1e9 + step) for step in steps])
                done += ROWS
                # a training hands on no more than it has; a full queue would lose rows
                while drain.recorded < done - 8 * ROWS:
                    time.sleep(0.001)
            seconds = time.perf_counter() - start
            files = sum(path.stat().st_size for path in Path(logdir).rglob("*") if path.is_file())
            print(
                f"{done:9} {seconds / (done - begun) * 1e6:12.1f} {resident_megabytes():12.0f} "
                f"{files / done:15.0f}",
                flush=True,
            )
        drain.close()
        for problem in drain.problems:
            print(f"problem: {problem}")


class _Rows:
    """A snapshot of the buffer that is on the host already; see `gradscope.buffer.read`."""

    def __init__(self, steps: Any, values: Any) -> None:
        high, low = np.divmod(steps, 1 << 20)
        self._rows = np.column_stack([high, low, values]).astype(np.float32)

    def numpy(self) -> Any:
        return self._rows


def _stretches(name: str, step: Callable[[], Any], marks: list[int]) -> None:
    done = 0
    for mark in marks:
        start, begun = time.perf_counter(), done
        for _ in range(mark - WINDOW - done):
            step()
        times = []
        for _ in range(WINDOW):
            before = time.perf_counter()
            step()
            times.append(time.perf_counter() - before)
        done = mark
        mean = (time.perf_counter() - start) / (done - begun)
        print(
            f"{name:10} {done:9} {np.median(times) * 1e6:10.1f} {mean * 1e6:9.1f} "
            f"{resident_megabytes():12.0f}",
            flush=True,
        )


def resident_megabytes() -> float:
    """The memory that this process holds now; NaN where there is no /proc."""
    status = Path("/proc/self/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) / 1e3 if found else float("nan")


def _tiny() -> workloads.Workload:
    """Next to no work: the time of a step is that of calling it."""

    def build() -> keras.Model:
        layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(10)]
        return keras.Sequential([keras.Input((8,)), *layers])

    rng = np.random.default_rng(0)
    batch = rng.normal(size=(8, 8)).astype("float32"), rng.integers(0, 10, 8)
    return workloads.Workload("tiny", "tiny", build, batch)


if __name__ == "__main__":
    main()
