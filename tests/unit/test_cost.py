"""What recording costs, from made-up times of steps."""

import pytest

from gradscope.cost import Account, Meter, Work


def test_an_account_fills_with_the_training_and_is_emptied_by_what_is_charged() -> None:
    trained = [0.0]
    account = Account(0.01, trained=lambda: trained[0])
    assert account.can_afford(0.0) and not account.can_afford(0.001)
    trained[0] = 100.0
    assert account.can_afford(1.0) and not account.can_afford(1.1)
    account.charge(0.7)
    assert account.can_afford(0.3) and not account.can_afford(0.4)
    account.charge(5.0)  # a step may take longer than was thought
    assert not account.can_afford(0.0)
    assert account.spent_share == pytest.approx(0.057)
    trained[0] = 600.0
    assert account.can_afford(0.2)


def test_less_than_nothing_is_no_income() -> None:
    account = Account(0.01, trained=lambda: 0.0)
    account.charge(-3.0)
    assert account.spent == 0.0 and account.spent_share == 0.0


def watched(meter: Meter, *, compiled: float = 0.0) -> None:
    for step in range(400):
        recorded = step < 100 or step % 10 == 0
        first = step in (0, 101)
        took = compiled if first else 1.2 if recorded else 1.0
        meter.call(took, 0.0, recorded, typical=not first)


def test_compiling_is_told_apart() -> None:
    meter = Meter()
    watched(meter, compiled=500.0)
    meter.drained(Work(one_off=3.0))
    found = meter.overhead(0.1, budget=None, quota=0.0)
    assert found.one_off_seconds == 503.0, "the plain program is compiled without gradscope, too"
    assert meter.trained == pytest.approx(398 + 0.2 * 129)
    assert found.share == pytest.approx(0.02)
    assert found.whole == pytest.approx(0.2 * 130 / 398, rel=0.01)


def test_a_pause_is_not_taken_for_training() -> None:
    meter = Meter()
    watched(meter)
    meter.drained(Work())
    before = meter.trained
    meter.call(3600.0, 0.0, False)
    assert meter.trained == pytest.approx(before + 1.0)


def test_shorter_executions_are_counted_but_not_compared() -> None:
    meter = Meter()
    for call in range(400):
        steps = 1 if call % 7 == 6 else 4  # the end of each epoch
        meter.call(0.25 * steps, 0.0, call % 50 == 0, steps=steps)
    assert set(meter._plain) == {1.0} and meter.group == 4


def test_judging_takes_what_it_takes_once_a_second_or_its_quota() -> None:
    meter = Meter()
    assert meter.judging(0.0025) == 0.0025, "until it was measured"
    meter.drained(Work(judgement=0.001))
    assert meter.judging(0.0025) == 0.001
    meter.drained(Work(judgement=0.3))
    assert meter.judging(0.0025) == 0.0025


def test_the_drain_counts_by_what_its_last_transfers_took() -> None:
    meter = Meter()
    watched(meter)
    for transfer in range(100):
        meter.transferred(0.5)
        # Its first thousand rows were dear.
        rows = 32 * (transfer + 1)
        meter.drained(Work(rows=rows, writing=320.0 + 0.25 * rows if rows > 320 else 32.0 * rows))
    assert meter.drain_seconds == pytest.approx(0.25 + 0.5 / 32)
    found, fixed = meter.shares(0.1), meter.shares(0.0)
    assert found is not None and fixed is not None
    assert found.middle - fixed.middle == pytest.approx(0.1 * (0.2 + 0.25 + 0.5 / 32))
