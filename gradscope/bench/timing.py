"""The plain and the recorded step, timed in pairs of blocks in one process."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

import gradscope
from gradscope.bench import families
from gradscope.bench.plan import Arm, Every
from gradscope.bench.workloads import Workload, optimizer, train_step
from gradscope.cadence import CALIBRATING_EVERY, CALIBRATING_PAIRS, DENSE_STEPS

SEED = 0

WARM_UP = 8
"""Calls of each step before the clock starts: allocation, caches, frequency."""

SETTLING = DENSE_STEPS + (CALIBRATING_PAIRS + 2) * CALIBRATING_EVERY
"""Steps until "auto" has found its cadence; they pass before the clock starts."""

PATIENCE_SECONDS = 180.0
"""If they take longer, "auto" isn't measured."""

LEAST_STEPS = {"auto": 50, 1: 2}
"""In a block: enough that most blocks of "auto" hold a recorded step."""

Step = Callable[[Any, Any], Any]


class TooSlowError(Exception):
    """What is to be measured would take too long; the message says what."""


@dataclass(frozen=True)
class Pairs:
    """Seconds per step in blocks of `block` steps: those of a pair ran one after the other.

    first_call: seconds of the recorded step's first call, which traces and compiles.
    reported: what gradscope itself says that it costs, `Overhead.to_dict`; None where it doesn't.
    """

    block: int
    plain: list[float]
    recorded: list[float]
    first_call: float
    reported: dict[str, Any] | None


@dataclass(frozen=True)
class Recorded:
    """A step under an open scope. first_call: seconds of its first call, which has happened."""

    model: keras.Model
    scope: gradscope.Scope
    step: Any
    first_call: float


def plain_step(workload: Workload, jit_compile: bool = True) -> tuple[keras.Model, Any]:
    """A new model and the step as it is without gradscope, a `tf.function`."""
    model = _model(workload)
    return model, tf.function(train_step(model, optimizer()), jit_compile=jit_compile)


@contextmanager
def recorded_step(
    workload: Workload, every: Every, silenced: tuple[str, ...] = (), jit_compile: bool = True
) -> Iterator[Recorded]:
    """A new model under a scope that is open within the block, its step called once.

    silenced: families that record zeros.
    """
    model = _model(workload)
    x, y = batch(workload)
    with tempfile.TemporaryDirectory() as logdir:
        scope = gradscope.Scope(model, logdir, every=every, console=False)
        step = scope.step(train_step(model, optimizer()), jit_compile=jit_compile)
        with scope:
            with families.silenced(silenced):
                seconds = first_call(step, x, y)
            yield Recorded(model, scope, step, seconds)


def first_call(step: Step, x: Any, y: Any) -> float:
    """Seconds of one call, until its loss is there."""
    return block_seconds(step, x, y, 1)


def block_seconds(step: Step, x: Any, y: Any, steps: int) -> float:
    """Seconds per step of so many calls, until the device is done."""
    start = time.perf_counter()
    for _ in range(steps):
        loss = step(x, y)
    # The loss comes out of the same program as everything else of the step.
    loss.numpy()
    return (time.perf_counter() - start) / steps


def batch(workload: Workload) -> tuple[Any, Any]:
    """The batch on the device."""
    x, y = (tf.constant(part) for part in workload.batch)
    return x, y


def pairs(
    workload: Workload,
    plain: Step,
    arm: Arm,
    count: int,
    seconds: float,
    progress: Callable[[int], None],
) -> Pairs:
    """Times of the plain step and of an arm.

    plain: has been called before.
    count: pairs. seconds: how long a block should take.
    progress: told how many pairs are done.

    Raises TooSlowError where "auto" would take minutes to find its cadence.
    """
    x, y = batch(workload)
    per_step = min(block_seconds(plain, x, y, 1) for _ in range(3))
    if arm.every == "auto" and SETTLING * per_step > PATIENCE_SECONDS:
        minutes = SETTLING * per_step / 60
        raise TooSlowError(f"it finds its cadence in {SETTLING} steps, here {minutes:.0f} minutes")
    with recorded_step(workload, arm.every, families.without(arm.only)) as watched:
        step = watched.step
        for _ in range(_warm_up(arm.every)):
            step(x, y)
        watched.scope.report()  # loads what judges, once in a process
        per_step = min(block_seconds(plain, x, y, 1) for _ in range(WARM_UP))
        block = block_steps(arm.every, per_step, seconds)
        times: dict[Step, list[float]] = {plain: [], step: []}
        for number in range(count):
            for one in (plain, step) if number % 2 else (step, plain):
                times[one].append(block_seconds(one, x, y, block))
            progress(number + 1)
        overhead = watched.scope.report().overhead
    reported = None if overhead is None else overhead.to_dict()
    return Pairs(block, times[plain], times[step], watched.first_call, reported)


def block_steps(every: Every, per_step: float, seconds: float) -> int:
    """Steps in a block of about so many seconds.

    A multiple of the cadence, so that every block holds the same number of recorded steps.

    >>> block_steps(1, 0.01, 0.5), block_steps(10, 0.045, 0.5), block_steps("auto", 0.045, 0.5)
    (50, 10, 50)
    """
    wanted = max(1, round(seconds / per_step))
    if every == "auto" or every == 1:
        return max(wanted, LEAST_STEPS[every])
    return max(1, round(wanted / every)) * every


def _warm_up(every: Every) -> int:
    """Calls before the clock starts; with a cadence, until both programs have run."""
    if every == "auto":
        return SETTLING
    return WARM_UP if every == 1 else max(WARM_UP, every + 1)


def _model(workload: Workload) -> keras.Model:
    keras.utils.set_random_seed(SEED)
    return workload.build()
