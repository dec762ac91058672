"""What the per-layer table says, as plain data: a run goes in, rows come out."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope.detail import Details
from gradscope.records import RunView, Verdict

SPARK_BINS = 12
"""Characters of a sparkline."""


@dataclass(frozen=True)
class Trend:
    """One number over the recorded steps.

    first, last: at the first and the last recorded step; NaN or Inf as recorded.
    median: over the finite values; NaN where there are none.
    curve: float64[SPARK_BINS], the median of each stretch of steps; NaN where a value in the
        stretch is not finite, so that a short blow-up stays visible.
    """

    first: float
    last: float
    median: float
    curve: NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One line of the table: a trainable variable, or a layer without variables.

    name: the variable's or the layer's path.
    layer: path of the layer that it belongs to.
    gradient: its gradient norm over the steps, None for a layer or where none was recorded.
    update_ratio, weight_norm: median over the steps, NaN where not recorded.
    dead, saturated: shares in [0, 1] at the last step, NaN where they do not apply. They belong
        to the layer's output and stand in the row of the layer's first variable.
    lead: whether this is the first row of its layer.
    """

    name: str
    layer: str
    gradient: Trend | None = None
    update_ratio: float = math.nan
    weight_norm: float = math.nan
    dead: float = math.nan
    saturated: float = math.nan
    lead: bool = True


def trend(steps: NDArray[np.int64], values: NDArray[np.float32]) -> Trend:
    """The trend of one number: steps int64[S] ascending, values float32[S], S at least 1."""
    return _trends_of(steps, values[:, np.newaxis])[0]


def rows(run: RunView) -> list[Row]:
    """One row for each trainable variable and each layer without variables, in depth order.

    A gradient that vanishes or explodes does so from layer to layer, and only the order of the
    layers shows it.
    """
    variables = run.names("grad_norm") or run.names("weight_norm")
    gradients = _trends(run, "grad_norm")
    ratios, weights = _medians(run, "update_ratio"), _medians(run, "weight_norm")
    dead, saturated = _lasts(run, "dead_fraction"), _lasts(run, "saturated_fraction")
    layers = [layer for layer in _layers(run) if layer in dead or layer in saturated]
    result: list[Row] = []
    for name, layer, lead in _in_depth_order(variables, layers, _layers(run)):
        result.append(
            Row(
                name=name,
                layer=layer,
                gradient=gradients.get(name),
                update_ratio=ratios.get(name, math.nan),
                weight_norm=weights.get(name, math.nan),
                dead=dead.get(layer, math.nan) if lead else math.nan,
                saturated=saturated.get(layer, math.nan) if lead else math.nan,
                lead=lead,
            )
        )
    return result


def shorten(table: Sequence[Row], keep: Collection[str], limit: int) -> list[Row]:
    """At most about `limit` rows: each layer's first row, then evenly spaced ones.

    Rows whose name is in `keep` always stay. Even spacing keeps the course over depth visible.
    """
    short = [row for row in table if row.lead or row.name in keep]
    if len(short) <= limit:
        return short
    chosen = set(np.linspace(0, len(short) - 1, limit).round().astype(int).tolist())
    return [row for place, row in enumerate(short) if place in chosen or row.name in keep]


def worst_first(table: Sequence[Row], verdicts: Sequence[Verdict]) -> tuple[list[Row], list[Row]]:
    """(worst, others): the rows that verdicts name, in the order of the verdicts, and the rest.

    The others stay in the order that they have.
    """
    named = named_in(verdicts)
    place = {name: index for index, name in enumerate(named)}
    worst = [row for row in table if is_named(row, named)]
    worst.sort(
        key=lambda row: min(place.get(row.name, len(place)), place.get(row.layer, len(place)))
    )
    return worst, [row for row in table if not is_named(row, named)]


def is_named(row: Row, named: Collection[str]) -> bool:
    """Whether names mean a row: its own, or, for the first row of a layer, that of the layer."""
    return row.name in named or (row.lead and row.layer in named)


def named_in(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """The variables and layers that verdicts and their symptoms name, each once, worst first."""
    found: dict[str, None] = {}
    for verdict in verdicts:
        if verdict.layer is not None:
            found[verdict.layer] = None
        found |= dict.fromkeys(named_in(verdict.symptoms))
    return tuple(found)


def loss(run: RunView) -> Trend | None:
    """The training loss over the steps, or None where it was not recorded."""
    return _trends(run, "loss").get("loss")


def validation(run: RunView) -> dict[str, Trend]:
    """metric -> its trend, for what was given to `Scope.validate`."""
    return {
        metric: trend(steps, values.astype(np.float32))
        for metric, (steps, values) in run.validation.items()
        if len(steps)
    }


def _layers(run: RunView) -> tuple[str, ...]:
    return run.names("activation_mean") or run.names("saturated_fraction")


def _in_depth_order(
    variables: Sequence[str], shown: Sequence[str], layers: Sequence[str]
) -> Iterator[tuple[str, str, bool]]:
    """(name, layer, lead) of each row; layers without variables go where they run."""
    owners = {name.rpartition("/")[0] for name in variables}
    place = {layer: index for index, layer in enumerate(layers)}
    waiting = [layer for layer in shown if layer not in owners]
    previous = None
    for name in variables:
        owner = name.rpartition("/")[0]
        if owner != previous:
            while waiting and place[waiting[0]] < place.get(owner, -1):
                layer = waiting.pop(0)
                yield layer, layer, True
        yield name, owner, owner != previous
        previous = owner
    for layer in waiting:
        yield layer, layer, True


def _trends(run: RunView, statistic: str) -> dict[str, Trend]:
    steps, values = _series(run, statistic)
    if not len(steps):
        return {}
    return dict(zip(run.names(statistic), _trends_of(steps, values), strict=True))


def _medians(run: RunView, statistic: str) -> dict[str, float]:
    steps, values = _series(run, statistic)
    if not len(steps):
        return {}
    return dict(zip(run.names(statistic), _floats(_median(values)), strict=True))


def _lasts(run: RunView, statistic: str) -> dict[str, float]:
    """The last value of each layer that ever had one; a share that is always NaN doesn't apply."""
    steps, values = _series(run, statistic)
    if not len(steps):
        return {}
    lasts, medians = _floats(values[-1]), _medians(run, statistic)
    named = zip(medians.items(), lasts, strict=True)
    return {name: last for (name, median), last in named if not math.isnan(median)}


def _series(run: RunView, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(steps, values), both empty where the statistic isn't recorded."""
    if statistic not in run.statistics:
        return np.empty(0, np.int64), np.empty((0, 0), np.float32)
    return run.series(statistic)


def _trends_of(steps: NDArray[np.int64], values: NDArray[np.float32]) -> list[Trend]:
    """The trend of each column of values float32[S, L]; all at once, as there may be thousands."""
    curves = _curves(steps, values)
    ends = zip(_floats(values[0]), _floats(values[-1]), _floats(_median(values)), strict=True)
    return [
        Trend(first=first, last=last, median=median, curve=curves[:, column])
        for column, (first, last, median) in enumerate(ends)
    ]


def _floats(values: NDArray[np.floating[Any]]) -> list[float]:
    return [float(value) for value in values]


def _median(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """float64[L]: the median of each column's finite values, NaN where there are none."""
    finite = np.isfinite(values)
    whole = finite.all(axis=0)
    result = np.full(values.shape[1], math.nan)
    if whole.any():
        result[whole] = np.median(values[:, whole], axis=0)
    for column in np.flatnonzero(~whole & finite.any(axis=0)):
        result[column] = np.median(values[finite[:, column], column])
    return result


def _curves(steps: NDArray[np.int64], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """float64[SPARK_BINS, L]: `Trend.curve` of each column of values float32[S, L]."""
    span = max(int(steps[-1] - steps[0]), 1)
    bins = np.minimum((steps - steps[0]) * SPARK_BINS // (span + 1), SPARK_BINS - 1)
    edges = np.searchsorted(bins, np.arange(SPARK_BINS + 1))
    curves = np.full((SPARK_BINS, values.shape[1]), math.nan)
    held = curves[0].copy()
    for place in range(SPARK_BINS):
        inside = values[edges[place] : edges[place + 1]]
        # a stretch in which no step was recorded shows the value before it
        if len(inside):
            held = np.where(np.isfinite(inside).all(axis=0), _median(inside), math.nan)
        curves[place] = held
    return curves


def closer_look(details: Details) -> str:
    """Which layers were watched closely, and over which steps, in one line.

    >>> from gradscope.detail import Details, Watched
    >>> closer_look(Details((Watched("a", 20, 50), Watched("b", 60, None)), {}, lambda key: ...))
    'Watched closely: a (steps 20 to 50), b (from step 60 on). The Gradscope tab shows it.'
    """
    spans = [
        f"{one.layer} (from step {one.since} on)"
        if one.until is None
        else f"{one.layer} (steps {one.since} to {one.until})"
        for one in details.watched
    ]
    return f"Watched closely: {', '.join(spans)}. The Gradscope tab shows it."
