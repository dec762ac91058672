"""Yuen's and Welch's test, against SciPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradscope.comparison.welch import difference, student

stats = pytest.importorskip("scipy.stats")

samples = st.integers(0, 10_000)


@settings(deadline=None)
@given(samples, st.integers(5, 60), st.integers(5, 60), st.booleans())
def test_it_is_scipys(seed, n, m, robust):
    rng = np.random.default_rng(seed)
    a = rng.normal(0, rng.uniform(0.1, 10), n)
    b = rng.normal(rng.normal(), rng.uniform(0.1, 10), m)
    expected = stats.ttest_ind(a, b, equal_var=False, trim=0.2 if robust else 0)
    assert difference(a, b, robust).p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(1, 500))
def test_students_distribution_is_scipys(t, freedom):
    assert student(t, freedom) == pytest.approx(
        2 * stats.t.sf(abs(t), freedom), rel=1e-6, abs=1e-14
    )


@pytest.mark.parametrize("robust", [True, False])
def test_the_effect_is_in_standard_deviations(robust):
    rng = np.random.default_rng(0)
    found = difference(rng.normal(0, 3, 20_000), rng.normal(6, 3, 20_000), robust)
    assert found.effect == pytest.approx(2, rel=0.05)


def test_one_odd_batch_in_five_changes_nothing():
    a = np.tile([1.0, 1.1, 0.9, 1.05, 0.95], 4)
    b = a.copy()
    b[::5] = 1e6
    assert difference(a, b, robust=True).p > 0.01


def test_without_any_spread_only_equality_is_chance():
    ones = np.ones(10)
    assert difference(ones, ones, True).p == 1
    found = difference(ones, ones * 2, True)
    assert found.p == 0 and found.effect == np.inf
