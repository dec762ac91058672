import numpy as np
import pytest

from gradscope.diagnosis.posterior import (
    SCATTER,
    SCATTER_WEIGHT,
    StudentT,
    center,
    difference,
    rate_below,
    slope,
)


def test_the_probability_is_that_of_the_student_distribution():
    """Quantiles of the t table: df 1, 2, 10 at 0.975, 0.95 and 0.9."""
    location = np.zeros(3)
    posterior = StudentT(location, np.ones(3), np.array([1.0, 2.0, 10.0]))
    below = 1 - posterior.above(np.array([12.7062, 2.91999, 1.372184]))
    assert below == pytest.approx([0.975, 0.95, 0.9], abs=1e-5)


def test_an_unknown_quantity_has_no_probability():
    assert np.isnan(StudentT(np.array(np.nan), np.array(1.0), np.array(1.0)).above(0.0))


@pytest.mark.parametrize("length", [2, 3, 12])
def test_a_slope_is_that_of_least_squares(length):
    y = np.random.default_rng(0).normal(size=(5, length)) + np.arange(length)
    fitted = slope(y)
    for row, location in zip(y, fitted.location, strict=True):
        assert location == pytest.approx(np.polyfit(np.arange(length), row, 1)[0])


def test_the_scale_of_a_slope_counts_the_prior_as_observations():
    y = np.array([[0.0, 1.0, 1.0, 3.0]])
    x = np.arange(4.0)
    residual = y[0] - np.polyval(np.polyfit(x, y[0], 1), x)
    df = 4 - 2 + SCATTER_WEIGHT
    variance = (SCATTER_WEIGHT * SCATTER**2 + (residual**2).sum()) / df
    fitted = slope(y)
    assert fitted.df == df
    assert fitted.scale == pytest.approx(np.sqrt(variance / ((x - 1.5) ** 2).sum()))


def test_a_slope_leaves_out_what_is_unknown():
    y = np.array([[0.0, np.nan, 2.0, 3.0], [np.nan, 1.0, np.nan, np.nan]])
    fitted = slope(y)
    assert fitted.location[0] == pytest.approx(1.0)
    assert np.isnan(fitted.location[1])


def test_a_centre_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    above = [float(center(rng.normal(size=30), 1e-9).above(0.0)) for _ in range(300)]
    assert np.mean(np.array(above) > 0.9) == pytest.approx(0.1, abs=0.05)


def test_a_centre_is_not_moved_by_outliers():
    sample = np.random.default_rng(2).normal(size=50)
    sample[:5] = 1e9, np.nan, np.inf, -np.inf, 1e9
    assert abs(float(center(sample, 0.1).location)) < 0.5


def test_a_difference_adds_variances_and_keeps_the_fewer_degrees_of_freedom():
    a = StudentT(np.array(5.0), np.array(3.0), np.array(9.0))
    b = StudentT(np.array(1.0), np.array(4.0), np.array(4.0))
    apart = difference(a, b)
    assert (apart.location, apart.scale, apart.df) == (4.0, 5.0, 4.0)


@pytest.mark.parametrize(("samples", "probability"), [(0, 0.001), (100, 0.0961), (4600, 0.98998)])
def test_a_rate_without_hits_is_low_by_as_many_samples_as_there_were(samples, probability):
    """Beta(1, n + 1): 1 - (1 - r)^(n + 1)."""
    assert rate_below(0.001, 0, samples) == pytest.approx(probability, abs=1e-4)


def test_a_rate_with_hits_is_no_longer_low():
    assert rate_below(0.001, 50, 4600) < 1e-9
