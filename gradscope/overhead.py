"""What recording costs a run: the figure, as it is reported, written and read."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Overhead:
    """What recording costs, as shares of the time of plain steps.

    share: what it costs now, on and on: recorded steps, draining, writing and judging. None where
        it is not known.
    low, high: 95 % interval of the share, from the scatter of the recorded steps' times.
    whole: the share over all steps so far, the dense start included; None where not known.
    every: one in so many calls of the step is recorded now.
    group: steps that one call runs; all of a recorded call are recorded.
    budget: the share that "auto" keeps to; None where the cadence is fixed.
    plain_seconds: the median plain call; 0 where none was timed.
    step_seconds: what a recorded call takes more, median.
    drain_seconds: CPU time of transfer, writing and curves for one recorded step.
    background: transfer, writing and judging over all steps so far, as a share of their time. Known
        without plain steps.
    judging: judging alone, as a share of step time.
    detail: what finer statistics of suspicious layers have taken, as a share of the time so far.
    pairs: recorded calls that were compared with plain ones next to them.
    one_off_seconds: what was spent once: compiling the recorded program (every=1: in place of the
        plain one), and loading what judges.

    >>> Overhead(0.0071, 0.005, 0.0094, whole=0.021, every=20, budget=0.01, pairs=128).sentence
    'Recording cost 0.71 % of step time (0.5 to 0.94), every 20th step; budget 1 %. Over the whole \
run, its dense start included: 2.1 %.'
    """

    share: float | None = None
    low: float | None = None
    high: float | None = None
    whole: float | None = None
    every: int = 1
    group: int = 1
    budget: float | None = None
    plain_seconds: float = 0.0
    step_seconds: float = 0.0
    drain_seconds: float = 0.0
    background: float | None = None
    judging: float = 0.0
    detail: float = 0.0
    pairs: int = 0
    one_off_seconds: float = 0.0

    @property
    def sentence(self) -> str:
        """What a reader is told of it: one to three sentences."""
        parts = [self._now() if self.share is not None else self._unknown()]
        if self.whole is not None:
            dense = ", its dense start included" if self.budget is not None else ""
            parts.append(f"Over the whole run{dense}: {percent(self.whole)} %.")
        if self.one_off_seconds >= 0.1:
            parts.append(f"Once, to compile and load: {self.one_off_seconds:.2g} s.")
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The figure as JSON-ready data, with its sentence."""
        return {**asdict(self), "sentence": self.sentence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Overhead":
        """The figure written by `to_dict`; what a later gradscope added is passed over.

        Raises KeyError where a field is missing, ValueError where one is no number, as in a
        damaged file.
        """
        overhead = cls(**{name: data[name] for name in cls.__dataclass_fields__})
        for name, value in asdict(overhead).items():
            may_lack = cls.__dataclass_fields__[name].default is None
            if not (value is None and may_lack) and not _is_sound(value):
                raise ValueError(f"Overhead.from_dict: expected a number as {name}, got {value!r}")
        return overhead

    def _now(self) -> str:
        share, low, high = (percent(value or 0.0) for value in (self.share, self.low, self.high))
        said = f"Recording cost {share} % of step time ({low} to {high}), {self._cadence()}"
        if self.budget is None:
            return f"{said}."
        if (self.share or 0.0) > self.budget:
            return f"{said}; the budget of {percent(self.budget)} % is not kept."
        return f"{said}; budget {percent(self.budget)} %."

    def _unknown(self) -> str:
        if self.every == 1:
            why = "each step was recorded, so that there is no plain one to compare with"
        else:
            why = "too few recorded steps have plain ones beside them so far"
        told = f"What recording cost is not known: {why}."
        if self.background is not None:
            told += f" Writing and judging took {percent(self.background)} % of step time."
        return told

    def _cadence(self) -> str:
        what = "step" if self.group == 1 else f"execution of {self.group} steps"
        return f"each {what}" if self.every == 1 else f"every {ordinal(self.every)} {what}"


def percent(share: float) -> str:
    """A share in per cent, with two digits that count.

    >>> percent(0.01), percent(0.00714), percent(0.21), percent(1.234), percent(0.00001)
    ('1', '0.71', '21', '123', '0')
    """
    value = 100 * share
    return f"{value:.0f}" if value >= 9.95 or value < 0.005 else f"{float(f'{value:.2g}'):g}"


def ordinal(number: int) -> str:
    """A whole number's ordinal.

    >>> [ordinal(number) for number in (2, 3, 5, 11, 21, 1000)]
    ['2nd', '3rd', '5th', '11th', '21st', '1000th']
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def _is_sound(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
