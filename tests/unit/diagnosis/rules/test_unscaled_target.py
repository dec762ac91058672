from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.unscaled_target import find


def facts(activation: str = "linear", kind: str = "regression") -> dict[str, Any]:
    output = {"layer": "net/dense_6", "activation": activation, "units": 1, "before": None}
    return {"objective": {"loss": "mean_squared_error", "kind": kind, "output": output}}


@pytest.fixture
def regression(make_run):
    """A run on targets of a mean and a deviation; error: its course over that of guessing."""

    def run(steps=100, mean=0.0, std=1.0, error=1.0, info=None, **values: Any):
        course = np.broadcast_to(np.atleast_1d(np.asarray(error, float)), (steps,))[:, None]
        given = {
            "loss": std**2 * course,
            "residual_rms": std * np.sqrt(course),
            "target_mean": mean,
            "target_std": std,
            "target_min": mean - 3 * std,
            "target_max": mean + 3 * std,
        }
        return make_run(steps, info=info or facts(), **{**given, **values})

    return run


SLOW = 5.0 - 0.01 * np.arange(100)


def test_large_targets_of_a_run_that_explains_nothing_are_named(regression):
    (finding,) = find(regression(mean=2e5, std=6e4, error=SLOW))
    assert (finding.cause, finding.severity) == ("unscaled-target", "critical")
    assert (finding.layer, finding.step) == ("net/dense_6", 0)
    assert "vary by 6e+04 around 2e+05" in finding.summary
    assert "(y_train - 2e+05) / 6e+04" in finding.remedy.code


def test_usual_targets_are_not_blamed(regression):
    assert not find(regression(mean=1.0, std=2.0, error=SLOW))


def test_large_targets_that_are_learnt_are_fine(regression):
    quick = 0.1 + 5 * np.exp(-np.arange(100) / 3)
    assert not find(regression(mean=2e5, std=6e4, error=quick))


def test_of_noisy_targets_a_third_is_enough_unless_it_took_half_the_run(regression):
    quick, slow = 0.65 + 5 * np.exp(-np.arange(100)), np.full(100, 0.65)
    slow[:60] = 5.0
    assert not find(regression(mean=150.0, std=77.0, error=quick))
    assert find(regression(mean=150.0, std=77.0, error=slow))


def test_a_start_at_the_level_of_guessing_is_another_reason(regression):
    assert not find(regression(mean=0.0, std=50.0, error=1.0))


def test_small_targets_and_offsets_are_named(regression):
    assert find(regression(std=1e-3, error=SLOW))
    assert find(regression(mean=5.0, std=0.1, error=SLOW))


def test_targets_out_of_the_outputs_reach_are_another_cause(regression):
    assert not find(regression(mean=150.0, std=77.0, error=SLOW, info=facts("sigmoid")))


def test_classes_have_no_scale(regression):
    assert not find(regression(mean=150.0, std=77.0, error=SLOW, info=facts(kind="sparse")))


def test_a_run_that_broke_is_named_however_short(regression):
    loss = np.full((6, 1), np.inf)
    loss[0] = 4e10
    (finding,) = find(regression(6, mean=2e5, std=6e4, loss=loss))
    assert "no longer finite" in finding.summary


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_too_few_steps_are_not_judged(regression, steps):
    assert not find(regression(steps, mean=2e5, std=6e4, error=5.0))


def test_without_targets_nothing_is_found(make_run):
    assert not find(make_run(loss=1e10))


@pytest.mark.parametrize(("std", "named"), [(0.3, True), (30.0, False)])
def test_first_outputs_far_smaller_than_the_targets_are_a_disturbance(regression, std, named):
    grown = np.where(np.arange(100)[:, None] < 1, std, 5.0)
    assert bool(find(regression(std=50.0, error=1.0, output_std=grown))) == named
