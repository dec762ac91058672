"""gradscope.probes.detail against its float64 twins."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis.extra import numpy as npst

from gradscope import detail
from gradscope.probes import detail as probe
from tests.oracles import detail as oracle
from tests.oracles.gradients import densified
from tests.oracles.units import BEYOND, FIRES_ABOVE, OUTSIDE
from tests.unit.probes.arrays import arrays, few, narrow

MATRICES = npst.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=5)


def compiled(function, *args):
    """What a function gives with XLA, which must be what it gives eagerly."""
    eager = function(*args)
    fast = tf.function(function, jit_compile=True)(*args)
    for one, other in zip(tf.nest.flatten(eager), tf.nest.flatten(fast), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-37)
    return fast


def counted(histogram: tf.Tensor) -> dict[str, int]:
    named = zip(detail.bin_names(), histogram.numpy(), strict=True)
    return {name: int(count) for name, count in named if count}


@few
@given(arrays(special=True))
def test_elements_are_counted_by_their_binary_exponent(g):
    assert counted(probe.grad_histogram(tf.constant(g))) == oracle.grad_histogram(g)


def test_the_bounds_of_bins_belong_to_the_upper_bin():
    powers = 2.0 ** np.arange(-70, 20)
    g = np.concatenate([powers, -powers, np.nextafter(np.float32(powers), 0), [0, -0.0, np.nan]])
    g = np.concatenate([g, [np.inf, -np.inf, 1e-40]]).astype(np.float32)
    want = oracle.grad_histogram(g)
    assert want["2^0"] == 3 and want["0"] == 2 and want["nonfinite"] == 3
    assert counted(compiled(probe.grad_histogram, tf.constant(g))) == want


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_gradients_are_counted_with_the_loss_scale_divided_out(dtype):
    g = np.linspace(-3, 3, 41).reshape(41, 1).astype(np.float32)
    scaled = tf.cast(tf.constant(g) * 1024, dtype)
    got = probe.grad_histogram(scaled, tf.constant(1024.0))
    assert counted(got) == oracle.grad_histogram(tf.cast(scaled, tf.float32).numpy() / 1024)


def test_slices_of_one_row_are_summed_before_they_are_counted():
    values, indices = np.float32([[1, 2], [3, 0], [-1, 2]]), [2, 0, 2]
    slices = tf.IndexedSlices(values, tf.constant(indices), tf.constant([5, 2]))
    dense = densified(values, indices, (5, 2))
    assert counted(probe.grad_histogram(slices)) == oracle.grad_histogram(dense)
    np.testing.assert_allclose(probe.grad_unit_rms(slices), oracle.grad_unit_rms(dense), rtol=1e-6)


def test_of_a_large_embedding_only_rows_that_were_touched_are_counted():
    shape = (1 << 20, 8)
    slices = tf.IndexedSlices(np.ones([2, 8], np.float32), tf.constant([7, 7]), tf.constant(shape))
    counts = counted(probe.grad_histogram(slices))
    assert counts["2^1"] == 8 and counts.get("0", 0) <= 8


@few
@given(arrays(1e3, shapes=MATRICES))
def test_size_of_each_units_gradient(g):
    np.testing.assert_allclose(
        probe.grad_unit_rms(tf.constant(g)), oracle.grad_unit_rms(g), rtol=1e-5, atol=2e-38
    )


def test_a_vanishing_gradient_has_a_size():
    g = np.float32([[3e-30, 0.0], [-4e-30, 0.0]])
    got = compiled(probe.grad_unit_rms, tf.constant(g))
    np.testing.assert_allclose(got, [np.sqrt(12.5) * 1e-30, 0], rtol=1e-5)


@pytest.mark.parametrize("kind", [*FIRES_ABOVE, *OUTSIDE, *BEYOND, "leaky_relu"])
def test_each_unit_of_every_activation(kind):
    a = np.random.default_rng(0).normal(0.5, 1, [3, 5, 6, 7]).astype(np.float32)
    mean, size = compiled(probe.unit_sizes, tf.constant(a))
    np.testing.assert_allclose(mean, oracle.unit_mean(a), atol=1e-6)
    np.testing.assert_allclose(size, oracle.unit_rms(a), rtol=1e-5)
    shares = compiled(partial(probe.unit_shares, kind=kind), tf.constant(a))
    kinds = {"unit_firing": FIRES_ABOVE, "unit_saturated": OUTSIDE + BEYOND}
    assert set(shares) == {name for name, own in kinds.items() if kind in own}
    for name, share in shares.items():
        np.testing.assert_allclose(share, getattr(oracle, name)(a, kind), atol=1e-6)


@few
@given(narrow("bfloat16"))
def test_narrow_outputs_are_averaged_in_float32(a):
    if a.ndim and a.size:
        _, size = probe.unit_sizes(tf.constant(a))
        np.testing.assert_allclose(size, oracle.unit_rms(a), rtol=1e-4, atol=2e-19)


def test_of_many_units_every_kth_is_recorded():
    a = np.random.default_rng(0).normal(size=[4, 300]).astype(np.float32)
    kept = list(detail.unit_indices(300))
    assert len(kept) == 100
    mean, _ = probe.unit_sizes(tf.constant(a))
    np.testing.assert_allclose(mean, oracle.unit_mean(a[:, kept]), atol=1e-6)
    firing = probe.unit_shares(tf.constant(a), "relu")["unit_firing"]
    np.testing.assert_allclose(firing, (a[:, kept] > 0).mean(0))
    np.testing.assert_allclose(
        probe.grad_unit_rms(tf.constant(a)), oracle.grad_unit_rms(a[:, kept]), rtol=1e-5
    )


def test_an_empty_batch_is_nan():
    assert np.isnan(probe.unit_sizes(tf.zeros([0, 3]))).all()
    assert np.isnan(probe.unit_shares(tf.zeros([0, 3]), "relu")["unit_firing"]).all()
