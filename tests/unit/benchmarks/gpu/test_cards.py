"""The least time of a step: by bytes, by operations, on a listed card and on another."""

import pytest

from benchmarks.gpu import cards


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H200", "H200 SXM"),
        ("NVIDIA A100-SXM4-40GB", "A100 40 GB"),
        ("NVIDIA A100-SXM4-80GB", "A100 80 GB SXM"),
        ("Tesla T4", "T4"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA L40S", "L40S"),
        ("Tesla V100-SXM2-16GB", "V100 SXM2"),
        ("NVIDIA GeForce RTX 4090", "GeForce RTX 4090"),
    ],
)
def test_cards_are_found_by_the_name_that_jax_gives(kind, name):
    card = cards.find(kind)
    assert card is not None
    assert card.name == name


def test_other_devices_are_not_found():
    assert cards.find("cpu") is None


def test_a_floor_is_the_larger_of_two():
    card = cards.Card("X", "X", bandwidth=1000, float32=10, tf32=100)
    floor = cards.floor(card, 2e9, 1e11, copy_rate=1.0)
    assert floor is not None
    assert floor.bytes == pytest.approx(2e-3)
    assert floor.operations == pytest.approx(1e-3)
    assert floor.seconds == floor.bytes


def test_without_a_card_bytes_count_at_the_rate_of_a_copy():
    assert cards.floor(None, 2e9, 1e15, copy_rate=1e9) == cards.Floor(2.0, 0.0)


def test_without_bytes_there_is_none():
    assert cards.floor(cards.CARDS[0], None, 1.0, 1.0) is None
