"""Whether a run is failing, and what is said of it."""

import numpy as np
import pytest

from gradscope.diagnosis.outcome import Outcome, broken, failing, outcome, said


@pytest.fixture
def targets(make_run):
    """A run whose error ends at a level, as a share of that of guessing."""

    def run(level, steps=100, **values):
        noise = np.random.default_rng(5).normal(0.0, 0.01, size=(steps, 1))
        falling = level + (1 - level) * np.exp(-np.arange(steps)[:, None] / 5)
        error = np.maximum(falling + noise, 1e-3)
        known = {"target_mean": 0.0, "target_std": 1.0, "residual_rms": np.sqrt(error)}
        return make_run(steps, **{"loss": error, **known, **values})

    return run


@pytest.mark.parametrize(("level", "probability"), [(0.3, 0.0), (0.6, 0.0), (0.8, 1.0), (1.0, 1.0)])
def test_a_large_error_at_the_end_is_failing(targets, level, probability):
    assert failing(targets(level), above=0.7) == pytest.approx(probability, abs=0.01)


def test_where_labels_are_unknown_a_stalled_loss_is_failing(make_run):
    noise = np.random.default_rng(5).normal(0.0, 0.01, size=(100, 1))
    assert failing(make_run(100, loss=2.3 + noise), above=0.7) > 0.99
    assert failing(make_run(100), above=0.7) < 0.01


def test_too_few_steps_are_not_failing(targets):
    assert failing(targets(1.0, steps=19), above=0.7) == 0.0


def test_a_run_that_ends_in_nan_is_failing_however_short(targets):
    loss = np.array([[1.0], [5.0], [np.nan]])
    assert failing(targets(0.1, steps=3, loss=loss), above=0.7) == 1.0


def test_one_nan_on_the_way_is_no_break(make_run):
    loss = np.ones((100, 1))
    loss[[50, 99]] = np.nan
    assert not broken(make_run(100, loss=loss))
    loss[90:] = np.nan
    assert broken(make_run(100, loss=loss))
    assert not broken(make_run(0, loss=1.0))


def test_of_a_run_without_a_finite_loss_no_numbers_are_said():
    assert said(Outcome(np.nan, np.nan, 0.0, 0.0)) == "no loss was finite"


@pytest.mark.parametrize(
    ("spread", "units", "level", "unlearnt"),
    [
        (1e-6, 64, 0.5, True),
        (0.05, 64, 0.5, False),  # a few outputs may vary much
        (1e-6, 1, 0.5, False),  # one output that is constant is no better than guessing
        (1e-6, 64, 0.05, False),  # the targets hardly differ between samples
        (np.nan, 64, 0.5, False),
    ],
)
def test_predictions_that_ignore_the_inputs_have_learnt_nothing(
    targets, spread, units, level, unlearnt
):
    info = {"objective": {"kind": "regression", "output": {"units": units}}}
    run = targets(level, output_spread=spread, info=info)
    assert outcome(run).unlearnt == pytest.approx(float(unlearnt), abs=1e-6)
