"""How the figure reads, and that it comes back from a file as it went."""

import json

import pytest

from gradscope.overhead import Overhead

KNOWN = Overhead(
    share=0.00714,
    low=0.005,
    high=0.0094,
    whole=0.0213,
    every=20,
    budget=0.01,
    plain_seconds=0.01,
    pairs=128,
)


def test_a_figure_is_told_with_its_uncertainty_its_cadence_and_its_budget() -> None:
    assert KNOWN.sentence == (
        "Recording cost 0.71 % of step time (0.5 to 0.94), every 20th step; budget 1 %. "
        "Over the whole run, its dense start included: 2.1 %."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"budget": None}, "every 20th step. Over the whole run: 2.1 %."),
        ({"budget": 0.005}, "every 20th step; the budget of 0.5 % is not kept."),
        ({"every": 1}, "(0.5 to 0.94), each step; budget"),
        ({"group": 4}, "every 20th execution of 4 steps; budget"),
        ({"every": 1, "group": 4}, "each execution of 4 steps; budget"),
        ({"one_off_seconds": 7.64}, "Once, to compile and load: 7.6 s."),
    ],
)
def test_what_else_is_told(changes, said) -> None:
    assert said in Overhead(**{**vars(KNOWN), **changes}).sentence


def test_what_is_not_known_is_told_with_the_reason() -> None:
    assert Overhead(every=1, background=0.0042).sentence == (
        "What recording cost is not known: each step was recorded, so that there is no plain one "
        "to compare with. Writing and judging took 0.42 % of step time."
    )
    assert Overhead(every=50).sentence == (
        "What recording cost is not known: too few recorded steps have plain ones beside them so "
        "far."
    )


@pytest.mark.parametrize("overhead", [KNOWN, Overhead()])
def test_it_comes_back_as_it_went(overhead) -> None:
    written = json.loads(json.dumps(overhead.to_dict()))
    assert written["sentence"] == overhead.sentence
    assert Overhead.from_dict({**written, "added_later": 1}) == overhead


@pytest.mark.parametrize("damage", [{"plain_seconds": None}, {"share": "much"}, {"pairs": True}])
def test_a_damaged_one_is_refused(damage) -> None:
    with pytest.raises(ValueError, match="expected a number as"):
        Overhead.from_dict({**KNOWN.to_dict(), **damage})
    with pytest.raises(KeyError):
        Overhead.from_dict({"share": 0.1})
