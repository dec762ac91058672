"""Sums as sums of slices: one vectorized loop of XLA:CPU, whatever the shape of the tensor.

A tensor is cut into eight slices that lie one behind the other in memory; what is elementwise, the
squares say, is added up over the slices in one loop that reads the tensor once and leaves an eighth
of it, which XLA reduces fast. A product with ones would be as fast for matrices, but where it has
to reshape an image or a sequence to a matrix, XLA:CPU fuses the reshaping into the product and
computes every index anew: that takes seven times as long (benchmarks/reductions.py).
"""

import math

import tensorflow as tf

COUNT = 8
"""Slices: more make the loop slower, fewer leave more to reduce."""

_WIDTH = 256
"""Columns that a reduction of rows needs to be fast."""

_LOW = 0xFFFFFFFF
"""The low half of an int64."""


def folded(x: tf.Tensor) -> tf.Tensor:
    """Σ over the slices, float [size / COUNT]. x: float [COUNT, size / COUNT]."""
    return tf.add_n(tf.unstack(x))


def moments(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(Σ a, Σ a²) over all axes but the last, each float32[units], in one pass over the tensor.

    x: float32 [..., units], of known shape; its rows can be cut into slices.
    """
    units = x.shape[-1]
    rows = math.prod(x.shape[:-1]) // COUNT
    slices = tf.reshape(x, [COUNT, rows * units])
    pairs = _pair(folded(slices), folded(slices * slices))
    # A loop has one result; the reduction takes the pairs for neighbouring columns.
    deep = _depth(rows, 2 * units)
    sums = tf.reduce_sum(tf.reshape(tf.bitcast(pairs, tf.float32), [deep, -1]), 0)
    sums = tf.reduce_sum(tf.reshape(sums, [rows // deep, units, 2]), 0)
    return sums[:, 0], sums[:, 1]


def _pair(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Two float32 tensors as one int64 tensor that holds their bits, the first in the low half."""
    low, high = (tf.cast(tf.bitcast(x, tf.int32), tf.int64) for x in (first, second))
    low = tf.bitwise.bitwise_and(low, tf.constant(_LOW, tf.int64))
    return tf.bitwise.bitwise_or(low, tf.bitwise.left_shift(high, tf.constant(32, tf.int64)))


def _depth(rows: int, width: int) -> int:
    """Into how many rows to join, so that each is _WIDTH wide; a divisor of rows."""
    divisors = (d for d in range(1, rows + 1) if rows % d == 0)
    return rows // next(d for d in divisors if d * width >= _WIDTH or d == rows)
