"""What recording costs, from made-up times of steps."""

import pytest

from gradscope.cost import Account


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
