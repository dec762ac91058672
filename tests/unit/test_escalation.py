"""When a closer look begins and ends, with made-up judgements and a made-up account."""

import pytest

from gradscope import escalation
from gradscope.cost import Account
from gradscope.escalation import Escalation, layers_of


def rich(seconds: float) -> bool:
    return True


def hear(watcher: Escalation, *judgements: list[str], price: float = 1.0) -> list[tuple[str, ...]]:
    """What is watched after each judgement."""
    told = []
    for suspects in judgements:
        before = watcher.watched
        assert watcher.hear(suspects, price) == (watcher.watched != before)
        told.append(watcher.watched)
    return told


def test_a_suspicion_switches_on_and_two_calm_judgements_off():
    watched = hear(Escalation(rich), [], ["a"], ["a"], [], ["a"], [], [], [])
    assert watched == [(), ("a",), ("a",), ("a",), ("a",), ("a",), (), ()]


def test_the_worst_four_are_watched():
    assert hear(Escalation(rich), list("abcdef")) == [tuple("abcd")]


def test_nothing_begins_that_the_account_cannot_afford():
    trained = [0.0]
    account = Account(0.01, trained=lambda: trained[0])
    watcher = Escalation(account.can_afford)
    assert hear(watcher, ["a"], ["a"], price=2.0) == [(), ()]
    trained[0] = 199.0
    assert hear(watcher, ["a"], price=2.0) == [()]
    trained[0] = 201.0
    assert hear(watcher, ["a"], price=2.0) == [("a",)]


def test_a_look_that_the_account_cannot_afford_is_left_out():
    trained = [1000.0]
    account = Account(0.01, trained=lambda: trained[0])
    watcher = Escalation(account.can_afford)
    hear(watcher, ["a"])
    account.charge(12.0)  # compiling took longer than was thought
    # The first look is taken all the same: its program is there, and paid for.
    looks = []
    for place in range(30):
        if place == 18:
            trained[0] = 2000.0
        if watcher.due(price=1.0):
            looks.append(place)
            watcher.looked()
    assert looks == [0, 20, 25]


def test_newcomers_join_once_they_stay_and_while_there_is_room():
    watcher = Escalation(rich)
    assert hear(watcher, ["a"], ["a", "b"], ["a", "c"], ["c", "a"]) == [
        ("a",),
        ("a",),
        ("a",),
        ("a", "c"),
    ]
    full = Escalation(rich)
    assert hear(full, list("abcd"), list("abcde"), list("abcde"))[-1] == tuple("abcd")


def test_programs_are_few_however_often_suspicions_come_and_go():
    watcher = Escalation(rich)
    watched = hear(watcher, *([layer] if on else [] for layer in "abcdefgh" for on in (1, 0, 0)))
    begun = [one for one, before in zip(watched, [(), *watched], strict=False) if one != before]
    assert len([one for one in begun if one]) == escalation.MOST_PROGRAMS


def test_a_look_ends_after_so_many_and_begins_anew_only_after_calm():
    watcher = Escalation(rich)
    hear(watcher, ["a"])
    ends = [watcher.looked() for _ in range(escalation.MOST_LOOKS)]
    assert ends.count(True) == 1 and ends[-1] and watcher.watched == ()
    assert hear(watcher, ["a"], ["a"], ["b", "a"]) == [(), (), ("b",)]
    assert hear(watcher, [], [], ["a"]) == [("b",), (), ("a",)]


def test_every_fifth_recorded_step_is_looked_at():
    watcher = Escalation(rich)
    assert not watcher.due()
    hear(watcher, ["a"])
    assert [place for place in range(12) if watcher.due()] == [0, 5, 10]


def test_after_giving_up_nothing_begins():
    watcher = Escalation(rich)
    hear(watcher, ["a"])
    watcher.give_up()
    assert watcher.watched == () and not watcher.due()
    assert hear(watcher, ["a"], ["b"]) == [(), ()]


@pytest.mark.parametrize(
    ("suspect", "layer"),
    [
        ("net/a/kernel", ["net/a"]),
        ("net/a", ["net/a"]),
        ("net/lstm/cell/kernel", ["net/lstm"]),
        ("loose", ["loose"]),
        ("7", []),
        ("net/gone", []),
    ],
)
def test_what_a_verdict_names_is_brought_to_a_layer(suspect: str, layer: list[str]):
    variables = ["net/a/kernel", "net/a/bias", "net/lstm/cell/kernel", "loose"]
    assert layers_of([suspect], variables, ["net/a", "net/lstm"]) == layer


def test_kernel_and_bias_of_one_layer_are_one_suspect():
    variables = ["net/a/kernel", "net/a/bias"]
    assert layers_of(["net/a/bias", "net/a/kernel", "net/a"], variables, ["net/a"]) == ["net/a"]
