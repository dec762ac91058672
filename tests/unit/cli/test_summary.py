"""The numbers of the per-layer table."""

import math

import numpy as np
import pytest

from gradscope.cli import summary
from gradscope.records import Verdict
from tests.unit.cli.views import SICK, View

NAN, INF = math.nan, math.inf


def trend_of(*values: float, steps: list[int] | None = None) -> summary.Trend:
    at = range(len(values)) if steps is None else steps
    return summary.trend(np.array(at, np.int64), np.array(values, np.float32))


def test_trend_takes_first_last_and_median():
    trend = trend_of(4.0, 1.0, 3.0, 8.0)
    assert (trend.first, trend.last, trend.median) == (4.0, 8.0, 3.5)


def test_trend_keeps_what_is_not_finite_at_the_ends_but_not_in_the_median():
    trend = trend_of(NAN, 2.0, 4.0, INF)
    assert math.isnan(trend.first) and trend.last == INF
    assert trend.median == 3.0


def test_median_without_any_finite_value_is_nan():
    assert math.isnan(trend_of(NAN, INF).median)


def test_curve_has_one_median_for_each_stretch_of_steps():
    values = [float(stretch * 10 + place) for stretch in range(12) for place in (0, 1, 9)]
    trend = trend_of(*values)
    assert trend.curve.tolist() == [stretch * 10 + 1 for stretch in range(12)]


def test_curve_shows_one_bad_step_among_many():
    for bad in (NAN, INF):
        values = [1.0] * 240
        values[130] = bad
        curve = trend_of(*values).curve
        assert np.flatnonzero(np.isnan(curve)).tolist() == [6]


def test_curve_follows_steps_not_records_and_holds_the_last_value_between():
    # five dense records, then one far away
    curve = trend_of(1, 1, 1, 1, 1, 9, steps=[0, 1, 2, 3, 4, 119]).curve
    assert curve.tolist() == [1.0] * 11 + [9.0]


def test_curve_of_one_step():
    assert trend_of(3.0).curve.tolist() == [3.0] * summary.SPARK_BINS


def test_rows_are_in_depth_order_and_layers_without_variables_stand_where_they_run():
    names = [row.name for row in summary.rows(View(SICK))]
    assert names == [
        "net/first/kernel",
        "net/first/bias",
        "net/relu",
        "net/last/kernel",
        "net/last/bias",
    ]


def test_a_layer_without_variables_behind_the_last_one_comes_last():
    columns = {
        "grad_norm": {"a/kernel": [1.0]},
        "activation_mean": {"a": [1.0], "relu": [1.0]},
        "dead_fraction": {"relu": [0.5]},
    }
    rows = summary.rows(View(columns, steps=[0]))
    assert [(row.name, row.dead) for row in rows][1] == ("relu", 0.5)


def test_a_layer_of_which_nothing_is_shown_has_no_row():
    columns = {"grad_norm": {"a/kernel": [1.0]}, "activation_mean": {"flatten": [1.0], "a": [1.0]}}
    assert [row.name for row in summary.rows(View(columns, steps=[0]))] == ["a/kernel"]
    columns["saturated_fraction"] = {"flatten": [NAN]}
    assert [row.name for row in summary.rows(View(columns, steps=[0]))] == ["a/kernel"]


def test_a_row_holds_medians_and_last_shares():
    rows = {row.name: row for row in summary.rows(View(SICK))}
    first = rows["net/first/kernel"]
    assert first.gradient is not None
    assert first.gradient.median == pytest.approx(1e-7)
    assert first.update_ratio == pytest.approx(2e-9)
    assert first.weight_norm == 5.0
    assert first.saturated == pytest.approx(0.4)
    assert math.isnan(first.dead), "a layer that can't be dead shows no share"
    assert rows["net/relu"].gradient is None
    assert rows["net/relu"].dead == 0.75


def test_the_shares_of_a_layer_stand_in_its_first_row_alone():
    rows = {row.name: row for row in summary.rows(View(SICK))}
    assert rows["net/first/kernel"].lead and not rows["net/first/bias"].lead
    assert math.isnan(rows["net/first/bias"].saturated)
    columns = {
        "grad_norm": {"a/kernel": [1.0], "a/bias": [1.0]},
        "activation_mean": {"a": [1.0]},
        "dead_fraction": {"a": [0.5]},
    }
    shares = [row.dead for row in summary.rows(View(columns, steps=[0]))]
    assert shares[0] == 0.5 and math.isnan(shares[1])


def test_a_variable_at_the_top_level_is_a_row():
    columns = {"grad_norm": {"scale": [1.0], "dense/kernel": [1.0]}}
    rows = summary.rows(View(columns, steps=[0]))
    assert [(row.name, row.layer, row.lead) for row in rows] == [
        ("scale", "", True),
        ("dense/kernel", "dense", True),
    ]


def test_shorten_keeps_one_row_for_each_layer_and_what_a_verdict_names():
    table = summary.rows(View(SICK))
    assert [row.name for row in summary.shorten(table, frozenset(), 40)] == [
        "net/first/kernel",
        "net/relu",
        "net/last/kernel",
    ]
    kept = summary.shorten(table, frozenset({"net/last/bias"}), 40)
    assert "net/last/bias" in [row.name for row in kept]


def test_shorten_spaces_the_rows_of_a_deep_net_evenly():
    table = [summary.Row(name=f"layer_{place}/kernel", layer="") for place in range(500)]
    short = summary.shorten(table, frozenset({"layer_7/kernel"}), 40)
    places = [table.index(row) for row in short]
    assert places[0] == 0 and places[-1] == 499
    assert 7 in places
    assert len(places) == 41
    assert max(np.diff(places)) <= 14


def test_named_in_follows_symptoms():
    symptom = Verdict("nonfinite", "critical", "b/kernel", 2, 1.0, "NaN.")
    cause = Verdict("exploding-gradient", "critical", "a", 1, 1.0, "Big.", symptoms=(symptom,))
    everywhere = Verdict("loss-spike", "warning", None, 1, 1.0, "Spike.")
    assert summary.named_in([everywhere, cause]) == ("a", "b/kernel")


def test_loss_and_validation():
    validation = {
        "accuracy": (np.array([0, 30]), np.array([0.25, 0.5])),
        "never": (np.zeros(0, np.int64), np.zeros(0)),
    }
    view = View(SICK, validation=validation)
    loss = summary.loss(view)
    assert loss is not None and loss.first == 2.0
    trends = summary.validation(view)
    assert list(trends) == ["accuracy"]
    assert (trends["accuracy"].first, trends["accuracy"].last) == (0.25, 0.5)


def test_a_run_in_which_nothing_was_recorded():
    empty = View({"grad_norm": {"a/kernel": []}, "loss": {"loss": []}}, steps=[])
    assert summary.loss(empty) is None
    assert [row.gradient for row in summary.rows(empty)] == [None]
    assert summary.rows(View({}, steps=[])) == []


def test_rows_that_verdicts_name_come_first_in_the_order_of_the_verdicts():
    symptom = Verdict("dead-units", "critical", "net/relu", 2, 1.0, "Off.")
    verdicts = [
        Verdict("loss-spike", "warning", None, 1, 1.0, "Spike."),
        Verdict("nonfinite", "critical", "net/last/bias", 1, 1.0, "NaN.", symptoms=(symptom,)),
        Verdict("vanishing-gradient", "critical", "net/first", 3, 1.0, "Small."),
    ]
    worst, others = summary.worst_first(summary.rows(View(SICK)), verdicts)
    assert [row.name for row in worst] == ["net/last/bias", "net/relu", "net/first/kernel"]
    assert [row.name for row in others] == ["net/first/bias", "net/last/kernel"]


def test_the_trend_of_many_columns_is_that_of_each():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(200, 5)).astype(np.float32)
    values[7, 1], values[150:, 2], values[:, 3] = INF, NAN, NAN
    steps = np.cumsum(rng.integers(1, 30, 200))
    for column, it in enumerate(summary._trends_of(steps, values)):
        alone = summary.trend(steps, values[:, column])
        finite = values[np.isfinite(values[:, column]), column]
        expected = np.median(finite) if len(finite) else NAN
        assert it.median == pytest.approx(expected, nan_ok=True)
        assert (it.first, it.last) == pytest.approx((alone.first, alone.last), nan_ok=True)
        np.testing.assert_array_equal(it.curve, alone.curve)
