"""How reductions are written: for the device and the compiler that will run them.

On a GPU the plain form is best: XLA fuses sibling reductions of one tensor into a single pass. On a
CPU it compiles most of them to one scalar chain of additions, so that there a sum is written as a
product with a vector of ones (see `reduce`), and under XLA, where whatever is elementwise is one
vectorized loop, as a sum of slices (see `slices`). benchmarks/reductions.py shows what each costs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import tensorflow as tf

Device = Literal["cpu", "gpu"]

_wanted: ContextVar[Device | None] = ContextVar("device", default=None)
_compiled: ContextVar[bool] = ContextVar("compiled", default=False)


@contextmanager
def forms(device: Device) -> Iterator[None]:
    """Within it, what is traced gets the forms for this device, whichever is visible here.

    For a program that is traced on one machine and runs on another.
    """
    token = _wanted.set(device)
    try:
        yield
    finally:
        _wanted.reset(token)


@contextmanager
def compiled(xla: bool) -> Iterator[None]:
    """Within it, what is traced is compiled with XLA, or not."""
    token = _compiled.set(xla)
    try:
        yield
    finally:
        _compiled.reset(token)


def on_gpu(x: tf.Tensor) -> bool:
    """True where the program that is traced will run on a GPU."""
    if (wanted := _wanted.get()) is not None:
        return wanted == "gpu"
    # In a graph being traced a tensor has no device yet; a visible GPU is where XLA will put it.
    device = getattr(x, "device", "") or ""
    return "GPU" in device or ("CPU" not in device and bool(tf.config.list_logical_devices("GPU")))


def sliced(x: tf.Tensor) -> bool:
    """True where sums are to be written as sums of slices: on a CPU, under XLA."""
    return _compiled.get() and not on_gpu(x)
