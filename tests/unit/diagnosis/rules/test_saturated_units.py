from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.saturated_units import find


def info(kind: str = "tanh", objective: dict[str, Any] | None = None) -> dict[str, Any]:
    layers = {f"net/dense_{i}": {"class": "Dense", "activation": kind} for i in range(1, 7)}
    return {"layers": layers, **({"objective": objective} if objective else {})}


@pytest.fixture
def stalled(make_run):
    noise = np.random.default_rng(5).normal(0.0, 0.02, size=(200, 1))

    def run(steps=200, **values):
        return make_run(steps, **{"loss": 2.3 + noise[:steps], "info": info(), **values})

    return run


def test_a_saturated_layer_of_a_stalled_run_is_named(stalled):
    (finding,) = find(stalled(saturated_fraction=[0.1, 0.8, 0.95, 0.2, 0.1, 0.0]))
    assert finding.cause == "saturated-units"
    assert finding.severity == "critical"
    assert finding.layer == "net/dense_3"
    assert finding.step == 0
    assert finding.confidence > 0.99
    assert finding.evidence["saturated_share"] == pytest.approx(0.95, abs=1e-6)
    assert finding.evidence["layers_saturated"] == 2
    assert finding.summary.startswith(
        "95 % of the outputs of net/dense_3 (tanh) are at the flat ends of the function, and the"
    )
    assert 'Activation("tanh")' in finding.remedy.code


def test_the_same_is_no_finding_in_a_run_that_learns(make_run):
    assert not find(make_run(200, saturated_fraction=0.95, info=info()))


def test_half_saturated_is_no_finding(stalled):
    """A trained tanh net is."""
    trained = np.where(np.arange(200)[:, None] < 20, 0.05, 0.55)
    assert not find(stalled(saturated_fraction=trained))


def test_half_saturated_before_anything_was_learnt_is(stalled):
    (finding,) = find(stalled(saturated_fraction=0.55))
    assert (finding.step, finding.evidence["layers_saturated"]) == (0, 5)


@pytest.fixture
def noisy_task(make_run):
    """A target that is mostly noise: the error falls early and ends at 0.72."""

    def run(**values):
        steps = np.arange(400)[:, None]
        noise = np.random.default_rng(8).normal(0.0, 0.01, size=(400, 1))
        error = 0.72 + 0.28 * np.exp(-steps / 15) + noise
        return make_run(
            400,
            loss=error,
            target_mean=0.0,
            target_std=1.0,
            residual_rms=np.sqrt(error),
            info=info(),
            **values,
        )

    return run


def test_saturation_that_learning_came_to_is_no_finding(noisy_task):
    grown = np.linspace(0.0, 1.0, 400)[:, None]
    assert not find(noisy_task(saturated_fraction=grown))


def test_the_same_end_is_a_finding_where_it_was_there_from_the_beginning(noisy_task):
    (finding,) = find(noisy_task(saturated_fraction=0.9))
    assert finding.severity == "warning"


def test_late_saturation_is_a_finding_where_nothing_was_learnt(stalled):
    late = np.where(np.arange(200)[:, None] < 100, 0.1, 0.9)
    (finding,) = find(stalled(saturated_fraction=late))
    assert finding.step == 100


def test_a_passing_saturation_is_no_finding(stalled):
    passed = np.where(np.arange(200)[:, None] < 150, 0.9, 0.1)
    assert not find(stalled(saturated_fraction=passed))


CERTAIN = np.array([0, 0, 0, 0, 0, 1.0])


@pytest.mark.parametrize(
    ("loss", "found"),
    [
        ("binary_crossentropy", False),
        ("sparse_categorical_crossentropy", False),
        ("mean_squared_error", True),
        (None, False),
    ],
)
def test_the_output_counts_where_the_gradient_passes_its_activation(stalled, loss, found):
    objective = {"loss": loss, "output": {"layer": "net/dense_6", "activation": "sigmoid"}}
    run = stalled(saturated_fraction=CERTAIN, info=info("sigmoid", objective))
    assert bool(find(run)) is found


def test_rectifiers_have_a_rule_of_their_own(stalled):
    assert not find(stalled(saturated_fraction=1.0, info=info("relu")))


def test_a_softmax_without_weights_is_there_to_choose(stalled):
    """Attention over a hundred places: each output is about 0.01."""
    layers = {"net/dense_2": {"class": "Softmax", "activation": "softmax"}}
    run = stalled(saturated_fraction=1.0, weight_norm=None, info={"layers": layers})
    assert not find(run)


def test_a_softmax_layer_inside_is_to_be_relu(stalled):
    (finding,) = find(stalled(saturated_fraction=1.0, info=info("softmax")))
    assert 'activation="relu"' in finding.remedy.code


def test_too_few_steps_are_not_judged(stalled):
    assert not find(stalled(19, saturated_fraction=1.0))


def test_a_run_without_the_statistic_or_the_layers_is_not_judged(stalled):
    assert not find(stalled())
    assert not find(stalled(saturated_fraction=1.0, info={}))
