"""Sums, norms and counts of whole tensors, written so that XLA runs them at memory speed.

A tensor is reduced as one entry of a *stack* [k, pieces, length], so that k tensors of one size
cost one kernel (`bundle.py`). XLA:CPU turns `reduce_sum(x * x)` into one scalar chain of additions
(1.3 to 2.3 ms for 2M floats); the same sum as a product with a vector of ones takes 0.3 ms, as do
the plain maximum and minimum (benchmarks/reductions.py). On a GPU the plain form is best: XLA
fuses sibling reductions of one tensor into a single pass.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import tensorflow as tf

_LENGTH = 1024
"""Elements. Trailing axes are joined, and vectors cut, into pieces of at most this length: short
sums are exact, and the vector of ones stays in the cache."""

_SHORT = 64
"""Elements. Shorter pieces leave vector lanes idle; then the tensor is cut across its axes."""

_EXACT = 4096
"""Elements. Up to here the largest element is looked for although it takes two passes more."""

_PACK = 4096.0
"""Two counts of a piece that is shorter than this fit into one float32, which is exact to 2²⁴."""

_FACTORS = {tf.float32: 1e37, tf.float64: 1e300}
"""Largest factor by which elements are scaled before squaring, and inverse of the least;
both are normal numbers."""


def real(x: tf.Tensor) -> tf.Tensor:
    """x as a real tensor wide enough to compute with: float64 stays, all else becomes float32."""
    if x.dtype.is_complex:
        x = tf.abs(x)
    return x if x.dtype == tf.float64 else tf.cast(x, tf.float32)


def entry(x: tf.Tensor) -> tf.Tensor:
    """x as a stack of one tensor, [1, pieces, length], padded with zeros where need be."""
    if not x.shape.is_fully_defined():
        return tf.reshape(x, [1, 1, -1])
    pieces, length = form(x.shape.as_list())
    missing = pieces * length - math.prod(x.shape)
    if missing:
        x = tf.pad(tf.reshape(x, [-1]), [[0, missing]])
    return tf.reshape(x, [1, pieces, length])


def form(shape: list[int]) -> tuple[int, int]:
    """(pieces, length) of the entry that a tensor of this shape becomes.

    Only entries of one form fit into one stack: of two matrices of one size, one may be cut at its
    rows and the other one not.
    """
    n, length = math.prod(shape), _whole_axes(shape)
    if length < min(n, _SHORT):
        length = next(d for d in range(min(n, _LENGTH), 0, -1) if n % d == 0)
    if length < min(n, _SHORT):
        length = _LENGTH
    return -(-n // length) if n else 0, length


def _whole_axes(shape: list[int]) -> int:
    """The length of a piece that is made of whole trailing axes, at least the last.

    XLA stores many gradients transposed; a piece that crosses an axis would cost a copy.
    """
    if len(shape) < 2:
        return 0
    length = shape[-1]
    for axis in reversed(shape[:-1]):
        if length * axis > _LENGTH:
            break
        length *= axis
    return length


def sums(x: tf.Tensor) -> tf.Tensor:
    """Σ xᵢ of each tensor, [k]. x: float [k, pieces, length]."""
    if not _as_product(x):
        return plain_sums(x)
    return tf.reduce_sum(_of_pieces(x), 1)


def plain_sums(x: tf.Tensor) -> tf.Tensor:
    """What `sums` gives, in the form that is faster where x lies in memory already."""
    return _plain(tf.reduce_sum, x)


def counts(first: tf.Tensor, second: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """How many elements of each tensor are True, twice float32[k].

    first, second: bool [k, pieces, length].
    """
    one, other = tf.cast(first, tf.float32), tf.cast(second, tf.float32)
    if not _as_product(one) or one.shape[2] >= _PACK:
        return sums(one), sums(other)
    # One pass counts both: the sum of a piece is a + _PACK · b, exact in float32.
    both = _of_pieces(one + _PACK * other)
    high = tf.floor(both / _PACK)
    return tf.reduce_sum(both - _PACK * high, 1), tf.reduce_sum(high, 1)


def max_abs(x: tf.Tensor) -> tf.Tensor:
    """max |xᵢ| of each tensor, [k]; 0 for those without elements. x: float [k, pieces, length]."""
    # Two plain reductions are vectorized on XLA:CPU, reduce_max(abs(x)) is not always.
    largest = tf.maximum(_plain(tf.reduce_max, x), -_plain(tf.reduce_min, x))
    return tf.maximum(largest, tf.zeros_like(largest))


def norms(x: tf.Tensor, largest: tf.Tensor | None = None) -> tf.Tensor:
    """‖x‖₂ of each tensor, [k].

    x: real float [k, pieces, length].
    largest: what `max_abs` gives, where it is known. With it, and for small tensors, elements are
        scaled before they are squared, so that a norm neither overflows nor underflows; without it,
        in float32, elements beyond about 1e±19 are lost.
    """
    size = x.shape[1:].num_elements()
    if largest is None and size is not None and size <= _EXACT:
        largest = max_abs(x)
    if largest is None:
        return tf.sqrt(sums(x * x))
    bound = tf.constant(_FACTORS[x.dtype], x.dtype)
    # A product with the inverse, since a division takes several times as long.
    factor = tf.clip_by_value(tf.math.reciprocal(largest), 1.0 / bound, bound)
    scaled = x * factor[:, tf.newaxis, tf.newaxis]
    return tf.sqrt(sums(scaled * scaled)) / factor


def _plain(reduction: Callable[..., tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    # Reducing all axes is vectorized on XLA:CPU, all but a first one of length 1 is not.
    return reduction(x)[tf.newaxis] if x.shape[0] == 1 else reduction(x, [1, 2])


def _as_product(x: tf.Tensor) -> bool:
    """True where the product with ones is the better form."""
    return x.shape.is_fully_defined() and math.prod(x.shape) > _LENGTH and not _on_gpu(x)


def _of_pieces(x: tf.Tensor) -> tf.Tensor:
    k, pieces, length = x.shape
    flat = tf.reshape(x, [k * pieces, length])
    return tf.reshape(tf.linalg.matvec(flat, tf.ones([length], x.dtype)), [k, pieces])


_wanted: ContextVar[Literal["cpu", "gpu"] | None] = ContextVar("forms", default=None)


@contextmanager
def forms(device: Literal["cpu", "gpu"]) -> Iterator[None]:
    """Within it, what is traced gets the forms for this device, whichever is visible here.

    For a program that is traced on one machine and runs on another.
    """
    token = _wanted.set(device)
    try:
        yield
    finally:
        _wanted.reset(token)


def _on_gpu(x: tf.Tensor) -> bool:
    if (wanted := _wanted.get()) is not None:
        return wanted == "gpu"
    # In a graph being traced a tensor has no device yet; a visible GPU is where XLA will put it.
    device = getattr(x, "device", "") or ""
    return "GPU" in device or ("CPU" not in device and bool(tf.config.list_logical_devices("GPU")))


def alongside(one: tf.Tensor, other: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The two, and a bool scalar: whether their first axes have one length.

    Lengths that are known at run time only must not stop the training where they differ: then both
    are cut to the shorter one. They are compatible as far as they are known.
    """
    known = [x.shape[:1].is_fully_defined() for x in (one, other)]
    if all(known):
        return one, other, tf.constant(True)
    lengths = tf.shape(one)[0], tf.shape(other)[0]
    least = tf.minimum(*lengths)
    return one[:least], other[:least], tf.equal(*lengths)
