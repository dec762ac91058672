"""Whether a run gets anywhere with the small updates that it makes."""

from dataclasses import dataclass

import numpy as np

from gradscope.diagnosis.moves import Moves
from gradscope.diagnosis.outcome import failing, outcome
from gradscope.diagnosis.posterior import center
from gradscope.diagnosis.progress import Progress, progress
from gradscope.diagnosis.reading import Floats, log10, onset
from gradscope.records import RunView

TINY = 1e-4
"""Update ratio of the middle kernel: 34 healthy programs lie above 1.6e-4, programs of too low a
learning rate at 1.4e-5 to 1.5e-4. A tenth of the guide value (Karpathy, CS231n)."""

SMALL = 3e-4
"""Update ratio below which a run may be slow, or may be well. It is called slow where its loss
still falls as steadily as in the beginning, or where the weights got nowhere (`STANDSTILL`)."""

STANDSTILL = 0.1
"""Sum of update ratios over the run: the weights moved by less than a tenth of their size. Nets
that learn have moved by 0.13 to 0.5 of it when their error is halved."""

LONG_WAY = 1.0
"""Sum of update ratios: who has moved by the whole size of the weights and learnt nothing would
not have learnt with larger steps either."""

MUCH_LEFT = 0.5
"""Share of the error of guessing at which a run that is still falling is far from done."""

LITTLE = 0.2
"""Share of its first error that a run may have lost and still count as standing where it began.
The head of a net that is tuned finely takes more within its first steps."""

STEADY = 0.5
"""Fall of the loss in the second half of the run over that in the first: a run that learns at the
right pace falls first and then levels off; half as much is where neither can be said."""

SETTLED = 100
"""Recorded steps before a merely small ratio (between `TINY` and `SMALL`) is judged: about the
length of the usual warm-up of a short run."""

PERSISTENCE = 0.9
"""Least share of the recorded steps, from the first to the last, at which the ratio is small."""

LEAST_SIGMA = 0.05
"""Decades, the least standard deviation assumed of the update ratio between steps: 12 %."""


@dataclass(frozen=True)
class Slow:
    """Small updates since an index of the recorded steps.

    ratio: their median. probability: that they are smaller than `SMALL`, or `TINY` where `tiny`.
    """

    since: int
    probability: float
    ratio: float
    tiny: bool


@dataclass(frozen=True)
class Stand:
    """Probabilities that nothing was learnt, and that the run is far from done and crawls."""

    unlearnt: float
    crawling: float

    @property
    def nowhere(self) -> float:
        """The larger of the two."""
        return max(self.unlearnt, self.crawling)


def small_updates(found: Moves) -> Slow | None:
    """Since when updates are too small, tiny at last or small all along; else None."""
    typical = found.typical
    since = onset(typical < TINY, PERSISTENCE)
    tiny = since is not None and since <= len(typical) // 2
    start = since if since is not None and tiny else 0
    sizes = center(log10(typical[start:]), LEAST_SIGMA)
    limit = TINY if tiny else SMALL
    if not sizes.location < np.log10(limit) or (not tiny and len(typical) < SETTLED):
        return None
    probability = 1.0 - float(sizes.above(np.log10(limit)))
    return Slow(start, probability, float(10**sizes.location), tiny)


def stand(run: RunView, found: Moves, slow: Slow) -> Stand:
    """Where a run with small updates stands; unlearnt counts only where the way was short."""
    short = found.path < (LONG_WAY if slow.tiny else STANDSTILL)
    unlearnt = outcome(run).unlearnt if short else 0.0
    if slow.tiny and found.path < STANDSTILL:
        unlearnt = max(unlearnt, _still(run))
    return Stand(unlearnt, _crawling(run, slow))


def _still(run: RunView) -> float:
    """Probability that most of the error is left, as it was at first: chance may begin below 1."""
    course = progress(run)
    if not course.known:
        return 0.0
    first, _, last = _levels(course.error[np.isfinite(course.error)])
    return failing(run, MUCH_LEFT) if last >= (1 - LITTLE) * first else 0.0


def _crawling(run: RunView, slow: Slow) -> float:
    """Probability that the loss still falls, as it did at first, with most of the error left."""
    course = progress(run)
    if not course.left > MUCH_LEFT or not (slow.tiny or _steady(course)):
        return 0.0
    large = failing(run, MUCH_LEFT) if course.known else 1.0
    return large * course.falling()


def _steady(course: Progress) -> bool:
    """Whether the second half of the run gained about as much as the first."""
    values = course.loss
    if course.known:  # what it costs to come down to guessing first is not learning
        values = np.fmin(course.error, 1.0)
    first, half, last = _levels(values[np.isfinite(values)])
    return half - last >= STEADY * (first - half)


def _levels(values: Floats) -> tuple[float, float, float]:
    """Medians at the beginning, in the middle and at the end; NaN without values."""
    n = len(values)
    eighth = max(3, n // 8)
    middle = max(0, (n - eighth) // 2)
    parts = values[:eighth], values[middle : middle + eighth], values[-eighth:]
    first, half, last = (float(np.median(part)) if len(part) else np.nan for part in parts)
    return first, half, last
