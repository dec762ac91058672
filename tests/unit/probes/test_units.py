"""gradscope.probes.units against its float64 twins."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gradscope.probes import units
from tests import oracles
from tests.oracles.units import BEYOND, FIRES_ABOVE, OUTSIDE
from tests.unit.probes.arrays import SQUARE_FLOOR, arrays, few, floats, narrow, same

OUTPUTS = npst.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=5)


@few
@given(arrays(1e15))
def test_rms_and_gradient_norm(a: np.ndarray) -> None:
    x = tf.constant(a)
    assert same(units.activation_rms(x), oracles.activation_rms(a), floor=SQUARE_FLOOR)
    assert same(units.activation_grad_norm(x), oracles.activation_grad_norm(a))
    assert same(units.activation_grad_norm(8 * x, tf.constant(8.0)), oracles.grad_norm(a))


@few
@given(arrays(1e15))
def test_mean_is_within_rounding_of_the_largest(a: np.ndarray) -> None:
    got, want = float(units.activation_mean(tf.constant(a))), oracles.activation_mean(a)
    slack = 1e-5 * float(np.max(np.abs(a), initial=0)) + 2e-38
    assert math.isclose(got, want, abs_tol=slack) or (math.isnan(got) and math.isnan(want))


@few
@given(arrays(1e3, special=True))
def test_nothing_finite_is_made_of_nan(a: np.ndarray) -> None:
    if a.size and not np.isfinite(a).all():
        assert not np.isfinite(units.activation_mean(tf.constant(a)))
        assert not np.isfinite(units.activation_rms(tf.constant(a)))


def test_no_gradient_is_nan() -> None:
    assert math.isnan(units.activation_grad_norm(None))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@few
@given(data=st.data())
def test_narrow_outputs_are_averaged_in_float32(dtype: str, data: st.DataObject) -> None:
    a = data.draw(narrow(dtype))
    got = units.activation_rms(tf.constant(a))
    assert same(got, oracles.activation_rms(a), floor=SQUARE_FLOOR)


@pytest.mark.parametrize("kind", [*FIRES_ABOVE, *OUTSIDE, *BEYOND])
@few
@given(a=arrays(8.0, shapes=OUTPUTS))
def test_saturation_of_every_kind(kind: str, a: np.ndarray) -> None:
    assert units.can_saturate(kind)
    assume(all(np.abs(np.abs(a) - limit).min() > 1e-6 for limit in (0.01, 0.99)))
    silent = units.silent(tf.constant(a), kind) if units.is_rectifier(kind) else None
    got = units.saturated_fraction(tf.constant(a), kind, silent)
    assert same(got, oracles.saturated_fraction(a, kind))


@pytest.mark.parametrize("kind", FIRES_ABOVE)
@few
@given(a=arrays(5.0, shapes=OUTPUTS))
def test_silent_units_are_those_that_never_fired(kind: str, a: np.ndarray) -> None:
    np.testing.assert_array_equal(
        units.silent(tf.constant(a), kind), np.logical_not(oracles.fired(a, kind))
    )


@pytest.mark.parametrize("kind", FIRES_ABOVE)
def test_all_units_are_silent_in_an_empty_batch(kind: str) -> None:
    assert units.silent(tf.zeros([0, 3]), kind).numpy().all()
    assert units.silent(tf.zeros([0, 2, 3]), kind).shape == [3]


def test_leaky_relu_neither_dies_nor_saturates() -> None:
    assert not units.is_rectifier("leaky_relu") and not units.can_saturate("leaky_relu")
    assert not units.is_rectifier(None) and not units.can_saturate(None)


@few
@given(
    st.lists(
        npst.arrays(np.float32, (2, 4), elements=floats(2.0, special=False)),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 4),
)
def test_dead_fraction_looks_back_one_window(outputs: list[np.ndarray], window: int) -> None:
    silence = tf.zeros([4])
    for seen, a in enumerate(outputs, start=1):
        silence = tf.where(units.silent(tf.constant(a), "relu"), silence + 1, tf.zeros([4]))
        got = units.dead_fraction(silence, tf.constant(seen), window)
        want = oracles.dead_fraction(outputs[max(0, seen - window) : seen], "relu")
        assert same(got, want)
