"""The workloads of `gradscope bench` in the size for a CPU, by name."""

from collections.abc import Callable
from functools import partial

from gradscope.bench.workloads import BUILDERS, Workload, build, train_step

__all__ = ["WORKLOADS", "Workload", "train_step"]

WORKLOADS: dict[str, Callable[[], Workload]] = {
    name: partial(build, name, "cpu") for name in BUILDERS
}
