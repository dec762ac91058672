import numpy as np
import pytest

from gradscope.diagnosis.rules.loss_plateau import find

NOISE = np.random.default_rng(8).normal(0.0, 0.02, size=(100, 1))
FALLING = np.linspace(2.4, 1.2, 100)[:, None]


def test_a_loss_that_stands_is_warned_of(make_run):
    (finding,) = find(make_run(loss=2.3 + NOISE))
    assert (finding.cause, finding.severity, finding.step) == ("loss-plateau", "warning", 0)
    assert finding.confidence >= 0.9
    assert finding.summary.startswith("The loss ")


def test_a_loss_that_rises_has_not_fallen(make_run):
    (finding,) = find(make_run(loss=np.linspace(1.0, 3.0, 100)[:, None]))
    assert finding.summary == "The loss has not fallen: 1 -> 2.808."


def test_a_loss_that_fell_a_little_fell_only_so_far(make_run):
    (finding,) = find(make_run(loss=np.linspace(2.4, 2.38, 100)[:, None]))
    assert finding.summary == "The loss fell only from 2.4 to 2.382."


def test_what_came_back_from_an_explosion_to_its_first_loss_has_learnt_nothing(make_run):
    loss = 2.3 + NOISE
    loss[1:6] = [[65.0], [2.6e4], [1.3e5], [900.0], [14.0]]
    (finding,) = find(make_run(loss=loss))
    assert finding.evidence["loss_start"] == pytest.approx(2.3, abs=0.1)


def test_a_falling_loss_is_no_finding(make_run):
    assert not find(make_run(loss=FALLING + NOISE))


def test_nor_is_a_loss_that_fell_and_then_stands(make_run):
    """A hard task solved as far as it goes."""
    assert not find(make_run(loss=np.maximum(FALLING, 1.9) + NOISE))


def test_nor_one_that_a_lucky_first_batch_makes_seem_flat(make_run):
    """The first loss is one batch of many, as uncertain as they differ."""
    noise = np.random.default_rng(9).normal(0.0, 0.3, size=(100, 1))
    loss = np.maximum(FALLING, 1.9) + noise
    loss[0] = 1.8
    assert not find(make_run(loss=loss))


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_too_few_steps_are_not_judged(make_run, steps):
    assert not find(make_run(steps, loss=2.3))


def test_the_remark_is_dated_at_the_first_finite_loss(make_run):
    loss = 2.3 + NOISE
    loss[:4] = np.nan
    (finding,) = find(make_run(loss=loss))
    assert finding.step == 4


def test_a_short_run_is_a_remark(make_run):
    (finding,) = find(make_run(99, loss=2.3 + NOISE[:99]))
    assert finding.severity == "info"


def test_so_is_one_whose_learning_rate_still_rises(make_run):
    (finding,) = find(make_run(loss=2.3 + NOISE, learning_rate=np.linspace(0, 1e-3, 100)[:, None]))
    assert finding.severity == "info"


def test_so_is_one_of_several_optimizers(make_run):
    info = {"optimizers": [{"class": "Adam"}, {"class": "Adam"}]}
    (finding,) = find(make_run(loss=2.3 + NOISE, info=info))
    assert finding.severity == "info"


def targets(make_run, error):
    """A run whose loss is its error over guessing."""
    return make_run(
        len(error), loss=error, target_mean=0.0, target_std=1.0, residual_rms=np.sqrt(error)
    )


def test_an_error_that_settled_far_from_done_is_warned_of_from_there_on(make_run):
    error = np.maximum(np.linspace(1.3, 0.5, 200), 0.86)[:, None] + NOISE.repeat(2, 0) / 4
    (finding,) = find(targets(make_run, error))
    assert (finding.severity, finding.step) == ("warning", 100)
    assert finding.summary.startswith("The error has settled at 0.86 of that of guessing")
    assert "ReduceLROnPlateau" in finding.remedy.code


def test_one_that_settled_where_noisy_data_end_is_no_finding(make_run):
    error = np.maximum(np.linspace(1.3, 0.3, 200), 0.72)[:, None] + NOISE.repeat(2, 0) / 4
    assert not find(targets(make_run, error))


def test_a_run_too_short_to_see_a_trend_is_not_said_to_have_settled(make_run):
    assert not find(targets(make_run, np.linspace(1.3, 0.86, 60)[:, None]))


def test_nor_is_one_that_still_falls(make_run):
    assert not find(targets(make_run, np.linspace(1.6, 0.95, 200)[:, None]))


SETTLED = 0.92 + NOISE.repeat(2, 0) / 4


@pytest.mark.parametrize(
    ("validation", "severity"),
    [(None, "warning"), (0.9, "info"), (0.99, "warning"), (1.3, "warning")],
)
def test_what_holds_for_held_back_data_is_all_that_noise_may_leave(make_run, validation, severity):
    figures = None if validation is None else {"loss": np.full(8, validation)}
    given = {"target_mean": 0.0, "target_std": 1.0, "residual_rms": np.sqrt(SETTLED)}
    info = {"objective": {"loss": "mean_squared_error", "kind": "regression"}}
    (finding,) = find(make_run(200, info=info, validation=figures, loss=SETTLED, **given))
    assert finding.severity == severity
