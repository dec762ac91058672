from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.unnormalized_input import find

CHANCE = np.log(4)
LAYERS = {f"net/dense_{i}": {"class": "Dense", "activation": "relu"} for i in range(1, 7)}


@pytest.fixture
def classes(make_run):
    """A run on four classes. error: its course over that of guessing; accuracy: at the end."""

    def run(steps=100, error=1.0, accuracy=0.25, rms=1.0, info=None, **values: Any):
        course = np.broadcast_to(np.atleast_1d(np.asarray(error, float)), (steps,))[:, None]
        noise = np.random.default_rng(3).normal(0, 0.01, (steps, 1))
        given = {
            "loss": CHANCE * course,
            "class_share": np.full((steps, 4), 0.25),
            "class_loss": CHANCE * course * np.ones(4),
            "accuracy": accuracy + noise,
            "batch_size": 64.0,
            "input_feature_rms_max": rms,
            "input_feature_rms_min": rms / 3,
            "input_feature_max": 2.0,
            "input_mean": rms / 2,
            "input_std": rms / 2,
            "input_max_abs": 2 * rms,
            "activation_rms": max(1.0, rms),
        }
        return make_run(steps, info=info or {"layers": LAYERS}, **{**given, **values})

    return run


def far_start(steps: int = 100, first: float = 80.0, end: float = 1.0) -> np.ndarray:
    return end + (first - end) * np.exp(-np.arange(steps) / 5)


def test_large_inputs_of_a_run_that_learnt_nothing_are_named(classes):
    (finding,) = find(classes(rms=150.0, error=far_start()))
    assert (finding.cause, finding.severity) == ("unnormalized-input", "critical")
    assert (finding.layer, finding.step) == ("net/dense_1", 0)
    assert finding.confidence > 0.99
    assert "feature 2 has a root mean square of 150" in finding.summary
    assert "Normalization()" in finding.remedy.code


def test_pixels_are_rescaled(classes):
    (finding,) = find(classes(rms=127.0, error=far_start(), input_max_abs=255.0))
    assert finding.remedy.code == "x = keras.layers.Rescaling(1 / 255)(inputs)"


def test_large_inputs_of_a_run_that_trains_well_are_fine(classes):
    assert not find(classes(rms=150.0, error=far_start(end=0.05), accuracy=0.97))


def test_usual_inputs_of_a_run_that_fails_are_not_blamed(classes):
    assert not find(classes(rms=1.0, error=far_start()))


@pytest.mark.parametrize(("rms", "named"), [(9.0, False), (11.0, True)])
def test_the_scale_that_counts_is_ten(classes, rms, named):
    assert bool(find(classes(rms=rms, error=far_start()))) == named


def test_large_inputs_that_did_not_disturb_the_start_are_not_blamed(classes):
    """Nothing is learnt, but from the level of guessing on: for another reason."""
    assert not find(classes(rms=50.0, error=1.0))


def test_units_that_are_off_from_the_start_are_a_disturbance(classes):
    assert find(classes(rms=50.0, error=1.0, saturated_fraction=0.8))


def test_inputs_that_the_model_normalizes_are_of_any_scale(classes):
    first: dict[str, Any] = {"net/rescaling": {"class": "Rescaling", "activation": "linear"}}
    info = {"layers": {**first, **LAYERS}}
    assert not find(classes(rms=150.0, error=far_start(), info=info))


def test_inputs_that_a_hidden_operation_scales_are_not_blamed(classes):
    assert not find(classes(rms=150.0, error=far_start(), activation_rms=0.8))


def test_an_embedding_takes_numbers_of_any_size(classes):
    info = {"layers": {"net/dense_1": {"class": "Embedding"}}}
    assert not find(classes(rms=5000.0, error=far_start(), info=info))


def test_a_slow_start_counts_against_a_modest_end(classes):
    """Three fifths of what there is to learn: enough, unless the scale took a fifth of the run."""
    quick, slow = 0.4 + 60 * np.exp(-np.arange(100)), np.full(100, 0.4)
    slow[:25] = 60.0
    assert not find(classes(rms=150.0, error=quick, accuracy=0.7))
    assert find(classes(rms=150.0, error=slow, accuracy=0.7))


def test_small_inputs_are_named(classes):
    (finding,) = find(classes(rms=0.004, input_max_abs=0.01, activation_rms=0.003))
    assert "only 0.004" in finding.summary


def test_one_hot_inputs_are_not_small(classes):
    assert not find(classes(rms=0.01, input_max_abs=1.0))


def test_an_offset_is_named(classes):
    (finding,) = find(classes(input_mean=5.0, input_std=0.1, input_feature_rms_max=5.0))
    assert "they vary by 0.1 around 5" in finding.summary


def test_a_spread_is_named(classes):
    (finding,) = find(classes(input_feature_rms_min=1e-4))
    assert "the smallest 0.0001" in finding.summary


def test_a_run_that_broke_is_named_however_short(classes):
    loss = np.full((8, 1), np.nan)
    loss[0] = 90.0
    assert find(classes(8, rms=200.0, loss=loss))


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_too_few_steps_are_not_judged(classes, steps):
    assert not find(classes(steps, rms=150.0, error=far_start(steps)))


def test_an_old_run_tells_the_scale_of_all_inputs_together(make_run):
    loss = 2.3 + np.random.default_rng(1).normal(0, 0.02, (100, 1))
    run = make_run(loss=loss, input_mean=100.0, input_std=90.0, activation_rms=80.0)
    (finding,) = find(run)
    assert "their root mean square is 135" in finding.summary


def test_without_figures_of_the_inputs_nothing_is_found(make_run):
    assert not find(make_run(loss=2.3, input_max_abs=None))


def test_a_large_offset_is_felt_even_where_the_start_looks_as_usual(classes):
    offset = {"input_mean": 300.0, "input_std": 0.8}
    (finding,) = find(classes(rms=300.0, error=1.0, **offset))
    assert finding.step == 0
    assert "they vary by 0.8 around 300" in finding.summary
    assert not find(classes(rms=300.0, error=1.0, input_mean=200.0, input_std=220.0))
    assert not find(classes(rms=300.0, error=0.05, accuracy=0.97, **offset))
    assert not find(classes(rms=300.0, error=1.0, activation_rms=1.0, **offset))


def test_inputs_that_are_all_0_are_named_whatever_normalizes_them(classes):
    layers = {"net/norm": {"class": "BatchNormalization"}, **LAYERS}
    for info in ({"layers": LAYERS}, {"layers": layers}):
        (finding,) = find(classes(rms=0.0, info=info))
        assert (finding.severity, finding.step) == ("critical", 0)
        assert "is 0, in each recorded batch" in finding.summary
        assert 'astype("float32")' in finding.remedy.code


def test_zeros_beside_words_or_in_a_run_that_learns_are_no_finding(classes):
    words = {"layers": {"net/words": {"class": "Embedding"}, **LAYERS}}
    assert not find(classes(rms=0.0, info=words))
    assert not find(classes(rms=0.0, accuracy=0.95))


def test_one_batch_of_zeros_is_no_finding(classes):
    peak = np.zeros((100, 1))
    peak[3] = 2.0
    assert not find(classes(rms=0.0, input_max_abs=peak))


@pytest.mark.parametrize(("kind", "named"), [("LSTM", True), ("Dense", False)])
def test_behind_gates_large_inputs_are_felt_whatever_the_start(classes, kind, named):
    gated = {"layers": {**LAYERS, "net/dense_1": {"class": kind, "activation": None}}}
    assert bool(find(classes(rms=900.0, error=1.0, info=gated, activation_rms=0.5))) == named
