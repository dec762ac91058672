"""What recording costs: the plain and the recorded step, interleaved in one process.

    python benchmarks/step_overhead.py [--pairs 60] [--every 1] [mlp cnn transformer lstm]

Each pair times the plain step (`@tf.function(jit_compile=True)`) and the same step under
`@scope.step`, one right after the other and in alternating order; draining, writing and judging
included. Compilation and the first steps are left out. The figure is the median of the ratios of
the pairs, with their quartiles; the times are medians of one machine and drift with it.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from workloads import WORKLOADS, Workload, train_step

import gradscope

WARM_UP = 10
"""Steps of each kind before the clock starts: compilation, allocation, caches."""


def main() -> None:
    """Prints one row for each workload."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workloads", nargs="*", default=["mlp", "cnn", "transformer"])
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--block", type=int, default=4, help="steps timed together")
    parser.add_argument("--every", type=lambda x: x if x == "auto" else int(x), default=1)
    options = parser.parse_args()
    print(
        f"every={options.every}, XLA, {options.pairs} pairs of {options.block} steps; "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} cores, "
        f"{platform.machine()}"
    )
    print(f"{'workload':12} {'plain ms':>9} {'recorded ms':>12} {'ratio':>7}   quartiles")
    for name in options.workloads:
        plain, recorded = pairs(WORKLOADS[name](), options.every, options.pairs, options.block)
        ratios = recorded / plain
        low, middle, high = np.percentile(ratios, [25, 50, 75])
        print(
            f"{name:12} {np.median(plain) * 1e3:9.2f} {np.median(recorded) * 1e3:12.2f} "
            f"{middle:7.3f}   {low:.3f} to {high:.3f}",
            flush=True,
        )


def pairs(workload: Workload, every: Any, count: int, block: int) -> tuple[Any, Any]:
    """Seconds of each block of plain steps, and of the recorded block next to it."""
    x, y = (tf.constant(part) for part in workload.batch)
    plain = _plain(workload)
    with tempfile.TemporaryDirectory() as logdir:
        scope, recorded = _recorded(workload, logdir, every)
        with scope:
            for _ in range(WARM_UP):
                plain(x, y)
                recorded(x, y)
            times = np.zeros((count, 2))
            for i in range(count):
                steps = [plain, recorded] if i % 2 else [recorded, plain]
                for step in steps:
                    times[i, int(step is recorded)] = _time(step, x, y, block)
    return times[:, 0], times[:, 1]


def _plain(workload: Workload) -> Callable[..., Any]:
    keras.utils.set_random_seed(0)
    model = workload.build()
    return tf.function(train_step(model, keras.optimizers.Adam(1e-3)), jit_compile=True)


def _recorded(workload: Workload, logdir: str, every: Any) -> tuple[Any, Any]:
    keras.utils.set_random_seed(0)
    model = workload.build()
    scope = gradscope.Scope(model, logdir, every=every, console=False)
    return scope, scope.step(train_step(model, keras.optimizers.Adam(1e-3)))


def _time(step: Callable[..., Any], x: Any, y: Any, block: int) -> float:
    start = time.perf_counter()
    for _ in range(block):
        loss = step(x, y)
    loss.numpy()
    return (time.perf_counter() - start) / block


if __name__ == "__main__":
    main()
