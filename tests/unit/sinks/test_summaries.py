import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from gradscope.catalog import BY_NAME
from gradscope.sinks.summaries import SUMMARIES, log10

BY_TAG = {summary.tag.rpartition("/")[2]: summary for summary in SUMMARIES}
NAN, INF = np.nan, np.inf


def reduced(tag: str, rows: list[list[float]]) -> list[float]:
    return BY_TAG[tag].reduction(np.array(rows, np.float32)).tolist()


def test_log10_has_no_value_where_there_is_no_logarithm():
    found = log10(np.array([100, 0, -1, INF, NAN, 1e-30], np.float32))
    np.testing.assert_allclose(found, [2, NAN, NAN, NAN, NAN, -30], rtol=1e-6)


def test_quantiles_are_over_the_variables_that_have_a_logarithm():
    rows = [[1, 10, 100, 0, NAN, INF], [10, 1000, 0, 0, 0, 0]]
    assert reduced("log10_grad_norm_min", rows) == [0, 1]
    assert reduced("log10_grad_norm_median", rows) == [1, 2]
    assert reduced("log10_update_ratio_max", rows) == [2, 3]


def test_a_step_without_any_logarithm_gives_no_point():
    for tag in ("log10_grad_norm_min", "log10_grad_norm_median", "log10_grad_norm_max"):
        assert np.isnan(reduced(tag, [[0, NAN, INF]])).all()


@given(hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7)))
def test_quantiles_are_those_of_numpy(block):
    logs = log10(block)
    some = ~np.isnan(logs).all(axis=1)
    for tag, share in (("min", 0.0), ("median", 0.5), ("max", 1.0)):
        found = BY_TAG[f"log10_grad_norm_{tag}"].reduction(block)
        expected = np.nanquantile(logs[some], share, axis=1)
        np.testing.assert_allclose(found[some], expected, rtol=1e-12, atol=1e-12)
        assert np.isnan(found[~some]).all()


def test_the_worst_layer_passes_over_those_without_a_value():
    assert reduced("dead_fraction_max", [[0.25, NAN, 0.5]]) == [0.5]
    assert np.isnan(reduced("saturated_fraction_max", [[NAN, NAN]])).all()


def test_counts():
    assert reduced("zero_gradient_variables", [[0, 1e-30, 0, NAN, INF]]) == [2]
    assert reduced("nonfinite_gradient_elements", [[3, 0, 4]]) == [7]


def test_the_loss_is_shown_as_it_is():
    np.testing.assert_array_equal(reduced("loss", [[2], [NAN], [INF], [0]]), [2, NAN, INF, 0])
    assert [summary.tag for summary in SUMMARIES if summary.shows_nan] == ["gradscope/loss"]


@pytest.mark.parametrize("summary", SUMMARIES, ids=lambda summary: summary.tag)
def test_each_summary_is_described_and_fits_the_catalogue(summary):
    assert summary.tag.partition("/")[0] in {"gradscope", "gradscope.bands", "gradscope.counts"}
    assert summary.description.endswith(".")
    per_step = BY_NAME[summary.statistic].per == "step"
    width = 1 if per_step else 5
    assert summary.reduction(np.ones((3, width), np.float32)).shape == (3,)


def test_the_first_group_holds_what_everybody_looks_at():
    first = [summary.tag for summary in SUMMARIES if summary.tag.startswith("gradscope/")]
    assert first == [
        "gradscope/loss",
        "gradscope/learning_rate",
        "gradscope/log10_global_grad_norm",
    ]


def test_bands_are_over_kernels_and_counts_over_all():
    for summary in SUMMARIES:
        assert summary.kernels_only == summary.tag.startswith("gradscope.bands/"), summary.tag


def test_there_are_few_of_them():
    assert 10 <= len(SUMMARIES) <= 14
    assert len({summary.tag for summary in SUMMARIES}) == len(SUMMARIES)
