"""How far one variable moved in a step."""

from typing import NamedTuple

import tensorflow as tf

from gradscope.probes import reduce


class Update(NamedTuple):
    """Three float32 scalars; see the catalogue for their formulas."""

    weight_norm: tf.Tensor
    update_norm: tf.Tensor
    update_ratio: tf.Tensor


def update(before: tf.Tensor, after: tf.Tensor) -> Update:
    """The statistics of one variable's update.

    before, after: the variable's value at the start and at the end of the step, same shape.
    """
    old, new = reduce.real(before), reduce.real(after)
    weight = reduce.norm(old)
    moved = reduce.norm(new - old)
    ratio = tf.where(tf.equal(moved, 0) & tf.equal(weight, 0), tf.zeros_like(moved), moved / weight)
    return Update(
        tf.cast(weight, tf.float32), tf.cast(moved, tf.float32), tf.cast(ratio, tf.float32)
    )
