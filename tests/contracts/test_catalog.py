"""A statistic is complete only with a probe, a float64 oracle and a row in the docs."""

import inspect
from importlib.util import find_spec
from pathlib import Path

import pytest

import tests.oracles
from gradscope.catalog import BY_NAME, STATISTICS, Statistic, names

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"

CONTRACT = {
    "variable": (
        "grad_norm grad_max_abs grad_zero_fraction weight_norm update_norm update_ratio "
        "nonfinite_count"
    ),
    "layer": (
        "activation_mean activation_rms dead_fraction saturated_fraction activation_grad_norm"
    ),
    "class": "class_share class_loss",
    "step": (
        "loss global_grad_norm regularization_grad_share clip_fraction learning_rate loss_scale "
        "input_mean input_std input_max_abs label_entropy "
        "batch_size regularization_loss accuracy residual_rms target_mean target_std target_min "
        "target_max output_mean output_std output_min output_max output_spread "
        "input_feature_rms_max input_feature_rms_min input_feature_max grad_underflow_share"
    ),
}

each_statistic = pytest.mark.parametrize(
    "statistic", [pytest.param(statistic, id=statistic.name) for statistic in STATISTICS]
)


@pytest.mark.parametrize("per", CONTRACT)
def test_the_promised_statistics_are_there(per):
    assert set(CONTRACT[per].split()) <= set(names(per))


def test_names_are_unique():
    assert len(BY_NAME) == len(STATISTICS)


@each_statistic
def test_it_has_a_probe(statistic: Statistic):
    assert find_spec(f"gradscope.probes.{statistic.probe}"), "no such module"


@each_statistic
def test_it_has_a_float64_oracle(statistic: Statistic):
    oracle = getattr(tests.oracles, statistic.name, None)
    assert inspect.isfunction(oracle), f"tests.oracles has no function {statistic.name}"
    assert inspect.getdoc(oracle)


@each_statistic
def test_it_has_a_row_in_the_docs(statistic: Statistic):
    assert f"| [`{statistic.name}`]" in PAGE.read_text(encoding="utf-8")


@each_statistic
def test_its_line_is_filled_in(statistic: Statistic):
    assert statistic.name.isidentifier()
    assert statistic.formula
    assert statistic.unit
