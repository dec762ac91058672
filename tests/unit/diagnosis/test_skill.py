import numpy as np
import pytest

from gradscope.diagnosis.progress import progress
from gradscope.diagnosis.skill import above_guessing, first_error, harmed, skill

TARGETS = {"target_mean": 0.0, "target_std": 2.0}


def regression(make_run, error, **values):
    course = np.asarray(error, float)[:, None]
    values = {**TARGETS, "residual_rms": 2 * np.sqrt(course), "loss": 4 * course, **values}
    return make_run(len(course), **values)


def test_of_targets_it_is_the_explained_variance(make_run):
    found = skill(regression(make_run, np.full(60, 0.3)))
    assert found.end == pytest.approx(0.7, abs=1e-6)
    assert not found.classes
    assert found.below(0.75) > 0.99
    assert found.below(0.65) == 0.0


def test_of_classes_it_is_the_accuracy_beyond_the_most_frequent_one(make_run):
    shares = np.tile([0.6, 0.4], (60, 1))
    found = skill(make_run(60, class_share=shares, accuracy=0.8))
    assert found.classes
    assert found.end == pytest.approx(0.5, abs=1e-6)


def test_of_a_single_class_it_is_unknown(make_run):
    found = skill(make_run(60, class_share=np.tile([1.0, 0.0], (60, 1)), accuracy=1.0))
    assert not found.known
    assert np.isnan(found.end)


def test_without_labels_only_a_run_that_learnt_nothing_is_below(make_run):
    noise = np.random.default_rng(1).normal(0, 0.02, (60, 1))
    assert skill(make_run(60)).below(0.99) < 0.5
    assert skill(make_run(60, loss=2.3 + noise)).below(0.01) > 0.9


def test_a_run_that_broke_is_below_everything(make_run):
    weights = np.full((60, 6), 5.0)
    weights[-1, 2] = np.nan
    assert skill(make_run(60, weight_norm=weights)).below(0.0) == 1.0
    assert skill(make_run(60, loss=np.nan)).broke


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_too_few_steps_are_not_judged(make_run, steps):
    assert skill(regression(make_run, np.full(steps, 1.0))).below(0.9) == 0.0


def test_a_recorded_step_stands_for_those_up_to_the_next(make_run):
    error = np.where(np.arange(80) < 20, 3.0, 0.5)
    course = progress(regression(make_run, error))
    assert above_guessing(course) == pytest.approx(0.25)
    assert first_error(course) == pytest.approx(3.0)
    assert np.isnan(above_guessing(progress(make_run(60))))


def test_half_of_the_variance_is_asked_of_a_run_that_took_half_its_time(make_run):
    quick, late = np.full(100, 0.6), np.full(100, 0.6)
    late[:60] = 4.0
    for error, harm in ((quick, False), (late, True)):
        run = regression(make_run, error)
        assert (harmed(progress(run), skill(run)) >= 0.9) == harm
