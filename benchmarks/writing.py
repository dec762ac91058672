"""What writing a run costs, and how long a big one takes to open.

    python benchmarks/writing.py            # all of it, half a minute, 400 MB of temporary disk
    python benchmarks/writing.py --steps 2000   # a smaller big run

Values are random, which no compression helps and pictures of which are the largest there are.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gradscope.catalog import STATISTICS
from gradscope.layout import Layout
from gradscope.records import Record, Start

BATCH = 32
"""Records that the drain hands on at a time."""

BIG_LAYERS, BIG_STATISTICS, BIG_STEPS = 500, 8, 20_000


CLASSES = 10

_MANY = ("variable", "layer")
"""What a network has ever more of."""


def layout_of(layers: int, statistics: int | None = None) -> Layout:
    """Columns for a network of so many layers with one variable each.

    statistics: how many of the per-layer ones, or None for the whole catalogue.
    """
    paths = tuple(f"encoder/block_{index // 4}/dense_{index % 4}" for index in range(layers))
    columns: dict[str, tuple[str, ...]] = {}
    for statistic in STATISTICS:
        if statistic.per == "step":
            columns[statistic.name] = (statistic.name,)
        elif statistic.per == "class":
            columns[statistic.name] = tuple(str(number) for number in range(CLASSES))
        elif statistic.per == "layer":
            columns[statistic.name] = paths
        else:
            columns[statistic.name] = tuple(f"{path}/kernel" for path in paths)
    if statistics is not None:
        chosen = [entry.name for entry in STATISTICS if entry.per in _MANY][:statistics]
        columns = {name: columns[name] for name in chosen}
    return Layout(columns)


def records_of(layout: Layout, steps: int) -> list[Record]:
    """Random records; 64 different rows, so that big runs need little memory here."""
    rows = np.random.default_rng(0).lognormal(-4, 2, (64, layout.slots)).astype(np.float32)
    return [Record(step, 1e9 + step, rows[step % 64], layout) for step in range(steps)]


def measure_sink(layers: int, steps: int) -> None:
    """Prints what the TensorBoard sink costs for all statistics of a network."""
    from gradscope.sinks.tensorboard import TensorBoardSink

    layout = layout_of(layers)
    records = records_of(layout, steps)
    with tempfile.TemporaryDirectory() as logdir:
        sink = TensorBoardSink(logdir)
        start, cpu = time.perf_counter(), time.process_time()
        sink.write([Start(layout, 0)])
        for index in range(0, steps, BATCH):
            sink.write(records[index : index + BATCH])
        sink.close()
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        size = sum(path.stat().st_size for path in Path(logdir).rglob("*") if path.is_file())
    values = steps * layout.slots
    print(
        f"sink, {layers} layers, all {len(STATISTICS)} statistics, {steps} steps: "
        f"{seconds * 1e6 / values:.3f} ms per 1,000 values, {size / values:.2f} bytes a value, "
        f"{seconds * 1e3 / steps:.2f} ms a step ({cpu * 1e3 / steps:.2f} of CPU time)"
    )


def measure_big_run(steps: int) -> None:
    """Prints how long a big run takes to write, and to open in a process of its own."""
    from gradscope.run import RunWriter

    layout = layout_of(BIG_LAYERS, BIG_STATISTICS)
    with tempfile.TemporaryDirectory() as logdir:
        writer = RunWriter(logdir)
        start = time.perf_counter()
        writer.start(Start(layout, 0))
        for record in records_of(layout, steps):
            writer.record(record)
        writer.close()
        seconds = time.perf_counter() - start
        megabytes = writer.path.stat().st_size / 1e6
        print(
            f"plugin tensors, {BIG_LAYERS} layers × {BIG_STATISTICS} statistics × {steps} steps: "
            f"{megabytes:.0f} MB written in {seconds:.1f} s, "
            f"{seconds * 1e6 / (steps * layout.slots):.3f} ms per 1,000 values"
        )
        command = [sys.executable, __file__, "--read", logdir]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures = json.loads(answer)
    print(
        f"the same, opened: open_run {figures['open']:.2f} s, all series "
        f"{figures['series']:.3f} s, peak memory {figures['peak_mb']:.0f} MB, "
        f"without TensorFlow: {not figures['tensorflow']}"
    )


def peak_megabytes() -> float:
    """The most memory this process held; NaN where there is no /proc."""
    # getrusage would answer with the parent's memory where that was larger.
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    kilobytes = re.search(r"VmHWM:\s+(\d+)", status.read_text())
    return int(kilobytes[1]) / 1e3 if kilobytes else float("nan")


def read(logdir: str) -> None:
    """Prints as JSON how long it takes to open a run and to take all its series."""
    from gradscope.run import open_run

    start = time.perf_counter()
    run = open_run(logdir)
    opened = time.perf_counter()
    total = sum(float(run.series(statistic)[1][-1].sum()) for statistic in run.statistics)
    done = time.perf_counter()
    figures = {
        "open": opened - start,
        "series": done - opened,
        "peak_mb": peak_megabytes(),
        "tensorflow": "tensorflow" in sys.modules,
        "total": total,
    }
    print(json.dumps(figures))


def main() -> None:
    """Measures all, or what `--read` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=BIG_STEPS, help="steps of the big run")
    parser.add_argument("--read", metavar="LOGDIR", help="only open this run")
    arguments = parser.parse_args()
    if arguments.read:
        read(arguments.read)
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    print(f"{platform.machine()}, {os.cpu_count()} CPU cores, Python {platform.python_version()}")
    for layers in (10, 100):
        measure_sink(layers, 1000)
    measure_big_run(arguments.steps)


if __name__ == "__main__":
    main()
