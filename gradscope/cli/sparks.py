"""Curves as a line of characters."""

import math

import numpy as np
from numpy.typing import NDArray

_MIN_DECADES = 1.0
"""A sparkline spans at least this, so that noise around a constant stays flat."""

_BARS = ("▁▂▃▄▅▆▇█", "_.-~=+*#")
_NONFINITE = ("×", "!")


def sparkline(curve: NDArray[np.float64], plain: bool = False) -> str:
    """One character for each value, on a log scale that spans at least a decade.

    A value that is not finite is a cross, one that is 0 or less the lowest bar.

    plain: with characters of ASCII only.

    >>> sparkline(np.array([1e-3, 1.0, 1e4]))
    '▁▄█'
    """
    positive = curve[np.isfinite(curve) & (curve > 0)]
    if not positive.size:
        return _bars(curve, 0.0, 1.0, plain)
    logs = np.log10(np.where(curve > 0, curve, np.where(curve <= 0, positive.min(), math.nan)))
    low, high = np.log10(positive.min()), np.log10(positive.max())
    return _bars(logs, low, max(high, low + _MIN_DECADES), plain)


def bars_from_zero(curve: NDArray[np.float64], plain: bool = False) -> str:
    """One character for each value, as bars that stand on 0: what stays level looks level.

    >>> bars_from_zero(np.array([2.0, 1.0, 0.0]))
    '█▅▁'
    """
    finite = curve[np.isfinite(curve)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return _bars(curve, min(low, 0.0), max(high, 0.0), plain)


def _bars(levels: NDArray[np.float64], low: float, high: float, plain: bool) -> str:
    bars = _BARS[plain]
    height = high - low or 1.0
    return "".join(
        bars[round(float(np.clip((level - low) / height, 0, 1)) * (len(bars) - 1))]
        if math.isfinite(level)
        else _NONFINITE[plain]
        for level in levels
    )
