"""Which steps are recorded."""

import pytest

from gradscope.cadence import CALIBRATING_PAIRS, DENSE_STEPS, GAP, MOST_RECORDED, Cadence, Shares
from gradscope.pairs import Estimate


def costing(recorded_step: float, scatter: float = 0.0) -> Shares:
    """A recorded step costs a share of a plain one, give or take."""

    def shares(fraction: float) -> Estimate:
        middle, reach = fraction * recorded_step, fraction * scatter
        return Estimate(middle, max(0.0, middle - reach), middle + reach, 128)

    return shares


def sparse(cadence: Cadence) -> int:
    """The cadence after the dense start, in calls."""
    due = [step for step in range(10_000_000, 10_100_000, cadence.group) if cadence.due(step)]
    return (due[1] - due[0]) // cadence.group


@pytest.mark.parametrize(
    ("cost", "every"),
    [
        (0.009, 1),
        (0.011, 2),
        (0.04, 5),
        (0.099, 10),
        (0.11, 20),
        (2.0, 200),
        (10.0, 1000),
        (99, 1000),
    ],
)
def test_the_densest_rung_that_the_budget_affords(cost, every) -> None:
    cadence = Cadence("auto")
    cadence.adapt(400, CALIBRATING_PAIRS, 0.01, costing(cost))
    assert cadence.fraction(400) == 1 / every
    if every > 1:
        assert sparse(cadence) == every


def test_nothing_is_chosen_before_enough_was_seen() -> None:
    cadence = Cadence("auto")
    cadence.adapt(400, CALIBRATING_PAIRS - 1, 0.01, costing(5.0))
    assert sparse(cadence) == 10
    cadence.adapt(400, CALIBRATING_PAIRS, 0.01, lambda fraction: None)
    assert sparse(cadence) == 10


def test_the_upper_end_of_the_interval_must_fit_but_scatter_alone_thins_nothing_out() -> None:
    cadence = Cadence("auto")
    cadence.adapt(400, 128, 0.01, costing(0.09, scatter=0.05))
    assert sparse(cadence) == 20
    cadence.adapt(800, 128, 0.01, costing(0.19, scatter=0.3))
    assert sparse(cadence) == 20, "the middle still fits"
    cadence.adapt(1200, 128, 0.01, costing(0.21, scatter=0.3))
    assert sparse(cadence) == 100
    cadence.adapt(1600, 128, 0.01, costing(0.09))
    assert sparse(cadence) == 20, "ten per cent would be just within the budget, not well within"
    cadence.adapt(2000, 128, 0.01, costing(0.07))
    assert sparse(cadence) == 10


def test_a_long_run_is_recorded_ever_more_sparsely() -> None:
    cadence, recorded, step = Cadence("auto"), 0, 0
    while step < 1_000_000:
        cadence.adapt(step, 128, 0.01, costing(0.0))
        recorded += sum(cadence.due(one) for one in range(step, step + 1000))
        step += 1000
    assert sparse(cadence) == 1_000_000 // MOST_RECORDED
    assert recorded < 25_000


def test_steps_in_common() -> None:
    one, other = Cadence("auto"), Cadence("auto")
    one.adapt(400, 128, 0.01, costing(0.15))
    other.adapt(400, 128, 0.01, costing(0.9))
    shared = [step for step in range(1000, 3000) if one.due(step) and other.due(step)]
    assert shared == [step for step in range(1000, 3000) if other.due(step)]


def test_executions_of_several_steps_are_recorded_or_left_as_a_whole() -> None:
    cadence = Cadence("auto", group=4)
    cadence.adapt(400, 128, 0.01, costing(0.045))
    due = [step for step in range(1000, 1200, 4) if cadence.due(step, 4)]
    assert due == list(range(1000, 1200, 20)), "each fifth execution"
    # An epoch may end within an execution, after which they begin elsewhere.
    assert [step for step in range(1001, 1101, 4) if cadence.due(step, 4)] == [
        1017,
        1037,
        1057,
        1077,
        1097,
    ]
    assert Cadence(10).due(8, 4) and not Cadence(10).due(11, 4)


def test_where_all_are_affordable_a_few_are_left_plain() -> None:
    cadence = Cadence("auto")
    cadence.adapt(400, 128, 0.5, costing(0.1))
    left = [step for step in range(1000) if not cadence.due(step)]
    assert left == list(range(DENSE_STEPS + GAP // 2, 1000, GAP))


@pytest.mark.parametrize(("cost", "pairs"), [(0.09, 0), (0.09, 100), (0.9, 100), (0.0, 100)])
def test_where_timing_means_waiting_all_around_a_compared_step_are_timed_and_few_others(
    cost, pairs
) -> None:
    cadence = Cadence("auto")
    cadence.adapt(400, 128, 0.01, costing(cost))
    timed = {step for step in range(20_000, 60_000) if cadence.timed(step, pairs)}
    rare = cost > 0
    compared = [step for step in timed if cadence.due(step) == rare]
    whole = [step for step in compared if {*range(step - 3, step + 4)} <= timed]
    assert len(whole) > 2
    assert len(timed) / 40_000 <= (0.7 if pairs == 0 else 0.05)
