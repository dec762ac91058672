import numpy as np
import pytest

from gradscope.diagnosis.rules.loss_plateau import find

NOISE = np.random.default_rng(8).normal(0.0, 0.02, size=(100, 1))
FALLING = np.linspace(2.4, 1.2, 100)[:, None]


def test_a_loss_that_stands_is_remarked_on(make_run):
    (finding,) = find(make_run(loss=2.3 + NOISE))
    assert (finding.cause, finding.severity, finding.step) == ("loss-plateau", "info", 0)
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
