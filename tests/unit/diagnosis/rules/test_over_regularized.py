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


def test_an_error_that_the_penalty_explains_is_its_doing(penalized):
    targets = {"class_share": None, "accuracy": np.nan, "target_mean": 0.0, "target_std": 1.0}
    targets["residual_rms"] = np.sqrt(0.4)
    assert find(penalized(**targets, loss=0.7, regularization_loss=0.3))
    assert not find(penalized(**targets, loss=0.55, regularization_loss=0.15))
    targets["residual_rms"] = np.sqrt(0.2)
    assert not find(penalized(**targets, loss=0.5, regularization_loss=0.3))


@pytest.fixture
def decayed(penalized):
    def run(decay=10.0, steps=100, ratio=None, **values: Any):
        given = {"learning_rate": 1e-3, "update_ratio": ratio or np.hypot(1e-3 * decay, 1e-3)}
        facts = {"optimizers": [{"class": "AdamW", "weight_decay": decay}]}
        return penalized(steps, share=0.0, info=facts, **{**given, **values})

    return run


def test_weight_decay_that_makes_up_the_updates_is_named(decayed):
    (finding,) = find(decayed())
    assert (finding.cause, finding.severity, finding.step) == ("over-regularized", "critical", 0)
    assert finding.summary.startswith("Weight decay of 10 takes 0.01 off the weights at each step")
    assert finding.remedy.code == (
        "optimizer = keras.optimizers.AdamW(learning_rate=0.001, weight_decay=0.1)"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"accuracy": 0.95},  # it learns
        {"ratio": 0.05},  # the data move the weights more
        {"decay": 1.0},  # in so few steps it takes off a tenth
        {"global_grad_norm": 1e-4},  # no gradient of the data
    ],
)
def test_weight_decay_is_not_blamed(decayed, other):
    assert not find(decayed(**other))


def test_of_a_noisy_regression_decay_is_blamed_where_it_shrank_the_weights(decayed):
    targets = {"class_share": None, "accuracy": np.nan, "target_mean": 0.0, "target_std": 1.0}
    targets["residual_rms"] = np.sqrt(0.65)
    assert not find(decayed(**targets))
    assert find(decayed(**targets, weight_norm=np.linspace(5, 1, 100)[:, None]))


@pytest.fixture
def dropped(penalized):
    def run(*rates: float, **values: Any):
        facts = {"dropout": {f"net/dropout_{i}": rate for i, rate in enumerate(rates)}}
        return penalized(share=0.0, info=facts, **values)

    return run


@pytest.mark.parametrize("rates", [(0.95,), (0.2, 0.9), (0.7, 0.7), (1.0,)])
def test_dropout_that_drowns_the_signal_is_named(dropped, rates):
    (finding,) = find(dropped(*rates))
    assert finding.layer == f"net/dropout_{int(np.argmax(rates))}"
    assert finding.remedy.code == "x = keras.layers.Dropout(0.2)(x)"


@pytest.mark.parametrize("rates", [(0.5,), (0.5, 0.5, 0.5, 0.5), (0.7,)])
def test_usual_dropout_is_not_blamed(dropped, rates):
    assert not find(dropped(*rates))


def test_nor_is_strong_dropout_where_training_or_validation_is_well(dropped):
    assert not find(dropped(0.9, accuracy=0.95))
    assert not find(dropped(0.9, validation={"accuracy": np.full(9, 0.9)}))
    assert find(dropped(0.9, validation={"accuracy": np.full(9, 0.3)}))


def test_nor_where_weights_do_not_move(dropped):
    assert not find(dropped(0.9, update_ratio=1e-6))


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_too_few_steps_are_not_judged(penalized, steps):
    assert not find(penalized(steps))


def test_without_its_share_nothing_is_found(make_run):
    assert not find(make_run(loss=2.3, info=INFO))
