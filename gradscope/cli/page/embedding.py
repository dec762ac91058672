"""Which numbers of runs a page holds, so that it stays small enough to be attached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradscope.detail import parts_of
from gradscope.tensorboard import answers

MOST_COLUMNS = 1000
"""About the width of a screen in pixels: more can't be told apart without a zoom."""
LEAST_COLUMNS = 100
"""With fewer, statistics are left out instead: few columns hide when things began."""
DETAIL_COLUMNS = 200
"""Of a closer look at a layer, which is taken at few steps."""

_BYTES_PER_VALUE = 4 * 4 / 3
"""float32 in base64."""
_BYTES_PER_COLUMN = 16
"""The first and last step of a column, as digits."""

# What is kept where room is short; those not named go first, in reverse catalogue order.
_TELLING = (
    *("grad_norm", "update_ratio", "activation_rms", "dead_fraction", "saturated_fraction"),
    *("nonfinite_count", "weight_norm", "activation_grad_norm", "activation_mean", "update_norm"),
    *("grad_zero_fraction", "class_loss", "grad_max_abs", "class_share"),
)


@dataclass(frozen=True)
class Embedded:
    """The numbers of one run.

    answer: that of the route `run`, without the statistics that are left out.
    series: statistic -> answer of the route `series`.
    details: `detail.key_of` -> answer of the route `detail`.
    columns: at most so many are in each.
    left_out: statistics, and "closer look", for which there was no room.
    """

    answer: Mapping[str, Any]
    series: Mapping[str, Any]
    details: Mapping[str, Any]
    columns: int
    left_out: tuple[str, ...]

    @property
    def binned(self) -> bool:
        """Whether a column may hold several steps."""
        return any(one["columns"] < one["recorded"] for one in self.series.values())


def embed(run: answers.StoredRun, name: str, budget: float) -> Embedded:
    """The numbers of a run in about `budget` bytes; what is per step and gradient norms always.

    name: what the page calls the run.
    """
    answer = answers.run_answer(run, name)
    kept, columns = frozenset(run.statistics), MOST_COLUMNS
    looks = budget >= need(run)
    if budget < need(run) - _look_need(run):
        kept = _kept(run, answer, budget)
        cost = sum(_cost(run, statistic) for statistic in kept)
        columns = max(1, min(MOST_COLUMNS, int(budget / cost)))
    per_step = {one["name"] for one in answer["statistics"] if one["per"] == "step"}
    series = {
        # the band costs nothing where there is one row
        statistic: answers.series_answer(
            run, statistic, name, window=answers.Window(columns=columns, band=statistic in per_step)
        )
        for statistic in run.statistics
        if statistic in kept
    }
    shown = [one for one in answer["statistics"] if one["name"] in kept]
    left_out = tuple(statistic for statistic in run.statistics if statistic not in kept)
    details = _looks(run, name) if looks else {}
    if run.details.keys and not looks:
        left_out += ("closer look",)
        answer["details"]["series"] = []
    return Embedded({**answer, "statistics": shown}, series, details, columns, left_out)


def _looks(run: answers.StoredRun, name: str) -> dict[str, Any]:
    window = answers.Window(columns=DETAIL_COLUMNS)
    parts = [(key, *parts_of(key)) for key in run.details.keys]
    return {
        key: answers.detail_answer(run, kind, path, name, window=window)
        for key, kind, path in parts
    }


def need(run: answers.StoredRun) -> float:
    """Bytes that all numbers of a run would take in at most MOST_COLUMNS columns."""
    columns = min(MOST_COLUMNS, len(run.steps))
    return columns * sum(_cost(run, statistic) for statistic in run.statistics) + _look_need(run)


def _look_need(run: answers.StoredRun) -> float:
    """Bytes that the details of a run would take in at most DETAIL_COLUMNS columns."""
    total = 0.0
    for kind, path in map(parts_of, run.details.keys):
        steps, values = run.details.series(kind, path)
        columns = min(DETAIL_COLUMNS, len(steps))
        total += columns * (values.shape[1] * _BYTES_PER_VALUE + _BYTES_PER_COLUMN)
    return total


def shares(needs: Sequence[float], budget: float) -> list[float]:
    """What each of several runs gets of a budget: what small ones leave goes to the large ones.

    >>> shares([1.0, 100.0, 50.0], 61.0)
    [1.0, 30.0, 30.0]
    """
    result = [0.0] * len(needs)
    left, waiting = budget, len(needs)
    for place in sorted(range(len(needs)), key=lambda place: needs[place]):
        result[place] = min(needs[place], left / waiting)
        left -= result[place]
        waiting -= 1
    return result


def _kept(run: answers.StoredRun, answer: Mapping[str, Any], budget: float) -> frozenset[str]:
    """The statistics that fit in LEAST_COLUMNS columns, the telling ones first."""
    pointed = [verdict["statistic"] for verdict in answer["verdicts"]]
    order = [one["name"] for one in answer["statistics"] if one["per"] == "step"]
    order += [one for one in (*pointed, *_TELLING) if one in run.statistics]
    order += run.statistics
    kept: set[str] = set()
    columns, left = min(LEAST_COLUMNS, max(len(run.steps), 1)), budget
    always = {*order[: sum(one["per"] == "step" for one in answer["statistics"])], "grad_norm"}
    for statistic in dict.fromkeys(order):
        cost = columns * _cost(run, statistic)
        if statistic in always or cost <= left:
            kept.add(statistic)
            left -= cost
    return frozenset(kept)


def _cost(run: answers.StoredRun, statistic: str) -> float:
    """Bytes for one column of a statistic."""
    return len(run.names(statistic)) * _BYTES_PER_VALUE + _BYTES_PER_COLUMN
