"""What the step as a whole does: size of the gradient, share of the regularizers, clipping."""

from collections.abc import Sequence

import tensorflow as tf

from gradscope.probes import reduce
from gradscope.probes.bundle import Bundle, norms


def loss(targets: Sequence[tf.Tensor], scale: tf.Tensor | None = None) -> tf.Tensor:
    """The sum of all elements of the gradients' targets, a float32 scalar; NaN without any.

    scale: scalar by which the loss was multiplied, or None.
    """
    if not targets:
        return tf.constant(float("nan"), tf.float32)
    parts = [tf.cast(tf.reduce_sum(reduce.real(target)), tf.float32) for target in targets]
    total = tf.add_n(parts)
    return total if scale is None else total / tf.cast(scale, tf.float32)


def global_grad_norm(lengths: Sequence[tf.Tensor]) -> tf.Tensor:
    """√ Σ ‖g‖², a float32 scalar, from the norms of the gradients that exist; 0 without any."""
    if not lengths:
        return tf.constant(0.0)
    stack = reduce.entry(tf.stack(list(lengths)))
    factor = reduce.factor(reduce.max_abs(stack))
    return tf.sqrt(tf.reduce_sum(reduce.squares(stack, factor))) / factor[0]


def regularization_grad_share(
    grads: Sequence[tf.Tensor], regularizer_grads: Sequence[tf.Tensor | None]
) -> tf.Tensor:
    """‖∇R‖ / (‖∇R‖ + ‖g − ∇R‖), a float32 scalar; 0 where both norms are 0.

    grads: the gradient of the whole loss for each variable, loss scale divided out.
    regularizer_grads: ∇R for each variable, None where a variable has no regularizer.
    """
    own, rest = [], []
    for grad, regularizer_grad in zip(grads, regularizer_grads, strict=True):
        data = reduce.real(grad)
        if regularizer_grad is not None:
            penalty = reduce.real(regularizer_grad)
            own.append(penalty)
            data = tf.cast(data, penalty.dtype) - penalty
        rest.append(data)
    if not own:
        return tf.constant(0.0)
    pull, left = (global_grad_norm(tf.unstack(_norms(part))) for part in (own, rest))
    return tf.math.divide_no_nan(pull, pull + left)


def _norms(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    bundle = Bundle(tensors)
    return norms(bundle, bundle.stacks(tensors))


def clip_fraction(clipped: Sequence[tf.Tensor]) -> tf.Tensor:
    """The share of variables whose gradient is clipped, a float32 scalar; 0 without any.

    clipped: one bool scalar for each variable that a gradient reaches.
    """
    if not clipped:
        return tf.constant(0.0)
    return tf.reduce_mean(tf.cast(tf.stack(list(clipped)), tf.float32))
