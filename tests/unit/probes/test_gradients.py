"""gradscope.probes.gradients against its float64 twins."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gradscope.probes.gradients import Gradient, distinct, gradient
from tests import oracles
from tests.unit.probes.arrays import arrays, few, narrow, same


def expected(g: np.ndarray | None) -> Gradient:
    return Gradient(
        oracles.grad_norm(g),
        oracles.grad_max_abs(g),
        oracles.grad_zero_fraction(g),
        oracles.nonfinite_count(g),
    )


def assert_same(got: Gradient, want: Gradient) -> None:
    for name, a, b in zip(Gradient._fields, got, want, strict=True):
        assert a.dtype == tf.float32 and a.shape == ()
        assert same(a, b), f"{name}: got {float(a)!r}, must be {b!r}"


@few
@given(arrays(special=True))
def test_any_float32_gradient(g: np.ndarray) -> None:
    assert_same(gradient(tf.constant(g)), expected(g))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@few
@given(data=st.data())
def test_narrow_gradients_are_measured_in_float32(dtype: str, data: st.DataObject) -> None:
    g = data.draw(narrow(dtype))
    assert_same(gradient(tf.constant(g)), expected(g))


@few
@given(arrays(1e30))
def test_float64_gradients(g: np.ndarray) -> None:
    wide = g.astype(np.float64) / 3
    assert_same(gradient(tf.constant(wide)), expected(wide))


def test_a_variable_that_no_gradient_reaches() -> None:
    assert_same(gradient(None), expected(None))


@pytest.mark.parametrize("size", [4096, 4097, 1_000_003, 1 << 20])
@pytest.mark.parametrize("magnitude", [1e-30, 1.0, 1e30])
def test_large_gradients_neither_overflow_nor_vanish(size: int, magnitude: float) -> None:
    g = (np.random.default_rng(0).normal(size=size) * magnitude).astype(np.float32)
    assert_same(gradient(tf.constant(g)), expected(g))


@few
@given(arrays(1e10), st.sampled_from([1.0, 2.0, 1024.0, 65536.0]))
def test_the_loss_scale_is_divided_out(g: np.ndarray, scale: float) -> None:
    got = gradient(tf.constant(g) * scale, tf.constant(scale))
    assert_same(got, expected(g))


@st.composite
def slices(draw: st.DrawFn) -> tuple[np.ndarray, list[int], tuple[int, int]]:
    """(values [K, width], K indices, shape of the dense gradient)."""
    indices = draw(st.lists(st.integers(0, 5), max_size=8))
    shape = draw(st.sampled_from([6, 9])), draw(st.integers(1, 3))
    elements = st.integers(-9, 9).map(float)
    return (
        draw(npst.arrays(np.float32, (len(indices), shape[1]), elements=elements)),
        indices,
        shape,
    )


@few
@given(slices())
def test_slices_of_one_index_are_summed(
    drawn: tuple[np.ndarray, list[int], tuple[int, int]],
) -> None:
    values, indices, shape = drawn
    grad = tf.IndexedSlices(
        tf.constant(values), tf.constant(indices, tf.int64), tf.constant(shape, tf.int64)
    )
    assert_same(gradient(grad), expected(oracles.densified(values, indices, shape)))


def test_many_rows_are_never_made_dense() -> None:
    slices = tf.IndexedSlices(
        tf.ones([3, 2]), tf.constant([7, 7, 10**9]), tf.constant([2 * 10**9, 2], tf.int64)
    )
    values, _ = distinct(slices)
    assert values.shape[0] <= 3
    assert same(gradient(slices).grad_norm, np.sqrt(2 * 4 + 2))


@pytest.mark.parametrize(
    "g",
    [
        np.zeros((0, 3), np.float32),
        np.zeros((4, 3), np.float32),
        np.float32([np.nan, 1, 0, np.inf]),
        np.float32([-np.inf, 1, 0]),
        np.float32(-2.5),
        np.float32([1e30, 1e30, 0]),
        np.float32([1e-30, 1e-30]),
    ],
    ids=["empty", "zeros", "nan", "infinite", "scalar", "huge", "tiny"],
)
def test_edges_in_an_xla_program(g: np.ndarray) -> None:
    assert_same(tf.function(gradient, jit_compile=True)(tf.constant(g)), expected(g))
