"""A recorded run against what it must hold; says every difference."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradscope import catalog
from tests.compiled.reference import Expected, Values
from tests.zoo import Entry

NORMS = (
    "grad_norm",
    "grad_max_abs",
    "weight_norm",
    "update_norm",
    "activation_grad_norm",
)
"""Compared with the slack of `Entry.atol`, a share of the step's largest value."""


SHARES = ("dead_fraction", "saturated_fraction")
"""Left open where the layer's output holds NaN: whether NaN exceeds a limit has no answer."""


def differences(entry: Entry, run: Any, want: Expected) -> list[str]:
    """One line for each number or name that is not what it must be."""
    recorded = [name for name in catalog.BY_NAME if name in run.statistics]
    lost = [
        f"{statistic.name}: not recorded"
        for statistic in catalog.STATISTICS
        if statistic.name not in recorded
        and any(math.isfinite(v) for v in want.steps[0][statistic.name].values())
        and statistic.name not in entry.unspecified
    ]
    return lost + [
        line
        for name in recorded
        if name not in entry.unspecified
        for line in _of_statistic(entry, run, want, catalog.BY_NAME[name])
    ]


def _of_statistic(entry: Entry, run: Any, want: Expected, statistic: Any) -> Iterator[str]:
    steps, values = run.series(statistic.name)
    if list(steps) != list(range(len(want.steps))):
        yield f"{statistic.name}: recorded steps {list(steps)}"
        return
    names = run.names(statistic.name)
    if statistic.per == "variable":
        yield from _variable_names(statistic.name, names, want.variables)
    for step, expected in enumerate(want.steps):
        row = dict(zip(names, map(float, values[step]), strict=True))
        if statistic.per == "variable":
            row = dict(zip(expected[statistic.name], row.values(), strict=False))
        elif statistic.per == "class" and names != tuple(expected[statistic.name]):
            yield f"{statistic.name}: classes {names}, must be {tuple(expected[statistic.name])}"
        elif statistic.per == "layer":
            row, complaints = _matched(row, expected[statistic.name], want.loose)
            yield from (f"{statistic.name} {line}" for line in complaints if step == 0)
        for name, value in expected[statistic.name].items():
            got = row.get(name, math.nan)
            if not _equal(entry, statistic.name, name, got, expected):
                yield f"{statistic.name} of {name}, step {step}: got {got:.7g}, must be {value:.7g}"


def _variable_names(statistic: str, got: tuple[str, ...], want: tuple[str, ...]) -> Iterator[str]:
    if len(set(want)) == len(want):
        if got != want:
            yield f"{statistic}: names are {got}, must be {want}"
    elif len(set(got)) != len(want) or not all(map(str.startswith, got, want)):
        yield f"{statistic}: {got} does not tell {want} apart"


def _matched(
    row: dict[str, float], expected: dict[str, float], loose: frozenset[str]
) -> tuple[dict[str, float], list[str]]:
    """The row under the expected names, and names that are missing or too many.

    A column may be left out where every value must be NaN.
    """
    found: dict[str, float] = {}
    for name, value in row.items():
        prefixed = [plain for plain in loose if name.endswith(f"/{plain}")]
        found[prefixed[0] if prefixed and name not in expected else name] = value
    complaints = [f"of {name}: not expected" for name in found if name not in expected]
    complaints += [
        f"of {name}: missing"
        for name, value in expected.items()
        if name not in found and not math.isnan(value)
    ]
    return found, complaints


def _equal(entry: Entry, statistic: str, name: str, got: float, expected: Values) -> bool:
    value = expected[statistic][name]
    if statistic in SHARES and not math.isfinite(expected["activation_rms"][name]):
        return True
    if not math.isfinite(value) or not math.isfinite(got):
        return _both_not_finite(statistic, got, value)
    slack = entry.rtol * abs(value) + entry.atol * _size(statistic, name, expected)
    return abs(got - value) <= slack or _of_rounding(entry, statistic, name, expected)


def _both_not_finite(statistic: str, got: float, value: float) -> bool:
    """Whether both are NaN or infinite: which of them depends on the order of a sum."""
    if statistic in ("update_ratio", *catalog.names("step")):
        return got == value or (math.isnan(got) and math.isnan(value))
    return not math.isfinite(got) and not math.isfinite(value)


def _size(statistic: str, name: str, expected: Values) -> float:
    """What a sum that cancels is small against."""
    if statistic == "activation_mean":
        return float(np.nan_to_num(expected["activation_rms"][name]))
    if statistic in ("output_mean", "output_min", "output_max"):
        return float(np.nan_to_num(expected["output_std"]["output_std"]))
    if statistic == "target_mean":
        return float(np.nan_to_num(expected["target_std"]["target_std"]))
    if statistic in NORMS:
        sizes = [v for v in expected[statistic].values() if math.isfinite(v)]
        return max(sizes, default=0.0)
    if statistic == "input_mean":
        return float(np.nan_to_num(expected["input_std"]["input_std"]))
    return 0.0


def _of_rounding(entry: Entry, statistic: str, name: str, expected: Values) -> bool:
    """Whether a ratio's numerator or denominator is nothing but rounding."""
    if statistic != "update_ratio":
        return False
    return any(
        0 < expected[norm][name] < entry.atol * _size(norm, name, expected)
        for norm in ("update_norm", "weight_norm")
    )
