from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.over_regularized import find

INFO: dict[str, Any] = {
    "regularizers": {
        "net/dense_1/kernel": {"class": "L2", "l1": 0.0, "l2": 1e-4},
        "net/dense_2/kernel": {"class": "L2", "l1": 0.0, "l2": 0.1},
    }
}


@pytest.fixture
def penalized(make_run):
    def run(steps=100, share=0.8, accuracy=0.25, info=None, **values: Any):
        noise = np.random.default_rng(2).normal(0, 0.01, (steps, 1))
        given = {
            "regularization_grad_share": share + noise,
            "class_share": np.full((steps, 4), 0.25),
            "accuracy": accuracy + noise,
            "loss": 2.0,
        }
        return make_run(steps, info=INFO if info is None else info, **{**given, **values})

    return run


def test_a_penalty_that_rules_a_failing_run_is_named(penalized):
    (finding,) = find(penalized())
    assert (finding.cause, finding.severity, finding.step) == ("over-regularized", "critical", 0)
    assert finding.layer == "net/dense_2/kernel"
    assert finding.confidence > 0.99
    assert finding.remedy.code == "kernel_regularizer=keras.regularizers.L2(0.001)"


def test_the_same_penalty_on_a_run_that_learns_is_fine(penalized):
    assert not find(penalized(accuracy=0.95))


def test_a_light_penalty_is_not_blamed(penalized):
    assert not find(penalized(share=0.04))


def test_a_share_that_comes_later_is_that_of_an_optimum_or_a_lost_gradient(penalized):
    share = np.full((100, 1), 0.99)
    share[:20] = 1e-3
    assert not find(penalized(share=share))


def test_weights_that_exploded_in_the_first_update_are_another_cause(penalized):
    share = np.full((100, 1), 0.99)
    share[0] = 1e-3
    assert not find(penalized(share=share))


def test_a_share_that_passes_is_not_blamed(penalized):
    share = np.full((100, 1), 0.02)
    share[:15] = 0.8
    assert not find(penalized(share=share))


def test_a_lost_gradient_of_the_data_is_another_cause(penalized):
    assert not find(penalized(share=0.999, global_grad_norm=1e-3))


def test_a_noisy_regression_may_leave_much_unless_the_penalty_costs_much(penalized):
    targets = {"class_share": None, "accuracy": np.nan, "target_mean": 0.0, "target_std": 1.0}
    targets["residual_rms"] = np.sqrt(0.65)
    cheap, dear = {"loss": 0.66, "regularization_loss": 0.01}, {"loss": 1.0}
    dear["regularization_loss"] = 0.35
    assert not find(penalized(**targets, **cheap))
    assert find(penalized(**targets, **dear))


def test_strong_dropout_is_part_of_the_advice(penalized):
    (finding,) = find(penalized(info={**INFO, "dropout": {"net/dropout": 0.5}}))
    assert "lower the dropout to 0.2" in finding.remedy.text
    assert finding.evidence["dropout"] == 0.5


def test_an_l1_penalty_is_advised_on_as_such(penalized):
    facts = {"net/dense_1/kernel": {"class": "L1", "l1": 0.01, "l2": 0.0}}
    (finding,) = find(penalized(info={"regularizers": facts}))
    assert finding.remedy.code == "kernel_regularizer=keras.regularizers.L1(0.0001)"


def test_a_run_that_does_not_state_its_regularizers_is_judged_all_the_same(penalized):
    (finding,) = find(penalized(info={}))
    assert finding.layer is None
    assert "to about 0.0001" in finding.remedy.text


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_too_few_steps_are_not_judged(penalized, steps):
    assert not find(penalized(steps))


def test_without_its_share_nothing_is_found(make_run):
    assert not find(make_run(loss=2.3, info=INFO))
