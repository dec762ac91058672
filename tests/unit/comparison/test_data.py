"""What was fed: a sick pair and its twin for each kind of difference."""

import numpy as np
import pytest

from gradscope.comparison.data import compare_data
from gradscope.comparison.matching import match
from tests.unit.comparison.views import View, training


def differing(a, b):
    return {datum.what: (datum.a, datum.b) for datum in compare_data(match(a, b)) if datum.differs}


def fed(steps=40, **columns):
    """A run with these statistics of its batches."""
    named = {name: {name: np.broadcast_to(values, steps)} for name, values in columns.items()}
    return View({"batch_size": {"batch_size": np.full(steps, 32.0)}, **named}, range(steps))


def test_other_seeds_do_not_differ():
    """66 pairs: one false alarm in 10,000 pairs is what CHANCE allows."""
    runs = [training(seed, steps=9 + 10 * seed) for seed in range(12)]
    assert not any(differing(a, b) for i, a in enumerate(runs) for b in runs[:i])


def test_unscaled_inputs():
    b = training(1)
    for name in ("input_mean", "input_std", "input_max_abs"):
        b = b.changed(name, name, lambda x: x * 255)
    found = differing(training(0), b)
    assert list(found) == ["input_std", "input_mean", "input_max_abs"]
    assert found["input_std"] == (pytest.approx(0.37, abs=0.01), pytest.approx(94, abs=2))


def test_inputs_that_are_shifted_by_a_trifle():
    b = training(1).changed("input_mean", "input_mean", lambda x: x + 0.03)
    assert differing(training(0), b) == {}
    b = training(1).changed("input_mean", "input_mean", lambda x: x + 0.1)
    assert list(differing(training(0), b)) == ["input_mean"]


def test_inputs_whose_spread_hides_the_difference():
    rng = np.random.default_rng(0)
    a, b = (
        fed(400, input_std=rng.lognormal(0, 1, 400)),
        fed(400, input_std=rng.lognormal(0.4, 1, 400)),
    )
    assert differing(a, b) == {}


def test_a_full_batch_has_no_spread():
    assert differing(fed(input_std=1.0), fed(input_std=1.0000005)) == {}
    assert differing(fed(input_std=1.0), fed(input_std=1.01)) == {}
    assert list(differing(fed(input_std=1.0), fed(input_std=1.2))) == ["input_std"]


def test_one_class_alone():
    b = training(1).changed("label_entropy", "label_entropy", np.zeros_like)
    for k in range(10):
        b = b.changed("class_share", str(k), np.ones_like if k == 3 else np.zeros_like)
    found = differing(training(0), b)
    assert found["class_share.3"][1] == 1 and found["label_entropy"][1] == 0


def test_sorted_labels_have_the_same_shares_but_no_entropy():
    turn = np.repeat(np.arange(10), 10)
    b = training(1).changed("label_entropy", "label_entropy", np.zeros_like)
    for k in range(10):
        b = b.changed("class_share", str(k), lambda x, k=k: (turn == k) * 1.0)
    assert list(differing(training(0), b)) == ["label_entropy"]


def test_a_class_that_only_one_run_knows():
    a = training(0)
    columns = {key: dict(named) for key, named in a._columns.items()}
    columns["class_share"] |= {"10": np.full(100, 0.3)}
    assert "class_share.10" in differing(a, View(columns, range(100)))


def test_labels_that_are_classes_in_one_run_only():
    b = training(1).changed("label_entropy", "label_entropy", lambda x: x * np.nan)
    assert list(differing(training(0), b)) == ["label_entropy"]


def test_a_run_without_the_statistic_says_nothing():
    a, b = training(0), fed(100)
    assert differing(a, b) == {}


def test_nan_inputs():
    def poison(values):
        values = values.copy()
        values[7] = np.nan
        return values

    b = training(1).changed("input_mean", "input_mean", poison)
    assert differing(training(0), b) == {"input_mean.nonfinite": (0.0, pytest.approx(0.01))}
    assert differing(b, training(1).changed("input_mean", "input_mean", poison)) == {}


def test_another_batch_size_and_what_follows_from_it():
    b = training(1).changed("batch_size", "batch_size", lambda x: x / 8)
    b = b.changed("label_entropy", "label_entropy", lambda x: x - 1)
    assert differing(training(0), b) == {"batch_size": (32, 4)}


def test_the_last_batch_of_an_epoch_is_no_other_batch_size():
    def short(values):
        values = values.copy()
        values[24::25] = 7
        return values

    b = training(1).changed("batch_size", "batch_size", short)
    assert differing(training(0), b) == {}


def test_few_steps_tell_only_a_decade():
    a = training(0).kept([0, 1, 2])
    assert (
        differing(a, training(1).kept([0, 1]).changed("input_std", "input_std", lambda x: 5 * x))
        == {}
    )
    far = training(1).kept([0, 1]).changed("input_std", "input_std", lambda x: 255 * x)
    assert list(differing(a, far)) == ["input_std"]


def test_data_that_change_over_a_training_are_compared_at_the_same_age():
    growing = np.linspace(1, 100, 1000)
    a, b = fed(1000, input_std=growing), fed(40, input_std=growing[:40])
    assert differing(a, b) == {}
