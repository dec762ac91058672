"""What recording costs, from the times of steps; pure arithmetic, no clock and no TensorFlow."""

from collections.abc import Callable


class Account:
    """What may be spent beside recording: a share of the seconds trained so far.

    share: of them that may be spent, in all.
    trained: gives the seconds trained so far.

    >>> account = Account(0.01, trained=lambda: 50.0)
    >>> account.can_afford(0.4), account.can_afford(0.6)
    (True, False)
    >>> account.charge(0.4)
    >>> account.can_afford(0.4)
    False
    """

    def __init__(self, share: float, trained: Callable[[], float]) -> None:
        self.share = share
        self.spent = 0.0
        """Seconds charged so far."""
        self._trained = trained

    def can_afford(self, seconds: float) -> bool:
        """Whether so many seconds more stay within the share."""
        return self.spent + seconds <= self.share * self._trained()

    def charge(self, seconds: float) -> None:
        """Counts seconds as spent, afforded or not; less than none count as none."""
        self.spent += max(0.0, seconds)

    @property
    def spent_share(self) -> float:
        """What was spent, as a share of the seconds trained so far; 0 before the first."""
        trained = self._trained()
        return self.spent / trained if trained > 0 else 0.0
