import numpy as np
import pytest

from gradscope.diagnosis.rules.underfitting import find
from tests.unit.diagnosis.conftest import LAYERS

STEPS = 100
STANDING = 0.8 * np.random.default_rng(2).lognormal(0, 0.05, size=(STEPS, 1))


def info(activation="relu", units=32, classes=4, narrow=None, kind="Dense"):
    """A chain of six layers of a class; narrow: the index of one with few units."""
    known = {
        layer: {"class": kind, "activation": activation, "units": 2 if i == narrow else units}
        for i, layer in enumerate(LAYERS)
    }
    known[LAYERS[-1]] = {"class": "Dense", "activation": None, "units": classes}
    head = {"layer": LAYERS[-1], "units": classes}
    return {
        "layers": known,
        "objective": {"kind": "sparse", "classes": classes, "output": head},
    }


@pytest.fixture(name="standing")
def _standing(make_run):
    def standing(facts, error=STANDING, **more):
        given = {
            "target_mean": 0.0,
            "target_std": 1.0,
            "residual_rms": np.sqrt(error),
            "loss": error,
        }
        return make_run(STEPS, info=facts, **{**given, **more})

    return standing


def test_a_linear_model_at_a_large_error_is_named(standing):
    (finding,) = find(standing(info(activation=None)))
    assert (finding.cause, finding.severity, finding.layer) == ("underfitting", "warning", None)
    assert finding.confidence >= 0.9
    assert "no nonlinearity" in finding.summary
    assert "relu" in finding.remedy.code


def test_a_narrow_layer_is_named_and_to_be_widened(standing):
    (finding,) = find(standing(info(narrow=2)))
    assert finding.layer == LAYERS[2]
    assert "from 2 to 32 units" in finding.remedy.text


def test_how_narrow_depends_on_the_classes(standing):
    assert find(standing(info(units=10, classes=40)))
    assert not find(standing(info(units=10, classes=12)))


def test_a_large_error_of_a_capable_model_is_no_evidence(standing):
    assert not find(standing(info()))


@pytest.mark.parametrize("kind", ["LSTM", "MultiHeadAttention", "MaxPooling1D"])
def test_layers_that_are_not_linear_need_no_activation(standing, kind):
    assert not find(standing(info(activation=None, kind=kind)))


def test_a_linear_model_that_learns_is_right(standing):
    assert not find(standing(info(activation=None), error=0.5 * STANDING))


def test_while_the_error_falls_more_steps_may_do(standing):
    falling = np.linspace(1.0, 0.6, STEPS)[:, None]
    assert not find(standing(info(activation=None), error=falling))
    hardly = np.linspace(1.0, 0.9, STEPS)[:, None]
    assert find(standing(info(activation=None), error=hardly))


def test_weights_that_hardly_move_are_another_cause(standing):
    assert not find(standing(info(activation=None), update_ratio=1e-5))


@pytest.mark.parametrize("lacking", ["residual_rms", "update_ratio", "target_std"])
def test_nothing_is_said_where_a_statistic_lacks(standing, lacking):
    assert not find(standing(info(activation=None), **{lacking: None}))


def test_nor_of_a_run_without_facts_or_of_few_steps(standing, make_run):
    assert not find(standing({}))
    few = {"target_mean": 0.0, "target_std": 1.0, "residual_rms": 0.9, "loss": 0.8}
    assert not find(make_run(19, info=info(activation=None), **few))


def test_a_narrow_middle_of_many_targets_is_an_autoencoder(standing):
    facts = info(narrow=2)
    facts["objective"] = {"kind": "regression", "output": {"layer": LAYERS[-1], "units": 64}}
    assert not find(standing(facts))
