"""gradscope.probes.bundle: tensors share stacks, and each gets its own numbers."""

import numpy as np
import pytest
import tensorflow as tf

from gradscope.probes import reduce
from gradscope.probes.bundle import Bundle, norms
from gradscope.probes.forms import compiled

SHAPES = [
    # Of one size, but cut at other places: an autoencoder's kernels, a transformer's.
    [(64, 32), (32, 64)],
    [(32, 4, 8), (32, 128), (32, 4, 8), (128, 32)],
    [(32, 128), (2, 1024), (4096,), (1, 4096)],
    # Padded to one form, but not of one size.
    [(1031,), (1033,), (1031, 1)],
    [(), (1,), (0, 3), (1, 1)],
    # Large ones: a matrix, a narrow one, a convolution's, one that can't be cut into slices.
    [(300, 64), (3, 3, 16, 64), (2000, 10), (7, 5, 3, 61), (4,), (70000,)],
    # In slices: images of few channels, a long narrow matrix.
    [(8, 64, 64, 16), (1 << 16, 8), (3, 5)],
]


@pytest.mark.parametrize("xla", [False, True], ids=["plain", "xla"])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_tensors_of_any_shapes(shapes: list[tuple[int, ...]], xla: bool) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]

    @tf.function(jit_compile=xla)
    def numbers(tensors: list[tf.Tensor]) -> tuple[tf.Tensor, ...]:
        with compiled(xla):
            bundle = Bundle(tensors)
            stacks = bundle.stacks(tensors)
            pairs = [reduce.counts(x > 0, x > 1) for x in stacks]
            return (
                *bundle.sums([reduce.parts(x) for x in stacks], *zip(*pairs, strict=True)),
                *bundle.columns([reduce.max_abs(x) for x in stacks]),
                norms(bundle, stacks),
            )

    sums, positive, above, largest, lengths = numbers([tf.constant(a) for a in arrays])
    np.testing.assert_allclose(sums, [a.sum() for a in arrays], rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(positive, [(a > 0).sum() for a in arrays])
    np.testing.assert_array_equal(above, [(a > 1).sum() for a in arrays])
    np.testing.assert_allclose(largest, [np.abs(a).max(initial=0) for a in arrays])
    np.testing.assert_allclose(lengths, [np.sqrt(np.square(a).sum()) for a in arrays], rtol=1e-5)


def test_nothing_to_reduce() -> None:
    bundle = Bundle([])
    (sums,), (columns,) = bundle.sums([]), bundle.columns([])
    assert sums.shape == columns.shape == (0,)


@pytest.mark.parametrize(
    "shape",
    [(4095,), (4096,), (4097,), (1 << 15,), (3 << 20,), (64, 64, 64), (1 << 16, 8), (99, 8, 999)],
)
def test_counts_of_everything_are_exact(shape: tuple[int, ...]) -> None:
    @tf.function(jit_compile=True)
    def numbers(x: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with compiled(True):
            bundle = Bundle([x])
            (stack,) = bundle.stacks([x])
            first, second = reduce.counts(tf.equal(stack, 1), tf.equal(stack, 1))
            return bundle.sums([first], [second])

    first, second = numbers(tf.ones(shape))
    assert first.numpy().tolist() == second.numpy().tolist() == [np.prod(shape)]
