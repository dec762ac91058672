"""A closer look at some layers: its device half, which a recorded step's program pushes into."""

from collections.abc import Sequence

import tensorflow as tf

from gradscope.buffer import Buffer
from gradscope.capture import variables as var
from gradscope.capture.closeup import look
from gradscope.capture.trace import Trace
from gradscope.layout import Layout


class Closeup:
    """Adds details of some layers to a recorded step while it is traced, and keeps their rows.

    layers: paths of layers.
    capacity: rows kept until they are overwritten.

    What fails in it costs the details alone: it is kept in `failure`, the step is recorded as ever.
    """

    def __init__(self, layers: Sequence[str], *, capacity: int) -> None:
        self.layers, self._capacity = tuple(layers), capacity
        self._step = 0
        self.buffer: Buffer | None = None
        self.failure: Exception | None = None

    @property
    def layout(self) -> Layout:
        """The columns of its rows; empty before its program was traced."""
        return Layout({}) if self.buffer is None else self.buffer.layout

    def set_clock(self, step: int) -> None:
        """Sets the optimizer step of the next row; each row moves it on by one."""
        self._step = step
        if self.buffer is not None:
            self.buffer.set_clock(step)

    def take(self, trace: Trace) -> None:
        """Measures the layers in the graph of the step, and pushes one row."""
        try:
            columns = look(trace, self.layers)
            if self.buffer is None:
                self.buffer = Buffer(
                    Layout({key: names for key, (names, _) in columns.items()}),
                    {},
                    capacity=self._capacity,
                    window=1,
                    device=getattr(var.resource(trace.variables[0]), "device", "") or "",
                    step=self._step,
                )
            self.buffer.push(columns, {})
        except Exception as error:
            self.failure = self.failure or error

    def snapshot(self) -> tf.Tensor | None:
        """Its rows, still on the device, as `Buffer.snapshot`; None before there are any."""
        return None if self.buffer is None else self.buffer.snapshot()
