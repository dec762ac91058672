"""The first call of a step: tracing, compiling, and one step."""

import gc
import time
from collections.abc import Callable

import tensorflow as tf

from gradscope.bench.timing import batch, first_call, plain_step, recorded_step
from gradscope.bench.workloads import Workload

PATIENCE_SECONDS = 150.0
"""After so long no further repetition begins: hundreds of layers take minutes to compile."""


def first_calls(
    workload: Workload, count: int, progress: Callable[[int], None]
) -> tuple[list[float], list[float]]:
    """(plain, recorded) seconds of up to `count` first calls, each of a new model and step.

    The order alternates. There is one of each at least, and as many of the one as of the other.
    progress: told how many of each are done.
    """
    _wake_compiler()
    start = time.monotonic()
    plain: list[float] = []
    recorded: list[float] = []
    for number in range(count):
        for kind in ("plain", "recorded") if number % 2 else ("recorded", "plain"):
            if kind == "plain":
                _, step = plain_step(workload)
                plain.append(first_call(step, *batch(workload)))
            else:
                with recorded_step(workload, 1) as found:
                    recorded.append(found.first_call)
            gc.collect()  # models and programs hold each other
        progress(number + 1)
        if time.monotonic() - start > PATIENCE_SECONDS:
            break
    return plain, recorded


def _wake_compiler() -> None:
    """The first program of a process pays for the compiler's own start."""
    tf.function(lambda x: tf.reduce_sum(x @ x), jit_compile=True)(tf.ones([4, 4])).numpy()
