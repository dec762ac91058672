"""How a rival is measured: blocks of its steps beside blocks of the plain ones.

A *round* runs the rival and each plain step it is compared with, one right after the other, for the
same number of steps, every second round in reverse; so what changes slowly on the machine changes
both sides of a ratio. Making, compiling and warming up are not timed. Work that goes on in threads
after a block's last step counts for the block that left it (`worker.timed`). The ratio is the
median over the rounds. Those of one side share a process, but for the ones that change TensorFlow
itself; all others stand still while one runs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.rivals.processes import ArmError, Processes
from benchmarks.rivals.rivals import Rival

Run = Callable[[str, int], float]
"""(arm, steps) -> seconds."""

LEAST_ROUNDS = 3
"""However slow a rival is."""


@dataclass(frozen=True)
class Row:
    """What was measured of one rival on one workload.

    rounds: arm -> seconds a step, round by round.
    written: bytes on disk a step, None where nothing could be measured.
    missing: why there is nothing, None where there is.
    """

    workload: str
    rival: Rival
    rounds: dict[str, list[float]] = field(default_factory=dict)
    written: float | None = None
    versions: dict[str, str] = field(default_factory=dict)
    missing: str | None = None

    def milliseconds(self, arm: str) -> float:
        """The median time of a step of an arm."""
        return float(np.median(self.rounds[arm])) * 1e3

    def ratio(self, against: str) -> tuple[float, float, float]:
        """(first quartile, median, third quartile) of rival / plain over the rounds."""
        ratios = np.array(self.rounds[self.rival.name]) / np.array(self.rounds[against])
        low, middle, high = np.percentile(ratios, [25, 50, 75])
        return float(low), float(middle), float(high)

    def to_json(self) -> dict[str, Any]:
        """All of it, ratios included."""
        found: dict[str, Any] = {"workload": self.workload, "rival": self.rival.name}
        if self.missing is not None:
            return {**found, "missing": self.missing}
        return {
            **found,
            "versions": self.versions,
            "steps_per_block": self.rival.block,
            "seconds_per_step": self.rounds,
            "ratios": {name: self.ratio(name) for name in self.rival.against},
            "bytes_per_step": self.written,
        }


def measured(rival: Rival, workload: str, processes: Processes, pairs: int, most: float) -> Row:
    """The row of a rival; one that says why where it can't be had.

    most: seconds after which no new round begins, once there are `LEAST_ROUNDS`.
    """
    names = [*rival.against, rival.name]
    try:
        arms = {name: processes.arm(rival, name) for name in names}

        def run(name: str, steps: int) -> float:
            return arms[name][0].ask("run", name, steps)["seconds"]

        for name in names:
            run(name, rival.warm_up)
        times = rounds(rival, run, pairs, most)
        steps = rival.warm_up + rival.block * len(times[rival.name])
        written = processes.close(rival) / steps
    except ArmError as error:
        return Row(workload, rival, missing=str(error))
    versions = {name: version for _, found in arms.values() for name, version in found.items()}
    return Row(workload, rival, times, written, versions)


def rounds(
    rival: Rival,
    run: Run,
    pairs: int,
    most: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, list[float]]:
    """Arm -> seconds a step, round by round; each round's order is the last one's reversed."""
    order = [*rival.against, rival.name]
    times: dict[str, list[float]] = {name: [] for name in order}
    deadline = clock() + most
    for done in range(pairs):
        if done >= LEAST_ROUNDS and clock() > deadline:
            break
        for name in order:
            times[name].append(run(name, rival.block) / rival.block)
        order = order[::-1]
    return times
