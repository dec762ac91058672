"""Where two runs that begin alike to the bit part: the first number that differs.

Two runs with the same seed, code, data and machine are the same to the last bit, or, where XLA adds
in another order, to within 1e-6 (docs/how-it-works.md). Whatever differs by more is the first
effect of what was changed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradscope.comparison.matching import Match, Values
from gradscope.comparison.result import Place
from gradscope.comparison.rows import Rows

BEGIN = 1e-6
"""Relative difference up to which two runs begin alike: what XLA's order of additions makes."""

APART = 1e-4
"""Relative difference from which two numbers differ: a hundred times what XLA makes in a step."""

ROUNDING = 1e-5
"""Relative difference above which numbers were drifting apart already at the step before: rounding
grows from step to step until it looks like another seed, and that is no parting."""

_INPUTS = ("batch_size", "input_mean", "input_std")
"""What tells that the first batch is the same."""


def begin_alike(match: Match) -> bool:
    """Whether the weights and the inputs of the first shared step are the same in both runs.

    Only where it is the first recorded step of both. Inputs that aren't recorded tell nothing.
    """
    if not len(match.steps) or match.only_a or match.only_b:
        return False
    first = {int(run.series(run.statistics[0])[0][0]) for run in (match.a, match.b)}
    if len(first) != 1:
        return False
    names, a, b = match.shared("weight_norm")
    seen = [(a[0], b[0])] if names else []
    inputs = [match.shared(statistic) for statistic in _INPUTS]
    seen += [(a[0], b[0]) for names, a, b in inputs if names]
    return bool(names) and all(bool((apart(a, b) <= BEGIN).all()) for a, b in seen)


def places(match: Match, tables: Sequence[Rows]) -> list[Place] | None:
    """Each row's first step that differs; None where the runs only drift apart by rounding."""
    found: list[Place] = []
    first = len(match.steps)
    for table in tables:
        differ = apart(table.a, table.b) > APART
        rows = np.flatnonzero(differ.any(axis=0))
        for row, place in zip(rows, differ[:, rows].argmax(axis=0), strict=True):
            first = min(first, int(place))
            found.append(
                Place(
                    table.statistic,
                    table.names[row],
                    int(match.steps[place]),
                    float(table.a[place, row]),
                    float(table.b[place, row]),
                )
            )
    drifting = first and any(
        bool((apart(table.a[first - 1], table.b[first - 1]) > ROUNDING).any()) for table in tables
    )
    return None if found and drifting else found


def apart(a: Values, b: Values) -> NDArray[np.float32]:
    """|a − b| / max(|a|, |b|), float32 of the same shape; 0 for two NaN, Inf for one."""
    with np.errstate(all="ignore"):
        largest = np.maximum(np.abs(a), np.abs(b))
        share = np.divide(np.abs(a - b), largest, dtype=np.float32)
    share[(a == b) | (np.isnan(a) & np.isnan(b))] = 0
    share[np.isnan(share)] = np.inf
    return share
