"""gradscope.probes.bundle: tensors share stacks, and each gets its own numbers."""

import numpy as np
import pytest
import tensorflow as tf

from gradscope.probes import reduce
from gradscope.probes.bundle import each


def sum_and_maximum(stack: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return reduce.sums(stack), reduce.max_abs(stack)


@pytest.mark.parametrize(
    "shapes",
    [
        # Of one size, but cut at other places: an autoencoder's kernels, a transformer's.
        [(64, 32), (32, 64)],
        [(32, 4, 8), (32, 128), (32, 4, 8), (128, 32)],
        [(32, 128), (2, 1024), (4096,), (1, 4096)],
        # Padded to one form, but not of one size.
        [(1031,), (1033,), (1031, 1)],
        [(), (1,), (0, 3), (1, 1)],
    ],
    ids=str,
)
def test_tensors_of_any_shapes(shapes: list[tuple[int, ...]]) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    sums, largest = each(sum_and_maximum, 2, [tf.constant(a) for a in arrays])
    np.testing.assert_allclose(sums, [a.sum() for a in arrays], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(largest, [np.abs(a).max(initial=0) for a in arrays])
