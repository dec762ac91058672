"""How far the variables moved in a step."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from gradscope.probes.bundle import Bundle, norms


class Update(NamedTuple):
    """Three float32 tensors of one shape; see the catalogue for their formulas."""

    weight_norm: tf.Tensor
    update_norm: tf.Tensor
    update_ratio: tf.Tensor


def updates(before: Sequence[tf.Tensor], after: Sequence[tf.Tensor]) -> Update:
    """The statistics of V variables' updates, each float32[V].

    before, after: each variable's value at the start and at the end of the step, same shapes.
    """
    bundle = Bundle(before)
    old, new = bundle.stacks(before), bundle.stacks(after)
    weight = norms(bundle, old)
    moved = norms(bundle, [last - first for first, last in zip(old, new, strict=True)])
    still = tf.equal(moved, 0) & tf.equal(weight, 0)
    return Update(weight, moved, tf.where(still, tf.zeros_like(moved), moved / weight))


def update(before: tf.Tensor, after: tf.Tensor) -> Update:
    """The statistics of one variable's update, each a float32 scalar; see `updates`."""
    return Update(*(column[0] for column in updates([before], [after])))
