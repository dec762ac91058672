"""gradscope.probes.slices: both sums of each unit in one pass."""

import numpy as np
import pytest
import tensorflow as tf

from gradscope.probes import slices, units
from gradscope.probes.forms import compiled, forms


@pytest.mark.parametrize(
    "shape", [(8, 1), (16, 3), (128, 512), (2, 4, 7, 5), (32, 16, 16, 64), (24, 1000), (8, 10000)]
)
def test_moments_are_those_of_each_unit(shape: tuple[int, ...]) -> None:
    a = np.random.default_rng(0).normal(0.3, 1, shape).astype(np.float32)
    sums, squares = tf.function(slices.moments, jit_compile=True)(tf.constant(a))
    rows = a.reshape(-1, shape[-1]).astype(np.float64)
    np.testing.assert_allclose(sums, rows.sum(0), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(squares, np.square(rows).sum(0), rtol=1e-5)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_with_its_unit(strange: float) -> None:
    a = np.ones((16, 4), np.float32)
    a[3, 2] = strange
    sums, squares = (x.numpy() for x in slices.moments(tf.constant(a)))
    np.testing.assert_array_equal(sums, [16, 16, strange + 15, 16])
    np.testing.assert_array_equal(squares, [16, 16, strange**2 + 15, 16])


def test_a_negative_sum_keeps_its_sign_beside_a_square() -> None:
    # The halves of an int64: a sign bit of the low one must not spill into the high one.
    sums, squares = slices.moments(tf.constant(-2.0, shape=[8, 3]))
    assert sums.numpy().tolist() == [-16.0] * 3
    assert squares.numpy().tolist() == [32.0] * 3


@pytest.mark.parametrize(
    ("shape", "dtype", "xla", "device"),
    [
        ((64, 64, 64), "float32", False, "cpu"),  # without XLA each slice would be a kernel
        ((64, 64, 64), "float32", True, "gpu"),
        ((64, 64, 64), "float64", True, "cpu"),
        ((67, 67, 64), "float32", True, "cpu"),  # rows that no eight slices have
        ((64, 16, 256), "float32", True, "cpu"),  # long rows are summed as a product
        ((4096, 64), "float32", True, "cpu"),
        ((2, 8, 4), "float32", True, "cpu"),
        ((262144,), "float32", True, "cpu"),
    ],
)
def test_unit_sums_only_where_one_pass_gives_them(shape, dtype, xla, device) -> None:  # type: ignore[no-untyped-def]
    with compiled(xla), forms(device):
        assert units.unit_sums(tf.ones(shape, dtype)) is None


def test_a_rectifier_is_silent_where_its_sum_is_zero() -> None:
    a = np.maximum(np.random.default_rng(0).normal(size=(64, 64, 64)), 0).astype(np.float32)
    a[..., [3, 20]] = 0
    a[5, 1, 20] = 1e-30
    output = tf.constant(a)
    with compiled(True), forms("cpu"):
        known = units.unit_sums(output)
    assert known is not None
    for kind in ("relu", "relu6"):
        got = units.silent(output, kind, None, known)
        np.testing.assert_array_equal(got, units.silent(output, kind))
        assert np.flatnonzero(got.numpy()).tolist() == [3]
