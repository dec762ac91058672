import numpy as np
import pytest

from gradscope.diagnosis.rules.gradient_underflow import find

STEPS = 80
FLAT = 2.3 + 0.02 * np.random.default_rng(3).normal(size=(STEPS, 1))
HALF = {"compute_dtype": "float16", "optimizers": [{"class": "Adam"}]}
LOST = {"loss": FLAT, "grad_underflow_share": 0.98, "learning_rate": 1e-3, "info": HALF}


def test_a_gradient_lost_in_float16_is_named(make_run):
    (finding,) = find(make_run(STEPS, **LOST))
    assert finding.cause == "gradient-underflow"
    assert finding.step == 0
    assert finding.confidence > 0.9
    assert "With no loss scale, 98%" in finding.summary


def test_a_scale_that_does_not_do_is_said(make_run):
    (finding,) = find(make_run(STEPS, **LOST, loss_scale=16.0))
    assert "a loss scale of 16" in finding.summary


@pytest.mark.parametrize(("largest", "power"), [(None, 15), (2.0**-6, 16), (2.0**-30, 24)])
def test_the_scale_lifts_the_largest_gradient(make_run, largest, power):
    (finding,) = find(make_run(STEPS, **LOST, grad_max_abs=largest))
    assert finding.remedy.code.splitlines()[0] == (
        "optimizer = keras.optimizers.LossScaleOptimizer("
        f"keras.optimizers.Adam(learning_rate=0.001), initial_scale=2.0**{power})"
    )


def test_a_run_that_learns_is_healthy(make_run):
    assert find(make_run(STEPS, grad_underflow_share=0.98, info=HALF)) == ()


def test_zeros_behind_rectifiers_are_healthy(make_run):
    assert find(make_run(STEPS, **{**LOST, "grad_underflow_share": 0.7})) == ()


def test_a_passing_underflow_is_no_finding(make_run):
    share = np.where(np.arange(STEPS)[:, None] < 60, 0.98, 0.3)
    assert find(make_run(STEPS, **{**LOST, "grad_underflow_share": share})) == ()


def test_in_other_precisions_nothing_is_said(make_run):
    assert find(make_run(STEPS, **{**LOST, "info": {"compute_dtype": "float32"}})) == ()
    assert find(make_run(STEPS, **{**LOST, "grad_underflow_share": None})) == ()


def test_of_a_run_without_the_share_zeros_tell(make_run):
    given = {**LOST, "grad_underflow_share": None}
    assert find(make_run(STEPS, **given, grad_zero_fraction=1.0))
    assert find(make_run(STEPS, **{**given, "info": {}}, grad_zero_fraction=1.0)) == ()
