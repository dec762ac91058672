"""Peak memory of one step's program.

A GPU's allocator knows its peak. A CPU's doesn't, but XLA writes down what it has assigned: all
arguments, results and temporaries of the compiled program, to the byte and the same each time.
"""

import re
from pathlib import Path
from typing import Any

import tensorflow as tf

from gradscope.bench.plan import Every
from gradscope.bench.timing import batch, plain_step, recorded_step
from gradscope.bench.workloads import Workload

REPORT = "*after_optimizations-memory-usage-report.txt"

GPU_STEPS = 40
"""On a GPU: enough that the buffer is read once, which copies it."""


class MemoryUnknownError(Exception):
    """The memory could not be found out; the message says why."""


def peak_bytes(workload: Workload, recorded: bool, device: str, dump: Path) -> int:
    """The most bytes that a step's program needs, in this process, which has run no other.

    dump: where XLA was told to write to, before TensorFlow was imported.

    Raises MemoryUnknownError where nothing was written.
    """
    steps = GPU_STEPS if device.startswith("GPU") else 1
    if recorded:
        every: Every = 1
        with recorded_step(workload, every) as found:
            return _peak(found.step, workload, device, dump, steps)
    model, step = plain_step(workload)
    bytes_ = _peak(step, workload, device, dump, steps)
    del model
    return bytes_


def _peak(step: Any, workload: Workload, device: str, dump: Path, steps: int) -> int:
    x, y = batch(workload)
    step(x, y).numpy()
    if device.startswith("CPU"):
        return largest_program(dump)
    tf.config.experimental.reset_memory_stats(device)
    for _ in range(steps):
        loss = step(x, y)
    loss.numpy()
    return int(tf.config.experimental.get_memory_info(device)["peak"])


def largest_program(dump: Path) -> int:
    """Bytes of the largest program of which XLA has written a report; the step is the largest.

    Raises MemoryUnknownError where there is none.
    """
    totals = [total_bytes(path.read_text()) for path in dump.glob(REPORT)]
    if not totals:
        raise MemoryUnknownError("XLA wrote no report on memory")
    return max(totals)


def total_bytes(report: str) -> int:
    """The figure at the head of XLA's report on memory.

    Raises MemoryUnknownError where it is written in another way.

    >>> total_bytes("Total bytes used: 25798284 (24.60MiB)")
    25798284
    """
    found = re.search(r"Total bytes used: (\d+)", report)
    if found is None:
        raise MemoryUnknownError("XLA writes its report on memory in an unknown way")
    return int(found[1])
