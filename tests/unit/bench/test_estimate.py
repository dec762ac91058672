"""Ratios of pairs against known answers."""

import numpy as np
import pytest

from gradscope.bench import estimate


def test_a_constant_ratio_is_certain():
    plain = np.linspace(1, 9, 20)
    found = estimate.ratio(plain, 1.25 * plain)
    figures = [found.median, found.low, found.high, found.quartile_1, found.whole, found.whole_low]
    assert figures == pytest.approx([1.25] * 6)


def test_a_disturbed_pair_does_not_move_the_median():
    plain, recorded = np.ones(21), np.full(21, 1.02)
    recorded[3] = 50
    found = estimate.ratio(plain, recorded)
    assert found.median == pytest.approx(1.02)
    assert found.high == pytest.approx(1.02)


def test_what_comes_in_one_block_of_ten_counts_in_the_whole_only():
    plain, recorded = np.ones(100), np.ones(100)
    recorded[::10] = 1.5
    found = estimate.ratio(plain, recorded)
    assert found.median == 1
    assert found.whole == pytest.approx(1.05)
    assert 1.01 < found.whole_low < 1.05 < found.whole_high < 1.1


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        noise = rng.lognormal(0, 0.1, 40)
        found = estimate.ratio(np.ones(40), 1.1 * noise)
        held += found.low <= 1.1 <= found.high
    assert 180 <= held <= 200


def test_the_same_times_give_the_same_interval():
    times = np.random.default_rng(0).lognormal(0, 1, (2, 15))
    assert estimate.ratio(*times) == estimate.ratio(*times)
