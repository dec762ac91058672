import numpy as np
import pytest

from gradscope.diagnosis.rules.dead_units import find

UNITS = {
    "layers": {
        f"net/dense_{i}": {"class": "Dense", "activation": "relu", "units": 40} for i in range(1, 7)
    },
    "variables": {f"net/dense_{i}/kernel": {"shape": [40, 40]} for i in range(1, 7)},
    "optimizers": [{"class": "SGD"}],
}


@pytest.fixture
def stalled(make_run):
    """A run of 64 samples a step that learns nothing."""
    noise = np.random.default_rng(5).normal(0.0, 0.02, size=(150, 1))

    def run(steps=150, **values):
        given = {"loss": 2.3 + noise[:steps], "batch_size": 64.0, "info": UNITS, **values}
        return make_run(steps, **given)

    return run


def test_a_layer_that_is_half_dead_from_the_start_is_named(stalled):
    share = np.array([0.1, 0.2, 0.6, 0.6, 0.7, 0.1])
    (finding,) = find(stalled(dead_fraction=share, saturated_fraction=share))
    assert finding.cause == "dead-units"
    assert finding.severity == "critical"
    assert finding.layer == "net/dense_5", "of those that began together the one with the most"
    assert finding.step == 0
    assert finding.confidence > 0.99
    assert finding.evidence["dead_share"] == pytest.approx(0.7, abs=1e-6)
    assert finding.evidence["samples"] == 6400
    assert finding.evidence["layers_half_dead"] == 3
    assert finding.summary.startswith(
        "70 % of its 40 units in net/dense_5 never fired in 6400 samples, and the loss"
    )
    assert "LeakyReLU" in finding.remedy.code


def test_the_same_share_is_no_finding_in_a_run_that_learns(make_run):
    share = np.full(6, 0.7)
    run = make_run(150, dead_fraction=share, saturated_fraction=share, batch_size=64.0, info=UNITS)
    assert not find(run)


def test_what_healthy_nets_have_is_no_finding(stalled):
    assert not find(stalled(dead_fraction=0.2, saturated_fraction=0.45))


def test_units_that_are_silent_in_each_batch_but_fire_now_and_then_are_alive(stalled):
    assert not find(stalled(dead_fraction=0.0, saturated_fraction=0.8))


@pytest.mark.parametrize(("batch", "found"), [(8, False), (64, True)])
def test_too_few_samples_are_no_proof(stalled, batch, found):
    """100 steps of 8 samples leave a firing rate above one in a thousand possible."""
    run = stalled(dead_fraction=0.6, saturated_fraction=0.6, batch_size=float(batch))
    assert bool(find(run)) is found


def test_without_the_size_of_a_batch_nothing_is_said(stalled):
    assert not find(stalled(dead_fraction=1.0, saturated_fraction=1.0, batch_size=None))


def test_death_is_dated_before_the_window_is_full(stalled):
    """A layer off since step 30 of 100: dead_fraction won't show it for another 30 steps."""
    silent = np.where(np.arange(100)[:, None] < 30, 0.1, 1.0)
    (finding,) = find(stalled(100, dead_fraction=0.0, saturated_fraction=silent))
    assert finding.step == 30
    assert finding.evidence["samples"] == 70 * 64
    assert "died at about step 30" in finding.remedy.text
    assert "SGD(learning_rate=0.001" in finding.remedy.code


def test_units_that_came_back_are_no_finding(stalled):
    now = np.arange(150)[:, None] < 120
    share = np.where(now, 1.0, 0.1)
    assert not find(stalled(dead_fraction=share, saturated_fraction=share))


def test_as_many_as_the_layer_has_inputs_are_enough(stalled):
    """Behind one unit, half of forty are off for all time."""
    shapes = {f"net/dense_{i}/kernel": {"shape": [40, 40]} for i in range(1, 7)}
    shapes["net/dense_3/kernel"] = {"shape": [1, 40]}
    share = np.array([0, 0, 0.6, 0, 0, 0])
    run = stalled(
        dead_fraction=share, saturated_fraction=share, info={**UNITS, "variables": shapes}
    )
    assert not find(run)


def test_a_layer_all_off_needs_nothing_known_of_its_inputs(stalled):
    run = stalled(dead_fraction=1.0, saturated_fraction=1.0, info={})
    (finding,) = find(run)
    assert finding.layer == "net/dense_1"


@pytest.mark.parametrize(("share", "found"), [(0.25, False), (0.4, True)])
def test_a_part_of_each_of_many_layers_is_as_bad_as_all_of_one(stalled, share, found):
    """0.75^6 of the paths, a sixth, are alive; 0.6^6 is less than a tenth."""
    findings = find(stalled(dead_fraction=share, saturated_fraction=share))
    assert bool(findings) is found
    if found:
        assert findings[0].step == 0
        assert findings[0].evidence["dead_paths"] == pytest.approx(1 - 0.6**6, abs=1e-6)
        assert "95 % of the paths through the net are dead, and the loss" in findings[0].summary


def test_layers_that_keep_as_many_as_they_have_inputs_lose_no_paths(stalled):
    shapes = {f"net/dense_{i}/kernel": {"shape": [20, 40]} for i in range(1, 7)}
    run = stalled(dead_fraction=0.4, saturated_fraction=0.4, info={**UNITS, "variables": shapes})
    assert not find(run)


def test_too_few_steps_are_not_judged(stalled):
    assert not find(stalled(19, dead_fraction=1.0, saturated_fraction=1.0, batch_size=4096.0))


def test_a_run_without_rectifiers_is_not_judged(stalled):
    assert not find(stalled())
