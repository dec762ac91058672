"""Small models with a training step each: all that a step may contain.

    entry.py        Entry and Part, the ways to write a step
    dense.py        sequential, functional, nested and subclassed models; inputs, outputs, batches
    activations.py  every activation: fused, as a layer, bare inside a call
    layers.py       convolution, batch normalization, dropout, recurrence, attention, embedding
    freezing.py     frozen layers, variables no gradient reaches, regularization
    clipping.py     clipping by the optimizer and by hand
    precision.py    float16, bfloat16, float64, mixed precision with loss scaling
    loops.py        several losses, tapes, optimizers, a GAN, steps that return anything

`ZOO` maps each name to its entry.
"""

from tests.zoo import activations, clipping, dense, freezing, layers, loops, precision
from tests.zoo.entry import Entry, Part

ENTRIES: tuple[Entry, ...] = (
    *dense.ENTRIES,
    *activations.ENTRIES,
    *layers.ENTRIES,
    *freezing.ENTRIES,
    *clipping.ENTRIES,
    *precision.ENTRIES,
    *loops.ENTRIES,
)

ZOO: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}
"""Every entry by name."""

if len(ZOO) != len(ENTRIES):
    raise ValueError("two zoo entries share a name")

__all__ = ["ENTRIES", "ZOO", "Entry", "Part"]
