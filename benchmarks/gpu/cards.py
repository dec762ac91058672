"""What a card can do at best, and how long a step must take for that alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """Rates by its maker's data sheet.

    pattern: part of the name that jax gives the device; the first that fits counts.
    bandwidth: of its memory, GB/s.
    float32, tf32: 10¹² operations a second, dense; TF32 is what a matrix product of float32 uses
        by default. Equal where a card has no TF32.
    """

    pattern: str
    name: str
    bandwidth: float
    float32: float
    tf32: float


CARDS: tuple[Card, ...] = (
    Card("H200", "H200 SXM", 4800, 67, 494),
    Card("H100 PCIe", "H100 PCIe", 2000, 51, 378),
    Card("H100 NVL", "H100 NVL", 3900, 60, 418),
    Card("H100", "H100 SXM", 3350, 67, 494),
    Card("A100-SXM4-80GB", "A100 80 GB SXM", 2039, 19.5, 156),
    Card("A100 80GB PCIe", "A100 80 GB PCIe", 1935, 19.5, 156),
    Card("A100", "A100 40 GB", 1555, 19.5, 156),
    Card("L40S", "L40S", 864, 91.6, 183),
    Card("L4", "L4", 300, 30.3, 60),
    Card("V100", "V100 SXM2", 900, 15.7, 15.7),
    Card("T4", "T4", 300, 8.1, 8.1),
    Card("RTX 4090", "GeForce RTX 4090", 1008, 82.6, 82.6),
    Card("RTX 3090", "GeForce RTX 3090", 936, 35.6, 35.6),
)
"""Bandwidth and rates: NVIDIA's data sheets of each card, half of what they call "with sparsity";
for GeForce cards, whose TF32 rate equals that of float32, their architecture white papers."""


@dataclass(frozen=True)
class Floor:
    """Seconds that a step needs at the card's rates: for its bytes, and for its operations."""

    bytes: float
    operations: float

    @property
    def seconds(self) -> float:
        """The larger of the two: both can go on at once, at best."""
        return max(self.bytes, self.operations)


def find(kind: str) -> Card | None:
    """The card of a device's name, None for one that isn't listed.

    >>> find("NVIDIA H100 80GB HBM3").name, find("NVIDIA L4").name, find("NVIDIA L40S").name
    ('H100 SXM', 'L4', 'L40S')
    """
    return next((card for card in CARDS if card.pattern in kind), None)


def floor(
    card: Card | None, bytes_: float | None, operations: float | None, copy_rate: float
) -> Floor | None:
    """The least time of a step; None where XLA doesn't tell its bytes.

    card: None for an unlisted one: then the bytes count at the measured rate of a copy, and the
        operations not at all.
    bytes_, operations: of a step, as XLA counts them; all operations count as TF32.
    copy_rate: bytes a second.
    """
    if bytes_ is None:
        return None
    if card is None:
        return Floor(bytes_ / copy_rate, 0.0)
    return Floor(bytes_ / (card.bandwidth * 1e9), (operations or 0.0) / (card.tf32 * 1e12))
