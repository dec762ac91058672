import numpy as np
import pytest

from gradscope.diagnosis.rules.learning_rate_high import find
from tests.unit.diagnosis.conftest import KERNELS

STEPS = 100
TIME = np.arange(STEPS)[:, None]
NOISE = np.random.default_rng(3).normal(size=(STEPS, 1))
STUCK = 2.35 + 0.03 * NOISE
ADAM = {"optimizers": [{"class": "Adam"}]}
FAST = np.where(TIME == 0, 0.5, 0.2 / np.sqrt(1 + TIME))


def dead(share):
    return np.where(TIME < 3, 0.1, share)


def classes(error):
    """Ten classes in equal shares, and a cross-entropy of so many times ln 10."""
    loss = np.broadcast_to(np.asarray(error) * np.log(10), (STEPS, 1))
    return {"loss": loss, "label_entropy": np.log(10)}


def test_large_updates_that_kill_units_are_named(make_run):
    (finding,) = find(
        make_run(STEPS, loss=STUCK, update_ratio=FAST, dead_fraction=dead(1.0), info=ADAM)
    )
    assert finding.cause == "learning-rate-high"
    assert finding.severity == "critical"
    assert finding.step == 0
    assert finding.evidence["update_ratio"] == pytest.approx(0.5)
    assert finding.evidence["units_off"] == 1.0
    assert "no longer fire" in finding.summary
    assert finding.confidence > 0.9


def test_the_remedy_is_the_rate_of_usual_updates(make_run):
    (finding,) = find(
        make_run(
            STEPS,
            loss=STUCK,
            update_ratio=FAST,
            dead_fraction=dead(1.0),
            learning_rate=0.1,
            info=ADAM,
        )
    )
    assert finding.remedy.code == "optimizer = keras.optimizers.Adam(learning_rate=0.0002)"
    assert "from 0.1 to about 0.0002" in finding.remedy.text


def test_large_updates_of_a_run_that_learns_are_healthy(make_run):
    assert find(make_run(STEPS, update_ratio=FAST)) == ()


def test_large_updates_without_harm_are_another_matter(make_run):
    """Random labels, say: nothing is learnt at any rate."""
    assert find(make_run(STEPS, loss=STUCK, update_ratio=FAST)) == ()


def test_usual_updates_that_end_in_dead_units_are_another_matter(make_run):
    run = make_run(STEPS, loss=STUCK, update_ratio=5e-3, dead_fraction=dead(1.0))
    assert find(run) == ()


def test_updates_of_weight_decay_are_not_the_rates_fault(make_run):
    def run(decay):
        info = {"optimizers": [{"class": "AdamW", "weight_decay": decay}]}
        fast = {"update_ratio": FAST, "dead_fraction": dead(1.0), "learning_rate": 0.01}
        return make_run(STEPS, loss=STUCK, info=info, **fast)

    assert find(run(0.1))
    assert find(run(40.0)) == ()


def test_units_that_were_off_at_first_are_not_the_rates_fault(make_run):
    assert find(make_run(STEPS, loss=STUCK, update_ratio=FAST, dead_fraction=1.0)) == ()


def test_a_loss_far_above_guessing_at_first_is_not_the_rates_fault(make_run):
    thrown = {"update_ratio": FAST, "dead_fraction": dead(1.0)}
    assert find(make_run(STEPS, **classes(np.where(TIME == 0, 1.3, 1.02)), **thrown))
    assert find(make_run(STEPS, **classes(np.where(TIME == 0, 80.0, 1.02)), **thrown)) == ()


def test_a_gradient_out_of_proportion_at_first_is_not_the_rates_fault(make_run):
    run = make_run(STEPS, loss=STUCK, update_ratio=FAST, dead_fraction=dead(1.0), grad_norm=1e3)
    assert find(run) == ()


def test_one_large_update_is_a_gradient_that_exploded(make_run):
    ratio = np.where(TIME == 30, 20.0, 1e-3)
    assert find(make_run(STEPS, loss=STUCK, update_ratio=ratio, dead_fraction=dead(1.0))) == ()


def test_a_divergence_within_a_few_steps_is_seen(make_run):
    loss = np.array([[1.0], [30.0], [1e5], [1e12], [np.nan], [np.nan]])
    ratio = np.array([[0.3], [2.0], [50.0], [1e4], [np.nan], [np.nan]])
    (finding,) = find(make_run(6, loss=loss, update_ratio=ratio, global_grad_norm=loss))
    assert "no longer finite" in finding.summary
    assert finding.evidence["update_ratio"] == pytest.approx(0.3)


def test_weights_that_begin_near_zero_do_not_make_an_update_large(make_run):
    """Of the size that weights usually have, 8, an update of 5e-3 is nothing."""
    shapes = {"variables": {name: {"shape": [64, 64]} for name in KERNELS}}
    small = {"weight_norm": 5e-3, "update_norm": 5e-3, "update_ratio": 1.0, "loss": STUCK}
    assert find(make_run(STEPS, **small, dead_fraction=dead(1.0)))
    assert find(make_run(STEPS, **small, dead_fraction=dead(1.0), info=shapes)) == ()


def test_a_loss_that_is_maximised_is_another_matter(make_run):
    climbing = 2.0 * 10 ** (TIME / 10.0)
    thrown = {"update_ratio": 0.05, "weight_norm": 5.0 + TIME}
    assert find(make_run(STEPS, loss=climbing, info=ADAM, **thrown)) == ()
    assert find(make_run(STEPS, loss=-climbing, info=ADAM, **thrown)) == ()


def test_a_negative_rate_that_throws_the_weights_is_named(make_run):
    climbing = 2.0 * 10 ** (TIME / 10.0)
    (finding,) = find(
        make_run(STEPS, loss=climbing, update_ratio=50.0, learning_rate=-1e3, info=ADAM)
    )
    assert "The learning rate is negative, -1e+03: take about 0.02" in finding.remedy.text


def test_of_single_samples_the_noise_is_to_blame_unless_the_update_is_absurd(make_run):
    thrown = {"loss": STUCK, "dead_fraction": dead(1.0), "batch_size": 1.0}
    assert find(make_run(STEPS, update_ratio=0.1, **thrown)) == ()
    assert find(make_run(STEPS, update_ratio=0.4, **thrown))
    assert find(make_run(STEPS, update_ratio=0.1, **{**thrown, "batch_size": 64.0}))


@pytest.mark.parametrize("missing", ["loss", "update_ratio", "grad_norm"])
def test_without_a_statistic_nothing_is_found(make_run, missing):
    given = {"loss": STUCK, "update_ratio": FAST, "dead_fraction": dead(1.0), missing: None}
    assert find(make_run(STEPS, **given)) == ()


def resumed(rate, after, noise=0.05):
    """A run that learns at a rate of 0.01 until step 60, and then goes on at another one."""
    early = np.exp(-TIME / 12)
    loss = np.where(TIME < 60, early, after) * np.exp(noise * NOISE)
    return {"loss": loss, "learning_rate": np.where(TIME < 60, 0.01, rate), "info": ADAM}


def test_a_rate_that_is_raised_on_resuming_is_dated_there(make_run):
    (finding,) = find(make_run(STEPS, **resumed(1.0, after=30.0)))
    assert (finding.severity, finding.step) == ("critical", 60)
    assert finding.confidence > 0.9
    assert "from 0.01 to 1" in finding.summary
    assert finding.remedy.code == "optimizer = keras.optimizers.Adam(learning_rate=0.01)"


def test_so_is_one_that_breaks_the_run(make_run):
    (finding,) = find(make_run(STEPS, **resumed(1.0, after=np.nan)))
    assert finding.step == 60
    assert "no longer finite" in finding.summary


@pytest.mark.parametrize(
    ("rate", "after"),
    [(0.01, 30.0), (0.02, 30.0), (1e-3, 30.0), (1.0, 0.001)],
    ids=["as before", "hardly raised", "lowered", "well"],
)
def test_other_rates_and_other_ends_are_not(make_run, rate, after):
    assert find(make_run(STEPS, **resumed(rate, after))) == ()


def test_nor_is_a_loss_that_comes_back(make_run):
    given = resumed(1.0, np.where(TIME < 70, 30.0, 0.01))
    assert find(make_run(STEPS, **given)) == ()


@pytest.mark.parametrize(("last", "named"), [(0.3, False), (60.0, True)])
def test_a_break_of_a_run_that_was_doing_well_is_another_matter(make_run, last, named):
    """Say the logarithm of 0 once the task is solved."""
    losses = np.where(TIME < 20, np.geomspace(2.3, last, 20)[np.minimum(TIME, 19)], np.nan)
    assert bool(find(make_run(STEPS, loss=losses, update_ratio=FAST))) == named
