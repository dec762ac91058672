import math

import pytest

from gradscope.diagnosis.facts import Objective
from gradscope.diagnosis.reach import RANGES, beyond

NORMAL = {"target_mean": 0.0, "target_std": 1.0, "target_min": -5.0, "target_max": 5.0}


@pytest.mark.parametrize(
    ("activation", "lost"),
    [
        # E max(0, -y)² = 1/2; with E max(0, y - 1)² = 2 Q(1) - φ(1) it is .5753; twice that of tanh
        ("relu", 0.5),
        ("sigmoid", 0.5753),
        ("tanh", 0.1507),
        ("relu6", 0.5),
    ],
)
def test_the_lost_share_of_normal_targets_is_that_of_theory(make_run, activation, lost):
    found = beyond(make_run(**NORMAL), Objective(activation=activation))
    assert found is not None
    assert found.lost == pytest.approx(lost, abs=0.01)
    assert (found.low, found.high) == RANGES[activation]


def test_targets_are_taken_for_cut_at_their_extremes(make_run):
    run = make_run(**{**NORMAL, "target_min": -0.1})
    found = beyond(run, Objective(activation="relu"))
    assert found is not None
    assert found.lost == pytest.approx(0.01 * 0.46, abs=0.001)


def test_an_open_output_reaches_all(make_run):
    assert beyond(make_run(**NORMAL), Objective(activation="linear")) is None


@pytest.mark.parametrize("missing", ["target_mean", "target_min", "target_max"])
def test_without_figures_of_the_targets_nothing_is_known(make_run, missing):
    run = make_run(**{**NORMAL, missing: None})
    assert beyond(run, Objective(activation="relu")) is None


def test_ranges_are_open_or_closed_upwards():
    assert all(low < high for low, high in RANGES.values())
    assert RANGES["relu"][1] == math.inf
