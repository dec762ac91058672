"""Reducing many tensors with few kernels: small ones of one size and form go into one stack.

A deep model has hundreds of small tensors, and a kernel of its own for each reduction of each
costs more in launching and compiling than in computing.
"""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from gradscope.probes import reduce

_SMALL = 1 << 12
"""Elements. Larger tensors stay alone: copying them into a stack costs more than the kernels."""


def each(
    reduction: Callable[..., tuple[tf.Tensor, ...]], width: int, *sequences: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, ...]:
    """`width` float32 vectors [L]: what a reduction gives for each of L tensors, in order.

    reduction: one stack [k, pieces, length] for each sequence (see `reduce`) of k tensors, cast to
        float32 (float64 stays) -> `width` vectors [k].
    sequences: L tensors each; tensors at the same place have the same shape.
    """
    if not sequences[0]:
        return (tf.zeros([0]),) * width
    groups = _groups(sequences[0])
    parts = [
        reduction(*(_stack([tensors[i] for i in places]) for tensors in sequences))
        for places in groups
    ]
    columns = [tf.concat([tf.cast(p[i], tf.float32) for p in parts], 0) for i in range(width)]
    order = [place for places in groups for place in places]
    if order == sorted(order):
        return tuple(columns)
    back = [order.index(place) for place in range(len(order))]
    return tuple(tf.unstack(tf.gather(tf.stack(columns), back, axis=1)))


def _groups(tensors: Sequence[tf.Tensor]) -> list[list[int]]:
    """The places of the tensors that share a stack."""
    groups: dict[object, list[int]] = {}
    for place, tensor in enumerate(tensors):
        size = math.prod(tensor.shape) if tensor.shape.is_fully_defined() else None
        if size is None or size > _SMALL:
            key = place
        else:
            # A stack holds one form only, and reductions divide by one size.
            key = (size, reduce.form(tensor.shape.as_list()), tensor.dtype == tf.float64)
        groups.setdefault(key, []).append(place)
    return list(groups.values())


def _stack(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    entries = [reduce.entry(reduce.real(tensor)) for tensor in tensors]
    return entries[0] if len(entries) == 1 else tf.concat(entries, 0)
