"""What a layer's units do: mean, size, silence and saturation of its output.

A unit is one index of the last axis: a neuron, a channel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from gradscope.probes import reduce, slices
from gradscope.probes.bundle import Bundle, norms
from gradscope.probes.forms import sliced

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
    fires_from: the same bound on the function's argument, for functions that rise there.
    ceiling: activations from here on have derivative 0 as well (ReLU6), or None.
    bounds: elements outside (low, high) are saturated, or None.
    nonnegative: it is never below 0, so that a unit's sum tells whether it fires at all.
    """

    fires_above: float | None = None
    fires_from: float | None = None
    ceiling: float | None = None
    bounds: tuple[float, float] | None = None
    nonnegative: bool = False


KINDS: dict[str, Activation] = {
    "relu": Activation(fires_above=0.0, nonnegative=True),
    "relu6": Activation(fires_above=0.0, ceiling=6.0, nonnegative=True),
    "gelu": Activation(fires_above=0.0, fires_from=0.0),
    "silu": Activation(fires_above=0.0, fires_from=0.0),
    "elu": Activation(fires_above=-(1 - _FLAT), fires_from=math.log(_FLAT)),
    "selu": Activation(fires_above=-(1 - _FLAT) * _SELU, fires_from=math.log(_FLAT)),
    "softplus": Activation(
        fires_above=-math.log1p(-_FLAT), fires_from=math.log(_FLAT) - math.log1p(-_FLAT)
    ),
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


_LARGE = 1 << 18
"""Elements. XLA would fuse the pass over a smaller output into what comes after it."""

_IMAGE_RANK = 4
"""Batch, two axes of space and channels."""


class Size(NamedTuple):
    """Two float32 tensors of one shape; NaN for outputs without elements."""

    activation_mean: tf.Tensor
    activation_rms: tf.Tensor


class UnitSums(NamedTuple):
    """Σ a and Σ a² of each unit, each float32[units]."""

    sums: tf.Tensor
    squares: tf.Tensor


def unit_sums(output: tf.Tensor) -> UnitSums | None:
    """The sums of each unit, where one pass over the output gives both; None elsewhere.

    output: float tensor [..., units].
    """
    shape = output.shape
    if output.dtype == tf.float64 or not shape.is_fully_defined() or shape.rank < 3:
        return None
    rows, units = math.prod(shape[:-1]), shape[-1]
    if rows * units < _LARGE or units >= reduce.WIDE or rows % slices.COUNT or not sliced(output):
        return None
    return UnitSums(*slices.moments(reduce.real(output)))


def activations(
    outputs: Sequence[tf.Tensor], known: Sequence[UnitSums | None] | None = None
) -> Size:
    """Mean and root mean square of L layers' outputs, each float32[L].

    outputs: float tensors of any shape.
    known: what `unit_sums` gives for each, where the caller needs it, too.
    """
    if not outputs:
        return Size(tf.zeros([0]), tf.zeros([0]))
    known = [unit_sums(x) for x in outputs] if known is None else known
    bundle = Bundle(outputs)
    parts = [
        _sums_of(stack, outputs[group[0]], known[group[0]])
        for group, stack in zip(bundle.groups, bundle.stacks(outputs), strict=True)
    ]
    total, squares = bundle.sums(*zip(*parts, strict=True))
    return Size(total / _sizes(outputs), tf.sqrt(squares / _sizes(outputs)))


def _sums_of(
    stack: tf.Tensor, first: tf.Tensor, known: UnitSums | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Parts of the sum and of the sum of squares of each tensor in a stack."""
    if known is not None:
        total, squares = (reduce.parts(x[tf.newaxis, tf.newaxis]) for x in known)
        return total, squares
    # A convolution's output lies in memory, where a plain sum is fastest; what XLA computes
    # elementwise, a normalization say, it would fuse into a plain sum and run element by element.
    in_memory = (first.shape.rank or 0) >= _IMAGE_RANK
    total = reduce.plain_parts(stack) if in_memory else reduce.parts(stack)
    return total, reduce.squares(stack)


def activation_mean(output: tf.Tensor) -> tf.Tensor:
    """The mean of all elements, a float32 scalar; NaN for an empty tensor."""
    return activations([output]).activation_mean[0]


def activation_rms(output: tf.Tensor) -> tf.Tensor:
    """√ mean a² of all elements, a float32 scalar; NaN for an empty tensor."""
    return activations([output]).activation_rms[0]


def activation_grad_norms(grads: Sequence[tf.Tensor], scale: tf.Tensor | None = None) -> tf.Tensor:
    """‖∂loss/∂a‖ of L layers' outputs, float32[L].

    scale: scalar by which the loss was multiplied, or None.
    """
    dense = [tf.convert_to_tensor(grad) for grad in grads]
    bundle = Bundle(dense)
    length = norms(bundle, bundle.stacks(dense))
    return length if scale is None else length / tf.cast(scale, tf.float32)


def activation_grad_norm(grad: tf.Tensor | None, scale: tf.Tensor | None = None) -> tf.Tensor:
    """‖∂loss/∂a‖, a float32 scalar; NaN where the loss doesn't depend on a."""
    if grad is None:
        return tf.constant(float("nan"), tf.float32)
    return activation_grad_norms([grad], scale)[0]


def silent(
    output: tf.Tensor,
    kind: str,
    argument: tf.Tensor | None = None,
    known: UnitSums | None = None,
    bias: tf.Tensor | None = None,
) -> tf.Tensor:
    """bool[units]: True for units that fire for no sample of this step.

    output: float tensor [..., units] of a rectifier.
    argument: what the function was applied to, where it is known.
    bias: [units], what is still to be added to the argument.
    known: what `unit_sums` gives for the output, where that is known.
    """
    if known is not None and KINDS[kind].nonnegative:
        return tf.logical_not(known.sums > 0)
    if argument is not None and KINDS[kind].fires_from is not None:
        # XLA fuses a smooth function into the maximum and computes it anew, element by element;
        # its argument, as a rule a matrix product with a bias, lies in memory.
        largest = _largest(argument)
        if bias is not None:
            # Rounding keeps the order, so that the largest sum is the sum with the largest.
            largest = largest + bias
        return tf.logical_not(largest > tf.cast(KINDS[kind].fires_from, argument.dtype))
    threshold = tf.cast(KINDS[kind].fires_above, output.dtype)
    return tf.logical_not(_largest(output) > threshold)


def saturated_fraction(output: tf.Tensor, kind: str, silent_units: tf.Tensor | None) -> tf.Tensor:
    """The share of saturated elements, for rectifiers of units; a float32 scalar.

    silent_units: what `silent` gave for a rectifier, None for the others.
    """
    return shares([saturated(output, kind, silent_units)])[0]


def saturated(output: tf.Tensor, kind: str, silent_units: tf.Tensor | None) -> tf.Tensor:
    """bool: saturated elements [...], shaped like output, or a rectifier's saturated units [units].

    silent_units: what `silent` gave for a rectifier, None for the others.
    """
    rule = KINDS[kind]
    if silent_units is not None:
        if rule.ceiling is not None:
            bent = tf.where(output < rule.ceiling, output, tf.zeros_like(output))
            silent_units = tf.logical_not(_largest(bent) > 0)
        return silent_units
    assert rule.bounds is not None
    low, high = (tf.cast(bound, output.dtype) for bound in rule.bounds)
    return tf.logical_or(output < low, output > high)


def _largest(output: tf.Tensor) -> tf.Tensor:
    """The largest activation of each unit, [units]."""
    # A plain maximum is vectorized on XLA:CPU; any(x > 0) takes five times as long.
    return tf.reduce_max(output, list(range(output.shape.rank - 1)))


def dead_fraction(silence: tf.Tensor, seen: tf.Tensor, window: int) -> tf.Tensor:
    """The share of units that fired for no sample of the window, a float32 scalar.

    silence: float32[units], the number of recorded steps since each unit fired.
    seen: scalar, the number of recorded steps so far, this one included.
    window: recorded steps that a unit must be silent to count as dead; fewer while fewer are seen.
    """
    return shares([dead(silence, seen, window)])[0]


def dead(silence: tf.Tensor, seen: tf.Tensor, window: int) -> tf.Tensor:
    """bool[units]: which units fired for no sample of the window; see `dead_fraction`."""
    return silence >= tf.cast(tf.minimum(tf.cast(seen, tf.int64), window), tf.float32)


def shares(masks: Sequence[tf.Tensor]) -> tf.Tensor:
    """The share of elements that are True in each of L masks, float32[L]; NaN for empty ones."""
    bundle = Bundle(masks)
    (on,) = bundle.sums([reduce.parts(x) for x in bundle.stacks(masks)])
    return on / _sizes(masks) if masks else on


def _sizes(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    known = [x.shape.num_elements() for x in tensors]
    if None not in known:
        return tf.constant(known, tf.float32)
    return tf.stack([tf.cast(tf.size(x), tf.float32) for x in tensors])
