"""Steps that hand their state on: what they leave behind, and how long they take."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import numpy as np

from benchmarks.gpu import manifest, state
from benchmarks.gpu.program import Compiled


class Run:
    """A training under way: a compiled step and the state that it has reached.

    stored: as `state.values` takes it.
    nudged: None, or a seed: then each weight begins one unit in its last place higher, lower or as
        it is, by chance. How far such a run gets from the true one is how far rounding alone can.
    """

    def __init__(
        self, compiled: Compiled, stored: Mapping[str, state.Array], nudged: int | None = None
    ) -> None:
        self.compiled = compiled
        rng = None if nudged is None else np.random.default_rng(nudged)
        inputs = compiled.program.inputs
        self._state = [self._put(inputs[i], stored, rng) for i in compiled.carried]
        self._fixed = [self._put(inputs[i], stored, rng) for i in compiled.fixed]
        self._returned: list[Any] = []
        jax.block_until_ready((self._state, self._fixed))

    def _put(
        self,
        given: manifest.Input,
        stored: Mapping[str, state.Array],
        rng: np.random.Generator | None,
    ) -> Any:
        value = state.values(given.recipe, given.spec.shape, given.spec.dtype, stored)
        if rng is not None and given.role == "weight" and np.issubdtype(value.dtype, np.floating):
            toward = np.where(rng.random(value.shape) < 0.5, -np.inf, np.inf).astype(value.dtype)
            moved = np.nextafter(value, toward)
            # The neighbours of 0 are no rounding errors: they are far smaller than any.
            value = np.where((value == 0) | (rng.random(value.shape) < 0.5), value, moved)
        # A copy: the step takes the memory of what it is given.
        return jax.device_put(np.array(value), self.compiled.device)

    def advance(self, steps: int) -> None:
        """Queues steps, without waiting for them."""
        for _ in range(steps):
            self._state, self._returned = self.compiled.call(self._state, self._fixed)

    def wait(self) -> None:
        """Returns when all queued steps are done."""
        jax.block_until_ready((self._state, self._returned))

    def values(self, role: str) -> dict[str, state.Array]:
        """The carried tensors of a role as they are now, by name."""
        inputs = self.compiled.program.inputs
        return {
            inputs[i].name: np.array(value)
            for i, value in zip(self.compiled.carried, self._state, strict=True)
            if inputs[i].role == role
        }

    def rows(self, steps: int) -> state.Array:
        """The first rows of statistics, float32[steps, slots].

        Raises KeyError for a plain step.
        """
        rows = self.values("state")[str(self.compiled.program.rows)]
        return rows[:steps, manifest.STEP_COLUMNS :]

    def finite(self) -> bool:
        """True where no weight is NaN or infinite."""
        return all(np.isfinite(value).all() for value in self.values("weight").values())


@dataclass(frozen=True)
class Times:
    """Seconds per step of each block, [blocks], by arm; blocks at one place belong together.

    queued: the part of them that the host took to queue the steps. Where it is nearly all, the host
        is measured, not the device.
    """

    steps: int
    blocks: Mapping[str, state.Array]
    queued: Mapping[str, state.Array]


def times(runs: Mapping[str, Run], steps: int, seconds: float = 0.2) -> Times:
    """The times of runs that take turns, block by block, in an order that changes each time.

    steps: of each run, at least, besides a first block that isn't counted.
    seconds: how long a block should take; a block has at most a twentieth of the steps.
    """
    guess = max(_timed(run, 2)[0] for run in runs.values() for _ in range(2))
    block = max(1, min(round(seconds / max(guess, 1e-9)), steps // 20))
    for run in runs.values():
        _timed(run, block)
    rounds = -(-steps // block)
    found = {arm: np.zeros((2, rounds)) for arm in runs}
    rng = np.random.default_rng(0)
    for turn in range(rounds):
        for arm in rng.permutation(list(runs)):
            found[arm][:, turn] = _timed(runs[arm], block)
    return Times(
        block, {arm: x[0] for arm, x in found.items()}, {arm: x[1] for arm, x in found.items()}
    )


def _timed(run: Run, steps: int) -> tuple[float, float]:
    """(seconds, seconds to queue), per step."""
    run.wait()
    start = time.perf_counter()
    run.advance(steps)
    queued = time.perf_counter()
    run.wait()
    return (time.perf_counter() - start) / steps, (queued - start) / steps


def copy_rate(device: Any, size: int = 1 << 28, repeats: int = 20) -> float:
    """Bytes per second, read and written, at which a copy of `size` bytes runs on the device."""
    one = jax.device_put(np.zeros(size // 4, np.float32), device)
    step = jax.jit(lambda x: x + np.float32(1))
    jax.block_until_ready(step(one))
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(step(one))
        best = min(best, time.perf_counter() - start)
    return 2 * size / float(best)


def describe(compiled: Sequence[Compiled]) -> dict[str, Any]:
    """The device: what jax calls it and, where it tells, its greatest use of memory so far."""
    device = compiled[0].device
    stats = getattr(device, "memory_stats", lambda: None)() or {}
    return {
        "platform": device.platform,
        "kind": device.device_kind,
        "peak_bytes_in_use": stats.get("peak_bytes_in_use"),
    }
