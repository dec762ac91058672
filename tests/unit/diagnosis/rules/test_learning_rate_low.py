import numpy as np
import pytest

from gradscope.diagnosis.history import Snapshot
from gradscope.diagnosis.rules.learning_rate_low import find
from gradscope.layout import Layout

STEPS = 200
TIME = np.arange(STEPS)[:, None]
NOISE = np.random.default_rng(3).normal(size=(STEPS, 1))
FLAT = 2.3 + 0.02 * NOISE
STRAIGHT = 2.3 - 0.7 * TIME / STEPS + 0.02 * NOISE
LEVELLING = 1.6 + 0.9 * np.exp(-20 * TIME / STEPS) - 0.3 * TIME / STEPS + 0.002 * NOISE
SGD = {"optimizers": [{"class": "SGD", "momentum": 0.9}]}


def test_tiny_updates_that_teach_nothing_are_named(make_run):
    (finding,) = find(make_run(STEPS, loss=FLAT, update_ratio=2e-6, info=SGD))
    assert finding.cause == "learning-rate-low"
    assert finding.severity == "critical"
    assert finding.step == 0
    assert finding.confidence > 0.99
    assert finding.evidence["update_ratio"] == pytest.approx(2e-6)
    assert finding.evidence["path"] == pytest.approx(2e-6 * STEPS, rel=0.01)


def test_the_remedy_is_the_rate_of_usual_updates(make_run):
    (finding,) = find(make_run(STEPS, loss=FLAT, update_ratio=2e-6, learning_rate=1e-4, info=SGD))
    line = "optimizer = keras.optimizers.SGD(learning_rate=0.05, momentum=0.9)"
    assert finding.remedy.code == line
    assert "from 0.0001 to about 0.05" in finding.remedy.text


def test_an_unknown_rate_is_multiplied(make_run):
    (finding,) = find(make_run(STEPS, loss=FLAT, update_ratio=2e-6, learning_rate=None))
    assert finding.remedy.text == "Multiply the learning rate by about 500."
    assert finding.remedy.code == ""


def test_of_a_schedule_its_rates_are_multiplied(make_run):
    info = {"optimizers": [{"class": "Adam", "schedule": "CosineDecay"}]}
    (finding,) = find(make_run(STEPS, loss=FLAT, update_ratio=2e-6, info=info))
    assert "multiply the schedule's rates by 500" in finding.remedy.text


def test_a_schedule_that_came_down_too_early_is_held(make_run):
    down = np.where(TIME < 40, 1.0, 1e-5)
    (finding,) = find(
        make_run(STEPS, loss=FLAT, update_ratio=2e-3 * down, learning_rate=0.1 * down, info=SGD)
    )
    assert finding.step == 40
    assert "Hold the learning rate at about 0.05" in finding.remedy.text


def test_a_loss_that_falls_in_a_straight_line_crawls(make_run):
    (finding,) = find(make_run(STEPS, loss=STRAIGHT, update_ratio=2e-4))
    assert finding.severity == "warning"
    assert "still falls, but slowly" in finding.summary
    assert finding.evidence["probability_crawling"] > 0.9


@pytest.mark.parametrize(("start", "named"), [(0.75, True), (1.1, False)])
def test_a_net_that_began_below_guessing_by_chance_stands_still(make_run, start, named):
    """An error of 0.7 is no guessing; but where it began there, nothing was learnt either."""
    error = np.where(TIME < 30, start, 0.7) * np.exp(0.02 * NOISE)
    known = {"target_mean": 0.0, "target_std": 1.0, "residual_rms": np.sqrt(error)}
    run = make_run(STEPS, loss=error, update_ratio=2e-5, **known)
    assert bool(find(run)) == named


def test_small_updates_of_a_run_that_levels_off_are_healthy(make_run):
    assert find(make_run(STEPS, loss=LEVELLING, update_ratio=2e-4)) == ()


def test_tiny_updates_of_a_run_that_learnt_are_healthy(make_run):
    assert find(make_run(STEPS, update_ratio=2e-5)) == ()


def test_usual_updates_that_teach_nothing_are_another_matter(make_run):
    assert find(make_run(STEPS, loss=FLAT, update_ratio=6e-4)) == ()


def test_small_updates_are_not_judged_early(make_run):
    assert find(make_run(60, loss=FLAT[:60], update_ratio=2e-4)) == ()
    assert find(make_run(60, loss=FLAT[:60], update_ratio=2e-5)) != ()


def test_a_long_way_without_gain_is_not_the_rates_fault(make_run):
    """Every hundredth step is recorded: 20,000 steps of 9e-5 are twice the weights' size."""
    run = make_run(STEPS, loss=FLAT, update_ratio=9e-5)
    rows = np.concatenate([run.series(name)[1] for name in run.statistics], axis=1)
    layout = Layout({name: run.names(name) for name in run.statistics})
    sparse = Snapshot(layout, 100 * np.arange(STEPS, dtype=np.int64), rows, {}, {})
    assert find(run) != ()
    assert find(sparse) == ()


def test_without_a_gradient_it_is_not_the_rate(make_run):
    assert find(make_run(STEPS, loss=FLAT, update_ratio=2e-6, grad_norm=1e-7)) == ()


def test_a_warm_up_is_waited_for(make_run):
    rising = 1e-6 * (1 + TIME)
    run = make_run(STEPS, loss=FLAT, update_ratio=0.1 * rising, learning_rate=rising)
    assert find(run) == ()


def test_updates_that_are_small_for_weights_thrown_far_are_another_matter(make_run):
    """The run comes back from there, slowly, at a rate that is anything but low."""
    ratio = np.where(TIME < 3, 30.0, 1e-6)
    assert find(make_run(STEPS, loss=STRAIGHT, update_ratio=1e-6))
    assert find(make_run(STEPS, loss=STRAIGHT, update_ratio=ratio)) == ()


@pytest.mark.parametrize("missing", ["loss", "update_ratio", "grad_norm", "weight_norm"])
def test_without_a_statistic_nothing_is_found(make_run, missing):
    assert find(make_run(STEPS, **{"loss": FLAT, "update_ratio": 2e-6, missing: None})) == ()


def test_too_short_a_run_is_not_judged(make_run):
    assert find(make_run(15, loss=2.3, update_ratio=1e-7)) == ()
