"""What a layer's units do: mean, size, silence and saturation of its output.

A unit is one index of the last axis: a neuron, a channel.
"""

import math
from dataclasses import dataclass

import tensorflow as tf

from gradscope.probes import reduce

_FLAT = 0.01
"""Share of the largest derivative under which a unit passes practically no gradient: the bound
0.01/0.99 that the contract sets for sigmoids, used alike for the flat side of ELU, SELU and
softplus."""

_SELU = 1.0507009873554805 * 1.6732632423543772
"""scale · alpha of Klambauer et al. 2017: SELU's asymptote is at −_SELU."""


@dataclass(frozen=True)
class Activation:
    """How to tell that a unit of an activation function is silent or an element saturated.

    fires_above: a rectifier's unit fires for a sample whose activation is above this; None for
        functions that aren't rectifiers.
    ceiling: activations from here on have derivative 0 as well (ReLU6), or None.
    bounds: elements outside (low, high) are saturated, or None.
    """

    fires_above: float | None = None
    ceiling: float | None = None
    bounds: tuple[float, float] | None = None


KINDS: dict[str, Activation] = {
    "relu": Activation(fires_above=0.0),
    "relu6": Activation(fires_above=0.0, ceiling=6.0),
    "gelu": Activation(fires_above=0.0),
    "silu": Activation(fires_above=0.0),
    "elu": Activation(fires_above=-(1 - _FLAT)),
    "selu": Activation(fires_above=-(1 - _FLAT) * _SELU),
    "softplus": Activation(fires_above=-math.log1p(-_FLAT)),
    "sigmoid": Activation(bounds=(_FLAT, 1 - _FLAT)),
    "softmax": Activation(bounds=(_FLAT, 1 - _FLAT)),
    "hard_sigmoid": Activation(bounds=(_FLAT, 1 - _FLAT)),
    "tanh": Activation(bounds=(_FLAT - 1, 1 - _FLAT)),
    "softsign": Activation(bounds=(_FLAT - 1, 1 - _FLAT)),
    "leaky_relu": Activation(),
}
"""Activation functions by name. A leaky ReLU is never flat, so it neither dies nor saturates."""


def is_rectifier(kind: str | None) -> bool:
    """True for kinds whose units can die."""
    return kind in KINDS and KINDS[kind].fires_above is not None


def can_saturate(kind: str | None) -> bool:
    """True for kinds with a `saturated_fraction`."""
    return kind in KINDS and KINDS[kind] != Activation()


def activation_mean(output: tf.Tensor) -> tf.Tensor:
    """The mean of all elements, a float32 scalar; NaN for an empty tensor."""
    x = reduce.real(output)
    return tf.cast(tf.reduce_sum(x) / tf.cast(tf.size(x), x.dtype), tf.float32)


def activation_rms(output: tf.Tensor) -> tf.Tensor:
    """√ mean a² of all elements, a float32 scalar; NaN for an empty tensor."""
    x = reduce.real(output)
    return tf.cast(tf.sqrt(reduce.sum_of_squares(x) / tf.cast(tf.size(x), x.dtype)), tf.float32)


def activation_grad_norm(grad: tf.Tensor | None, scale: tf.Tensor | None = None) -> tf.Tensor:
    """‖∂loss/∂a‖, a float32 scalar; NaN where the loss doesn't depend on a.

    scale: scalar by which the loss was multiplied, or None.
    """
    if grad is None:
        return tf.constant(float("nan"), tf.float32)
    x = reduce.real(tf.convert_to_tensor(grad))
    length = reduce.norm(x, reduce.max_abs(x))
    return tf.cast(length if scale is None else length / tf.cast(scale, x.dtype), tf.float32)


def silent(output: tf.Tensor, kind: str) -> tf.Tensor:
    """bool[units]: True for units that fire for no sample of this step.

    output: float tensor [..., units] of a rectifier.
    """
    # One plain maximum per unit is vectorized on XLA:CPU; any(x > 0) takes five times as long.
    threshold = tf.cast(KINDS[kind].fires_above, output.dtype)
    return tf.logical_not(tf.reduce_max(output, _all_but_last(output)) > threshold)


def saturated_fraction(output: tf.Tensor, kind: str, silent_units: tf.Tensor | None) -> tf.Tensor:
    """The share of saturated elements, for rectifiers of units; a float32 scalar.

    silent_units: what `silent` gave for a rectifier, None for the others.
    """
    rule = KINDS[kind]
    if silent_units is not None:
        if rule.ceiling is not None:
            bent = tf.where(output < rule.ceiling, output, tf.zeros_like(output))
            silent_units = tf.logical_not(tf.reduce_max(bent, _all_but_last(bent)) > 0)
        return reduce.share(silent_units)
    assert rule.bounds is not None
    low, high = (tf.cast(bound, output.dtype) for bound in rule.bounds)
    return reduce.share(tf.logical_or(output < low, output > high))


def _all_but_last(x: tf.Tensor) -> list[int]:
    return list(range(x.shape.rank - 1))


def dead_fraction(silence: tf.Tensor, seen: tf.Tensor, window: int) -> tf.Tensor:
    """The share of units that fired for no sample of the window, a float32 scalar.

    silence: float32[units], the number of recorded steps since each unit fired.
    seen: scalar, the number of recorded steps so far, this one included.
    window: recorded steps that a unit must be silent to count as dead; fewer while fewer are seen.
    """
    limit = tf.cast(tf.minimum(tf.cast(seen, tf.int64), window), tf.float32)
    return reduce.share(silence >= limit)
