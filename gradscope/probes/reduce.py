"""Sums, norms and counts of whole tensors, written so that XLA runs them at memory speed.

A tensor is reduced as one entry of a *stack* [k, pieces, length], so that k tensors of one size
cost one kernel (`bundle.py`). What a reduction leaves of each are a few *parts*, [k, p], which the
bundle adds up for all tensors at once. XLA:CPU turns `reduce_sum(x * x)` into one scalar chain of
additions (1.3 to 2.3 ms for 2M floats); the same sum as a product with a vector of ones takes
0.3 ms, as do the plain maximum and minimum. See `forms` for when which form is taken.
"""

import math
from collections.abc import Callable

import tensorflow as tf

from gradscope.probes import slices
from gradscope.probes.forms import on_gpu, sliced

SMALL = 1 << 12
"""Elements. Larger tensors have a stack of their own: copying them costs more than kernels do."""

_LENGTH = 1024
"""Elements. Trailing axes are joined, and vectors cut, into pieces of at most this length: short
sums are exact, and the vector of ones stays in the cache."""

_SHORT = 64
"""Elements. Shorter pieces leave vector lanes idle; then the tensor is cut across its axes."""

_PARTS = 1024
"""Parts of one tensor. More are added up before the bundle gets them."""

_PACK = 4096.0
"""Two counts of up to so many elements fit into one float32, which is exact to 2²⁴."""

WIDE = 128
"""Elements. Rows that are as long are summed fast as a product, whatever axes come before them."""

LARGE = 1 << 18
"""Elements. A smaller tensor of shorter rows isn't worth the slices, which take long to compile."""

_LEAST_ROW = 16
"""Elements. Rows that a small tensor is cut into."""

_EXPONENT, _LARGEST, _LEAST = 0x7F80_0000, 254 << 23, 1 << 23
"""Of float32: the bits of the exponent, those of the largest power of two and of the least normal
number."""


def real(x: tf.Tensor) -> tf.Tensor:
    """x as a real tensor wide enough to compute with: float64 stays, all else becomes float32."""
    if x.dtype.is_complex:
        x = tf.abs(x)
    return x if x.dtype == tf.float64 else tf.cast(x, tf.float32)


def entry(x: tf.Tensor) -> tf.Tensor:
    """x as a stack of one tensor, [1, pieces, length], padded with zeros where need be."""
    if not x.shape.is_fully_defined():
        return tf.reshape(x, [1, 1, -1])
    pieces, length = form(x)
    missing = pieces * length - math.prod(x.shape)
    if missing:
        x = tf.pad(tf.reshape(x, [-1]), [[0, missing]])
    return tf.reshape(x, [1, pieces, length])


def form(x: tf.Tensor) -> tuple[int, int]:
    """(pieces, length) of the entry that a tensor of known shape becomes.

    Only entries of one form fit into one stack: of two matrices of one size, one may be cut at its
    rows and the other one not.
    """
    shape = x.shape.as_list()
    n = math.prod(shape)
    if n > SMALL and sliced(x) and len(shape) > 1 and shape[-1] <= _LENGTH:
        # A piece of several axes would be summed element by element.
        if shape[-1] >= (WIDE if n >= LARGE else _LEAST_ROW):
            return n // shape[-1], shape[-1]
        if n >= LARGE and n % slices.COUNT == 0:
            return slices.COUNT, n // slices.COUNT
    length = _whole_axes(shape)
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
    return tf.reduce_sum(parts(x), 1)


def parts(x: tf.Tensor) -> tf.Tensor:
    """Numbers that add up to Σ xᵢ of each tensor, [k, p] with a known p of 1 to 1024.

    x: float [k, pieces, length].
    """
    if _in_slices(x):
        return tf.reduce_sum(slices.folded(x[0]))[tf.newaxis, tf.newaxis]
    if not _as_product(x):
        return plain_parts(x)
    pieces = _of_pieces(x)
    return pieces if pieces.shape[1] <= _PARTS else tf.reduce_sum(pieces, 1, keepdims=True)


def plain_parts(x: tf.Tensor) -> tf.Tensor:
    """What `parts` gives, in the form that is faster where x lies in memory already."""
    return _plain(tf.reduce_sum, x)[:, tf.newaxis]


def counts(first: tf.Tensor, second: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Parts of how many elements of each tensor are True, twice float32[k, p].

    first, second: bool [k, pieces, length].
    """
    one, other = tf.cast(first, tf.float32), tf.cast(second, tf.float32)
    both = None
    if _in_slices(one):
        folded = slices.folded(one[0] + _PACK * other[0])
        # Rows of as many elements as a packed count can hold.
        rows = math.gcd(folded.shape[0], 128)
        both = tf.reduce_sum(tf.reshape(folded, [rows, -1]), 0)[tf.newaxis]
    elif _as_product(one) and one.shape[2] < _PACK:
        both = _of_pieces(one + _PACK * other)
    if both is None:
        return parts(one), parts(other)
    # One pass counts both: the sum of a piece is a + _PACK · b, exact in float32.
    high = tf.floor(both / _PACK)
    pair = both - _PACK * high, high
    if both.shape[1] <= _PARTS:
        return pair
    return tuple(tf.reduce_sum(x, 1, keepdims=True) for x in pair)  # type: ignore[return-value]


def max_abs(x: tf.Tensor) -> tf.Tensor:
    """max |xᵢ| of each tensor, [k]; 0 for those without elements. x: float [k, pieces, length]."""
    # Two plain reductions are vectorized on XLA:CPU, reduce_max(abs(x)) is not always.
    largest = tf.maximum(_plain(tf.reduce_max, x), -_plain(tf.reduce_min, x))
    # The largest of zeros may be −0, whose inverse is the wrong one.
    return tf.abs(tf.maximum(largest, tf.zeros_like(largest)))


def factor(largest: tf.Tensor) -> tf.Tensor:
    """What elements are multiplied with so that their squares neither overflow nor underflow.

    A power of two, by which the largest becomes 1 to 2 as far as normal numbers go, float32[k].

    largest: float [k], what `max_abs` gives.
    """
    # By the bits of the exponent: XLA gives each division a kernel of its own.
    bits = tf.bitcast(tf.cast(largest, tf.float32), tf.int32)
    exponent = tf.bitwise.bitwise_and(bits, tf.constant(_EXPONENT, tf.int32))
    return tf.bitcast(tf.maximum(_LARGEST - exponent, _LEAST), tf.float32)


def squares(x: tf.Tensor, factors: tf.Tensor | None = None) -> tf.Tensor:
    """Parts of Σ (f xᵢ)² of each tensor, [k, p]. x: [k, pieces, length]; factors: f, [k]."""
    if factors is not None:
        x = x * tf.cast(tf.reshape(factors, [-1, 1, 1]), x.dtype)
    return parts(x * x)


def _plain(reduction: Callable[..., tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    # Reducing all axes is vectorized on XLA:CPU, all but a first one of length 1 is not.
    return reduction(x)[tf.newaxis] if x.shape[0] == 1 else reduction(x, [1, 2])


def _in_slices(x: tf.Tensor) -> bool:
    """True for entries that `form` cut into slices."""
    known = x.shape.is_fully_defined() and x.shape[0] == 1 and x.shape[1] == slices.COUNT
    return known and x.shape[1] * x.shape[2] >= LARGE and sliced(x)


def _as_product(x: tf.Tensor) -> bool:
    """True where the product with ones is the better form."""
    return x.shape.is_fully_defined() and math.prod(x.shape) > _LENGTH and not on_gpu(x)


def _of_pieces(x: tf.Tensor) -> tf.Tensor:
    k, pieces, length = x.shape
    ones = tf.constant(1.0, x.dtype, [length, 1])
    return tf.reshape(tf.linalg.matmul(tf.reshape(x, [k * pieces, length]), ones), [k, pieces])


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
