"""Whether two sets of numbers differ: Yuen's t with Student's distribution, without SciPy."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TRIM = 0.2
"""Share that a robust comparison cuts off at each end: one batch in five may be odd (Yuen)."""

WINSORIZED = 0.642
"""The standard deviation of a standard normal that is winsorized at TRIM."""

_TURNS, _SMALL = 300, 1e-300
"""Turns of the continued fraction, and what stands for a zero in it (Press et al., §6.4)."""


@dataclass(frozen=True)
class Difference:
    """How two sets of numbers differ.

    a, b: their (trimmed) means.
    p: two-sided probability of such a t where the means are the same; 0 for no spread at all.
    spread: the pooled (winsorized) standard deviation; 0 where there is none.
    effect: |b − a| / spread, winsorizing undone, so that of normal values it is Cohen's d; Inf
        where there is no spread but a difference.
    """

    a: float
    b: float
    p: float
    spread: float
    effect: float


def difference(a: NDArray[np.floating], b: NDArray[np.floating], robust: bool) -> Difference:
    """The difference of two samples of finite numbers, each of at least 5.

    robust: whether TRIM is cut off at each end (Yuen's test) or nothing (Welch's).

    t = (m_b − m_a) / √(d_a + d_b), d = (n − 1) s² / (h (h − 1)): m the trimmed mean, s² the
    winsorized variance, h what is left of n after trimming; its degrees of freedom are
    (d_a + d_b)² / (d_a² / (h_a − 1) + d_b² / (h_b − 1)).

    Sources: Yuen 1974, The two-sample trimmed t for unequal population variances; the effect as in
    Algina, Keselman & Penfield 2005, An alternative to Cohen's standardized mean difference.

    >>> same = np.arange(10.0)
    >>> difference(same, same, robust=True).p
    1.0
    """
    trim = TRIM if robust else 0.0
    mean_a, variance_a, d_a, h_a = _trimmed(a, trim)
    mean_b, variance_b, d_b, h_b = _trimmed(b, trim)
    gap = mean_b - mean_a
    spread = math.sqrt((variance_a + variance_b) / 2)
    if d_a + d_b <= 0:
        return Difference(mean_a, mean_b, float(gap == 0), 0.0, math.inf if gap else 0.0)
    t = gap / math.sqrt(d_a + d_b)
    freedom = (d_a + d_b) ** 2 / (d_a**2 / (h_a - 1) + d_b**2 / (h_b - 1))
    effect = abs(gap) / spread * (WINSORIZED if robust else 1.0)
    return Difference(mean_a, mean_b, student(t, freedom), spread, effect)


def student(t: float, freedom: float) -> float:
    """Two-sided probability of |T| ≥ |t|, T of Student's distribution: I_x(ν/2, 1/2), x = ν/(ν+t²).

    >>> round(student(2.228, 10), 4)
    0.05
    """
    x = freedom / (freedom + t * t)
    return _beta(x, freedom / 2, 0.5)


def _trimmed(values: NDArray[np.floating], trim: float) -> tuple[float, float, float, int]:
    """(trimmed mean, winsorized variance, its share of t's variance, values left)."""
    ordered = np.sort(values.astype(np.float64))
    n = len(ordered)
    cut = int(trim * n)
    left = n - 2 * cut
    mean = float(ordered[cut : n - cut].mean())
    ordered[:cut], ordered[n - cut :] = ordered[cut], ordered[n - cut - 1]
    variance = float(ordered.var(ddof=1))
    # what float32 can't tell apart is no spread
    if variance <= (1e-6 * abs(mean)) ** 2:
        variance = 0.0
    return mean, variance, (n - 1) * variance / (left * (left - 1)), left


def _beta(x: float, p: float, q: float) -> float:
    """The regularized incomplete beta function I_x(p, q), by Lentz's continued fraction.

    Source: Press et al., Numerical Recipes, §6.4.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(
        math.lgamma(p + q) - math.lgamma(p) - math.lgamma(q)
        + p * math.log(x) + q * math.log1p(-x)
    )  # fmt: skip
    if x < (p + 1) / (p + q + 2):
        return front * _fraction(x, p, q) / p
    return 1 - front * _fraction(1 - x, q, p) / q


def _fraction(x: float, p: float, q: float) -> float:
    c, d = 1.0, 1 / _away(1 - (p + q) * x / (p + 1))
    result = d
    for m in range(1, _TURNS):
        even = m * (q - m) * x / ((p + 2 * m - 1) * (p + 2 * m))
        odd = -(p + m) * (p + q + m) * x / ((p + 2 * m) * (p + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _away(1 + step * d)
            c = _away(1 + step / c)
            result *= d * c
        if abs(d * c - 1) < 1e-12:
            break
    return result


def _away(value: float) -> float:
    return value if abs(value) > _SMALL else _SMALL
