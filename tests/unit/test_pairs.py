"""How much longer recorded steps take, from made-up times."""

from collections.abc import Callable

import numpy as np
import pytest

from gradscope.pairs import LAST_PAIRS, LEAST_PAIRS, Estimate, Pairs, estimate


def test_the_interval_of_a_median_holds_it_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        found = estimate(rng.lognormal(0.0, 1.0, 30))  # whose median is 1
        assert found.low <= found.middle <= found.high and found.count == 30
        held += found.low <= 1.0 <= found.high
    assert 0.93 < held / 2000 < 0.99


def test_an_interval_of_nothing() -> None:
    with pytest.raises(ValueError, match="expected at least one value, got none"):
        estimate([])


def steps(pairs: Pairs, count: int, took: Callable[[int], float], every: int = 10) -> None:
    for step in range(count):
        pairs.add(took(step), recorded=step % every == 0)


def test_what_a_recorded_step_does_to_the_next_one_is_part_of_its_cost() -> None:
    pairs = Pairs()
    steps(pairs, 300, lambda step: 1.0 + 0.2 * (step % 10 == 0) + 0.1 * (step % 10 == 1))
    assert pairs.extra(1.0) == Estimate(*[pytest.approx(0.3)] * 3, count=len(pairs))


@pytest.mark.parametrize("every", [2, 3, 5, 10, 20])
def test_steps_that_slow_down_alike_are_no_cost(every: int) -> None:
    pairs = Pairs()
    steps(pairs, 1000, lambda step: 1.0 + step / 1000 + 0.1 * (step % every == 0), every)
    found = pairs.extra(1.8)
    assert found is not None and found.middle == pytest.approx(0.06, abs=0.01)


def test_steps_left_plain_among_recorded_ones_are_the_pairs() -> None:
    pairs = Pairs()
    for step in range(400):
        pairs.add(1.0 if step % 20 == 10 else 1.25, recorded=step % 20 != 10)
    found = pairs.extra(1.0)
    assert found is not None and found.middle == pytest.approx(0.25)


def test_nothing_is_compared_across_a_step_that_says_nothing() -> None:
    pairs = Pairs()
    for step in range(300):
        if step % 10 == 5:
            pairs.skip()
        else:
            pairs.add(1.0, recorded=step % 10 == 0)
    assert len(pairs) == 0


def test_few_pairs_say_nothing() -> None:
    pairs = Pairs()
    steps(pairs, 20 + 10 * (LEAST_PAIRS - 2), lambda step: 1.0)
    assert len(pairs) == LEAST_PAIRS - 1 and pairs.extra(1.0) is None
    steps(pairs, 30, lambda step: 1.0)
    assert pairs.extra(1.0) is not None


def test_older_pairs_of_another_pace_do_not_count() -> None:
    pairs = Pairs()
    steps(pairs, 600, lambda step: 1.0 + 0.5 * (step % 10 == 0))
    steps(pairs, 10 * (LAST_PAIRS + 3), lambda step: 10.0 + 0.5 * (step % 10 == 0))
    slow, fast = pairs.extra(10.0), pairs.extra(1.0)
    assert slow is not None and fast is not None
    assert slow.count == pytest.approx(LAST_PAIRS + 1, abs=2)
    assert slow.middle == pytest.approx(0.05)
    assert fast.count > slow.count and fast.middle == pytest.approx(0.5)


def test_of_rarely_recorded_steps_the_old_ones_are_forgotten() -> None:
    pairs = Pairs()
    steps(pairs, 1280, lambda step: 1.0 + (step % 10 == 0))
    steps(pairs, 500 * (LAST_PAIRS // 2 + 2), lambda step: 1.0, every=500)
    found = pairs.extra(1.0)
    assert found is not None and found.count == LAST_PAIRS and found.middle == 0.0
