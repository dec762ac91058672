"""gradscope.probes.updates against its float64 twins."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gradscope.probes.updates import update
from tests import oracles
from tests.unit.probes.arrays import SHAPES, arrays, few, floats, narrow, same


def assert_same(before: np.ndarray, after: np.ndarray) -> None:
    got = update(tf.constant(before), tf.constant(after))
    with np.errstate(invalid="ignore", over="ignore"):
        assert same(got.weight_norm, oracles.weight_norm(before))
        assert same(got.update_norm, oracles.update_norm(before, after))
        assert same(got.update_ratio, oracles.update_ratio(before, after))


@st.composite
def pairs(draw: st.DrawFn, *, special: bool) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(SHAPES)
    # Coarse numbers: their difference is exact in float32, as Sterbenz' lemma promises for an
    # update that is small beside its weight.
    elements = st.one_of(
        st.integers(-4096, 4096).map(float), *([floats(1e3, special=True)] if special else [])
    )
    one = npst.arrays(np.float32, shape, elements=elements)
    return draw(one), draw(one)


@few
@given(pairs(special=False))
def test_any_update(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert_same(*pair)


@few
@given(pairs(special=True))
def test_non_finite_weights_give_non_finite_norms(pair: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = pair
    got = update(tf.constant(before), tf.constant(after))
    assert np.isfinite(got.weight_norm) == np.isfinite(before).all()
    with np.errstate(invalid="ignore"):
        moved = after - before
    assert np.isfinite(got.update_norm) == np.isfinite(moved).all()


@few
@given(arrays(1e15))
def test_weights_that_stay_moved_by_0(w: np.ndarray) -> None:
    got = update(tf.constant(w), tf.constant(w))
    assert float(got.update_norm) == float(got.update_ratio) == 0


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@few
@given(data=st.data())
def test_narrow_weights(dtype: str, data: st.DataObject) -> None:
    before = data.draw(narrow(dtype))
    assert_same(before, (before * 2).astype(before.dtype))


@pytest.mark.parametrize(("before", "after", "ratio"), [(0, 0, 0.0), (0, 1, np.inf), (2, 1, 0.5)])
def test_ratio_beside_zero_in_an_xla_program(before: float, after: float, ratio: float) -> None:
    compiled = tf.function(update, jit_compile=True)
    assert float(compiled(tf.fill([3], float(before)), tf.fill([3], float(after)))[2]) == ratio


@pytest.mark.parametrize(
    ("size", "magnitude"),
    # The square of a large tensor's elements must fit in float32: see reduce.norm.
    [(100, 1e-25), (100, 1e25), (100_000, 1e-15), (100_000, 1.0), (100_000, 1e15)],
)
def test_norms_of_any_magnitude(size: int, magnitude: float) -> None:
    before = (np.random.default_rng(0).normal(size=size) * magnitude).astype(np.float32)
    assert_same(before, np.float32(1.5) * before)
