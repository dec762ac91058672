"""The ring buffer on the device: rows are pushed inside the step's program, read in one transfer.

A row is float32[2 + layout.slots]: the optimizer step as two numbers that float32 holds exactly,
then the values. All writing is done by the program, also inside a while loop (`model.fit` with
steps_per_execution); the host only reads.
"""

import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gradscope.layout import Layout
from gradscope.probes import units

Columns = Mapping[str, tuple[tuple[str, ...], tf.Tensor]]
"""statistic -> (L names, float32[L])."""

_STEP_BASE = 1 << 20
"""A step is high · _STEP_BASE + low; float32 holds integers up to 2²⁴ exactly."""

_EMPTY = -1.0
"""The high part of a row that was never written."""


class Buffer:
    """Rows and per-unit counters of one run, on the device of the model's variables.

    layout: the columns; a value that a step doesn't compute is NaN in its row.
    units: layer path -> number of units, for the layers with a `dead_fraction`.
    capacity: rows kept until they are overwritten.
    window: recorded steps over which a unit must be silent to count as dead.
    device: where the variables go, "" for TensorFlow's choice.
    step: the optimizer step of the first row.
    """

    def __init__(
        self,
        layout: Layout,
        units: Mapping[str, int],
        *,
        capacity: int,
        window: int,
        device: str,
        step: int,
    ) -> None:
        self.layout, self.capacity = layout, capacity
        self._units, self._window = dict(units), window
        count = max(1, sum(self._units.values()))
        # A tf.function that is being traced takes every variable created meanwhile by its thread
        # for its own: it would trace the step twice, and refuse a second try after an error.
        with ThreadPoolExecutor(1, "gradscope-create") as other_thread:
            other_thread.submit(self._create, layout.slots, count, device, step).result()

    def _create(self, slots: int, counters: int, device: str, step: int) -> None:
        with tf.device(device):
            rows = tf.fill([self.capacity, 2 + slots], _EMPTY)
            self._rows = tf.Variable(rows, trainable=False, name="gradscope_rows")
            self._pushed = tf.Variable(tf.zeros([], tf.int64), trainable=False)
            self._clock = tf.Variable(tf.constant(step, tf.int64), trainable=False)
            self._silence = tf.Variable(tf.zeros([counters]), trainable=False)

    def set_clock(self, step: int) -> None:
        """Sets the optimizer step of the next row; each row moves it on by one."""
        # `assign` goes through layers of Python that take twenty times as long.
        value = tf.constant(step, tf.int64)
        tf.raw_ops.AssignVariableOp(resource=self._clock.handle, value=value)

    def push(self, columns: Columns, silent: Mapping[str, tf.Tensor]) -> None:
        """Writes one row, in the graph of the step (or at once, in an eager one).

        columns: statistic -> names and values, without `dead_fraction`.
        silent: layer path -> bool[units], True for units that fired for no sample of the step.
        """
        # What is of another length than in the first trace, as with sequences, isn't counted.
        silent = {p: flags for p, flags in silent.items() if flags.shape[0] == self._units.get(p)}
        seen = self._pushed + 1
        silence = self._count(silent)
        dead = {"dead_fraction": self._dead(silence, silent, seen)} if silent else {}
        step = self._clock.read_value()
        high, low = step // _STEP_BASE, step % _STEP_BASE
        when = tf.cast(tf.stack([high, low]), tf.float32)
        row = tf.concat([when, *_together(self._aligned({**columns, **dead}))], 0)
        slot = tf.reshape(self._pushed % self.capacity, [1, 1])
        self._rows.scatter_nd_update(slot, row[tf.newaxis])
        if self._units:
            self._silence.assign(silence)
        self._pushed.assign(seen)
        self._clock.assign(step + 1)

    def _count(self, silent: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """float32[all units]: recorded steps since each unit fired, this one included."""
        old = self._silence.read_value()
        if not self._units:
            return old
        flags = [silent.get(path, tf.zeros([n], tf.bool)) for path, n in self._units.items()]
        counts = tf.where(tf.concat(flags, 0), old + 1.0, tf.zeros_like(old))
        if len(silent) == len(self._units):
            return counts
        # What doesn't run in this trace keeps its count.
        ran = [tf.fill([n], path in silent) for path, n in self._units.items()]
        return tf.where(tf.concat(ran, 0), counts, old)

    def _dead(
        self, silence: tf.Tensor, silent: Mapping[str, tf.Tensor], seen: tf.Tensor
    ) -> tuple[tuple[str, ...], tf.Tensor]:
        parts = tf.split(units.dead(silence, seen, self._window), list(self._units.values()))
        ran = {p: part for p, part in zip(self._units, parts, strict=True) if p in silent}
        return tuple(ran), units.shares(list(ran.values()))

    def _aligned(self, columns: Columns) -> list[tf.Tensor]:
        """The values of each statistic in the order of the layout, NaN where one is missing."""
        vectors = []
        for statistic, names in self.layout.columns.items():
            got, values = columns.get(statistic, ((), tf.zeros([0])))
            if got != names:
                places = {name: place for place, name in enumerate(got)}
                where = [places.get(name, len(got)) for name in names]
                values = tf.gather(tf.concat([values, [float("nan")]], 0), where)
            vectors.append(values)
        return vectors

    def snapshot(self) -> tf.Tensor:
        """The rows as they are now, float32[capacity, 2 + slots], still on the device.

        The copy is queued behind the steps before it; `read` waits for it.
        """
        return tf.identity(self._rows)


def _together(vectors: list[tf.Tensor]) -> list[tf.Tensor]:
    """The same numbers in fewer vectors: neighbouring scalars in one.

    XLA:CPU gives each tensor that is concatenated a kernel of its own, but what a selection picks
    from is computed within it.
    """
    joined: list[tf.Tensor] = []
    for is_scalar, group in itertools.groupby(vectors, lambda vector: vector.shape == [1]):
        members = list(group)
        if not is_scalar or len(members) == 1:
            joined.extend(members)
            continue
        places = tf.range(len(members))
        chosen = tf.broadcast_to(members[0], [len(members)])
        for place, scalar in enumerate(members[1:], 1):
            chosen = tf.where(tf.equal(places, place), scalar, chosen)
        joined.append(chosen)
    return joined


def read(snapshot: tf.Tensor, after: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(steps int64[S] ascending, values float32[S, slots]) of the rows newer than a step.

    The one transfer from the device. It blocks until the steps before the snapshot are done.
    """
    rows = snapshot.numpy()
    rows = rows[rows[:, 0] >= 0]
    steps = rows[:, 0].astype(np.int64) * _STEP_BASE + rows[:, 1].astype(np.int64)
    order = np.argsort(steps)
    order = order[steps[order] > after]
    return steps[order], rows[order, 2:]
