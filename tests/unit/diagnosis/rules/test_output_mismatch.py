from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.output_mismatch import find

SPARSE = "sparse_categorical_crossentropy"
BINARY = "binary_crossentropy"
MSE = "mean_squared_error"
RNG = np.random.default_rng(4)


def facts(
    loss: str | None,
    kind: str,
    activation: str = "linear",
    units: int = 4,
    before: str | None = None,
    from_logits: bool | None = None,
    logits: bool | None = None,
) -> dict[str, Any]:
    output = {"layer": "net/out", "activation": activation, "units": units, "before": before}
    objective = {"loss": loss, "kind": kind, "from_logits": from_logits, "logits": logits}
    return {"objective": {**objective, "classes": 4, "output": output}}


@pytest.fixture
def classes(make_run):
    """A run on four classes of some accuracy at the end."""

    def run(info, steps=100, accuracy=0.25, **values: Any):
        given = {
            "class_share": np.full((steps, 4), 0.25),
            "accuracy": accuracy + RNG.normal(0, 0.01, (steps, 1)),
            "target_min": 0.0,
            "target_max": 3.0,
        }
        return make_run(steps, info=info, **{**given, **values})

    return run


@pytest.fixture
def targets(make_run):
    """A run on standard normal targets of which a share of the variance is left."""

    def run(info, steps=100, left=1.0, mean=0.0, std=1.0, **values: Any):
        given = {
            "target_mean": mean,
            "target_std": std,
            "target_min": mean - 3 * std,
            "target_max": mean + 3 * std,
            "residual_rms": std * np.sqrt(left),
            "loss": std**2 * left,
            "batch_size": 32.0,
        }
        return make_run(steps, info=info, **{**given, **values})

    return run


CONTRADICTIONS = {
    "is a softmax of one unit": facts(BINARY, "binary", "softmax", 1),
    "gets the single output": facts(SPARSE, "sparse", "sigmoid", 1),
    "(from_logits=True)": facts(SPARSE, "sparse", "softmax", 4, "softmax", True, True),
    "takes the softmax of a sigmoid": facts(SPARSE, "sparse", "softmax", 4, "sigmoid", False, True),
    "which has no activation, for probabilities": facts(SPARSE, "sparse", logits=False),
    "has the activation relu, for probabilities": facts(SPARSE, "sparse", "relu", logits=False),
    "pass a relu": facts(SPARSE, "sparse", "softmax", 4, "relu", False, True),
    "pass a tanh": facts(BINARY, "binary", "tanh", 2, None, True, True),
    "judges each of the 4 exclusive classes": facts(BINARY, "binary", "softmax", 4, logits=True),
}


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_a_contradiction_that_does_harm_is_named(classes, words):
    (finding,) = find(classes(CONTRADICTIONS[words]))
    assert (finding.cause, finding.severity) == ("output-mismatch", "critical")
    assert (finding.layer, finding.step) == ("net/out", 0)
    assert finding.confidence >= 0.9
    assert words in finding.summary
    assert finding.remedy.text
    assert finding.remedy.code


@pytest.mark.parametrize("words", list(CONTRADICTIONS)[1:])
def test_the_same_in_a_run_that_learns_is_let_pass(classes, words):
    assert not find(classes(CONTRADICTIONS[words], accuracy=0.97))


SOUND = {
    "logits": facts(SPARSE, "sparse", from_logits=True, logits=True),
    "probabilities": facts(SPARSE, "sparse", "softmax", from_logits=False, logits=True),
    "restored": facts(SPARSE, "sparse", "softmax", from_logits=True, logits=True),
    "unrestored": facts(SPARSE, "sparse", "softmax", from_logits=False, logits=False),
    "sigmoids": facts(BINARY, "binary", "sigmoid", 1, logits=True),
    "several labels": facts(BINARY, "binary", "sigmoid", 4, logits=True),
    "unknown": {"objective": {"kind": "sparse", "output": {"layer": "net/out"}}},
    "of another model": {"objective": {**facts(SPARSE, "sparse")["objective"], "output": {}}},
    "none": {},
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_objective_is_not_blamed_for_a_failing_run(classes, name):
    top = 1.0 if "binary" in str(SOUND[name]) else 3.0
    assert not find(classes(SOUND[name], target_max=top))


def test_a_softmax_of_one_unit_is_said_at_once(classes):
    (finding,) = find(classes(CONTRADICTIONS["is a softmax of one unit"], steps=1, accuracy=1.0))
    assert finding.confidence == 1.0
    assert 'Dense(1, activation="sigmoid")' in finding.remedy.code


def test_several_classes_in_a_binary_cross_entropy_are_named(classes):
    (finding,) = find(classes(facts(BINARY, "binary", "sigmoid", 1), target_max=9.0))
    assert "gets labels from 0 to 9" in finding.summary
    assert "Dense(10)" in finding.remedy.code


def test_class_numbers_where_one_hot_rows_belong_are_named(classes):
    info = facts("categorical_crossentropy", "onehot", "softmax", logits=True)
    assert find(classes(info, target_max=3.0))
    assert not find(classes(info, target_max=1.0))


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "softmax", "tanh"])
def test_targets_out_of_reach_are_named(targets, activation):
    info = facts(MSE, "regression", activation, 1 if activation != "softmax" else 2)
    (finding,) = find(targets(info, left=0.6))
    assert "of their variance is out of reach" in finding.summary
    assert "keras.layers.Dense(" in finding.remedy.code


def test_large_targets_behind_a_sigmoid_are_named(targets):
    (finding,) = find(targets(facts(MSE, "regression", "sigmoid", 1), mean=150.0, std=77.0))
    assert finding.evidence["variance_out_of_reach"] > 1


def test_targets_within_reach_are_not_blamed(targets):
    info = facts(MSE, "regression", "sigmoid", 1)
    assert not find(targets(info, mean=0.5, std=0.15))
    assert not find(targets(facts(MSE, "regression", "linear", 1)))


def test_a_few_targets_out_of_reach_are_let_pass(targets):
    """Three standard deviations of a tanh's range: outliers are cut off, no more."""
    assert not find(targets(facts(MSE, "regression", "tanh", 1), std=0.4))


def whole(steps: int = 100, high: int = 9) -> dict[str, np.ndarray]:
    """Figures of batches of 32 whole numbers."""
    labels = np.random.default_rng(5).integers(0, high + 1, (steps, 32))
    figures = {"target_mean": np.mean, "target_std": np.std}
    figures |= {"target_min": np.min, "target_max": np.max}
    return {name: of(labels, axis=1)[:, None].astype(float) for name, of in figures.items()}


def test_class_numbers_as_quantities_are_named(targets):
    info = facts(MSE, "regression", "linear", 1)
    (finding,) = find(targets(info, std=2.87, left=0.5, **whole()))
    assert "whole numbers from 0 to 9" in finding.summary
    assert "Dense(10)" in finding.remedy.code


def test_ratings_that_are_learnt_are_fine(targets):
    info = facts(MSE, "regression", "linear", 1)
    assert not find(targets(info, std=2.87, left=0.05, **whole()))


def test_fractions_are_no_class_numbers(targets):
    info = facts(MSE, "regression", "linear", 1)
    figures = whole()
    figures["target_mean"] = figures["target_mean"] + 0.005
    assert not find(targets(info, std=2.87, left=0.5, **figures))


def test_counts_are_no_class_numbers(targets):
    info = facts(MSE, "regression", "linear", 1)
    assert not find(targets(info, std=60, left=0.5, **whole(high=200)))


def test_class_numbers_against_several_outputs_are_named_whatever_the_loss(targets):
    info = facts(MSE, "regression", "softmax", 10)
    run = targets(info, **{**whole(), "residual_rms": np.nan, "output_mean": 0.1})
    (finding,) = find(run)
    assert finding.confidence >= 0.9


def pairs(steps: int, correlation: float) -> dict[str, Any]:
    """Figures of a loss over all pairs, plus what a correlation of matching ones would take off."""
    spread = np.random.default_rng(6).uniform(0.05, 0.3, (steps, 1))
    loss = 1.0 + spread**2 + 0.01 - 2 * correlation * spread
    return {"output_mean": 0.1, "output_std": spread, "loss": loss}


def test_a_mean_over_all_pairs_is_named(targets):
    (finding,) = find(targets(facts(None, "regression", "linear", 1), **pairs(100, 0.0)))
    assert "(n,) and (n, 1)" in finding.summary
    assert "squeeze" in finding.remedy.code


def test_matching_pairs_are_not(targets):
    info = facts(None, "regression", "linear", 1)
    assert not find(targets(info, **pairs(100, 0.15)))


def test_constant_predictions_tell_nothing_of_pairs(targets):
    info = facts(None, "regression", "linear", 1)
    assert not find(targets(info, output_mean=0.0, output_std=1e-4, loss=1.0))


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_harm_is_not_seen_in_few_steps(classes, steps):
    assert not find(classes(CONTRADICTIONS["pass a relu"], steps=steps))


def test_without_statistics_of_labels_only_the_outcome_is_asked(make_run):
    info = CONTRADICTIONS["pass a relu"]
    assert not find(make_run(info=info))
    loss = 2.3 + np.random.default_rng(7).normal(0, 0.02, (100, 1))
    assert find(make_run(info=info, loss=loss))


def test_whole_numbers_are_what_a_loss_for_counts_takes(targets):
    info = facts("poisson", "regression", "softplus", 1)
    assert not find(targets(info, std=2.87, left=0.5, **whole()))
