import numpy as np
import pytest

from gradscope.diagnosis.rules.noisy_gradient import find

STEPS = 200
TIME = np.arange(STEPS)[:, None]
NOISE = np.random.default_rng(3).normal(size=(STEPS, 1))
SGD = {"optimizers": [{"class": "SGD", "momentum": 0.9}]}


def targets(error):
    """A target of unit variance and a squared error of so many times that."""
    error = np.broadcast_to(np.asarray(error, float), (STEPS, 1))
    return {
        "loss": error,
        "target_mean": 0.0,
        "target_std": 1.0,
        "residual_rms": np.sqrt(error),
        "batch_size": 2.0,
    }


FLOOR = np.where(TIME < 20, 1.5, 0.6) * np.exp(0.3 * NOISE)
# At β = 0.9 noise makes updates of .23 rate ‖g‖ / (1 − β).
AT_ODDS = {"update_norm": 0.23 * 0.1 * 1e-2 / 0.1, "grad_norm": 0.1, "learning_rate": 1e-2}


def test_a_floor_of_noise_is_named(make_run):
    (finding,) = find(make_run(STEPS, **targets(FLOOR), **AT_ODDS, update_ratio=2e-2, info=SGD))
    assert finding.cause == "noisy-gradient"
    assert finding.severity == "warning"
    assert finding.step == 0
    assert finding.evidence["batch_size"] == 2.0
    assert finding.evidence["agreement"] == pytest.approx(0.23, rel=0.01)
    assert finding.evidence["noise_floor"] == pytest.approx(0.229, rel=0.01)
    assert finding.confidence > 0.9


def test_the_remedy_is_a_larger_batch_or_a_rate_as_much_smaller(make_run):
    (finding,) = find(make_run(STEPS, **targets(FLOOR), **AT_ODDS, update_ratio=2e-2, info=SGD))
    first, second = finding.remedy.code.splitlines()
    assert first == "dataset = dataset.unbatch().shuffle(10_000).batch(32)"
    assert "SGD(learning_rate=0.0005, momentum=0.9)" in second


def test_gradients_that_agree_are_no_noise(make_run):
    given = {**AT_ODDS, "update_norm": 0.9 * 0.1 * 1e-2 / 0.1}
    assert find(make_run(STEPS, **targets(FLOOR), **given, update_ratio=2e-2, info=SGD)) == ()


def test_usual_batches_are_another_matter(make_run):
    given = {**targets(FLOOR), "batch_size": 32.0}
    assert find(make_run(STEPS, **given, **AT_ODDS, update_ratio=2e-2, info=SGD)) == ()


def test_small_updates_average_the_noise_out(make_run):
    assert find(make_run(STEPS, **targets(FLOOR), **AT_ODDS, update_ratio=1e-3, info=SGD)) == ()


def test_a_run_that_learns_from_single_samples_is_healthy(make_run):
    good = targets(0.1 * np.exp(0.8 * NOISE))
    assert find(make_run(STEPS, **good, **AT_ODDS, update_ratio=2e-2, info=SGD)) == ()


def test_a_noisy_loss_that_falls_is_healthy(make_run):
    falling = targets(1.2 * np.exp(-TIME / STEPS) * np.exp(0.02 * NOISE))
    assert find(make_run(STEPS, **falling, **AT_ODDS, update_ratio=2e-2, info=SGD)) == ()


def test_labels_that_are_noise_are_another_matter(make_run):
    none = targets(1.1 * np.exp(0.05 * NOISE))
    assert find(make_run(STEPS, **none, **AT_ODDS, update_ratio=2e-2, info=SGD)) == ()


def test_units_that_the_noise_pushed_off_tell_as_well(make_run):
    off = np.where(TIME < 5, 0.1, 0.98)
    none = targets(1.1 * np.exp(0.05 * NOISE))
    ratio = np.where(TIME < 60, 5e-2, 1e-6)
    (finding,) = find(
        make_run(STEPS, **none, **AT_ODDS, update_ratio=ratio, dead_fraction=off, info=SGD)
    )
    assert finding.severity == "critical"
    assert finding.evidence["update_ratio"] == pytest.approx(5e-2)
    assert "no longer fire" in finding.summary


@pytest.mark.parametrize("missing", ["batch_size", "residual_rms", "update_ratio"])
def test_without_a_statistic_nothing_is_found(make_run, missing):
    given = {**targets(FLOOR), **AT_ODDS, "update_ratio": 2e-2, missing: None}
    assert find(make_run(STEPS, **given, info=SGD)) == ()


LOST = np.where((TIME > 60) & (TIME < 90), 0.7, 0.97) * np.exp(0.02 * NOISE)


def test_a_long_walk_in_small_steps_that_taught_nothing_is_named(make_run):
    (finding,) = find(make_run(STEPS, **targets(LOST), **AT_ODDS, update_ratio=4e-3, info=SGD))
    assert finding.severity == "critical"
    assert finding.confidence > 0.9


@pytest.mark.parametrize(
    "other",
    [
        {"update_ratio": 1e-3},  # not far enough
        {"update_norm": 0.9 * 0.1 * 1e-2 / 0.1},  # gradients that agree
        {"info": {"optimizers": [{"class": "SGD"}]}},  # whether they do isn't known
        targets(0.6 * np.exp(0.02 * NOISE)),  # something was learnt
        targets(0.97 * np.exp(0.02 * NOISE)),  # there is nothing to learn
        {"batch_size": 32.0},
    ],
    ids=["short", "agreeing", "unknown", "learnt", "nothing", "batch"],
)
def test_nor_is_a_walk_without_that(make_run, other):
    given = {**targets(LOST), **AT_ODDS, "update_ratio": 4e-3, "info": SGD, **other}
    assert find(make_run(STEPS, **given)) == ()
