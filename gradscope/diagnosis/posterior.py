"""Posterior probabilities. TensorFlow Probability is imported on first use, and only then.

A posterior that is symmetric about its location passes 1/2 exactly where the location passes the
floor, so a rule that asks for more than 1/2 first compares the location, which costs nothing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCATTER = 0.3
"""Decades: what layers of one healthy net scatter about their depth profile. First-to-last ratios
of 34 healthy programs lie between .053 and 1.9, that is .4 decades of standard deviation for a
difference of two norms, taken as a quarter of the range, or .3 for one."""

SCATTER_WEIGHT = 2.0
"""Observations that the prior on the scatter counts for: the least that gives two points, which
leave no degree of freedom, a posterior of finite mean (Gelman et al., BDA3, section 14.2)."""

_TINY = float(np.finfo(np.float64).tiny)

MAD_TO_SIGMA = 1.4826
"""σ / MAD of a normal distribution (Rousseeuw & Croux 1993)."""

MEDIAN_COST = 1.2533
"""√(π/2): standard error of a median over that of a mean, for normal data."""


@dataclass(frozen=True)
class StudentT:
    """Student-t posteriors of some quantities: location, scale and degrees of freedom.

    location, scale: float64, broadcast with each other. df: degrees of freedom, at least 1.
    """

    location: Floats
    scale: Floats
    df: Floats

    def above(self, floor: float | Floats) -> Floats:
        """The probability that the quantity exceeds the floor; NaN where the posterior is NaN."""
        import tensorflow as tf
        import tensorflow_probability as tfp

        # On the CPU and outside of any graph: this may run beside a training on an accelerator.
        with tf.init_scope(), tf.device("CPU:0"):
            with np.errstate(all="ignore"):
                distance = np.asarray((self.location - floor) / np.maximum(self.scale, _TINY))
            standard, df = np.broadcast_arrays(distance, self.df)
            known = np.isfinite(standard)
            t: Any = tfp.distributions.StudentT(df=df, loc=np.float64(0), scale=np.float64(1))
            below: Any = t.cdf(np.where(known, standard, 0.0))
            probability = np.asarray(below, np.float64)
        return np.where(known, probability, np.where(standard == np.inf, 1.0, np.nan))


def slope(y: Floats, scatter: float = SCATTER) -> StudentT:
    """The posterior of the slope of each row of y over its column index 0, 1, ..., L − 1.

    Least squares under a flat prior on line and slope and a scaled-inverse-χ² prior on the
    scatter: Student-t with n + SCATTER_WEIGHT − 2 degrees of freedom.

    y: float64[S, L]; NaN values are left out, a row with fewer than two others gives NaN.
    scatter: the prior's standard deviation about the line, in units of y.
    Gives: location, scale, df: float64[S].
    """
    known = np.isfinite(y)
    n = known.sum(axis=1)
    index = np.arange(y.shape[1], dtype=np.float64)
    x = np.where(known, index, 0.0)
    values = np.where(known, y, 0.0)
    count = np.maximum(n, 1)[:, None]
    dx = np.where(known, x - x.sum(axis=1, keepdims=True) / count, 0.0)
    dy = np.where(known, values - values.sum(axis=1, keepdims=True) / count, 0.0)
    spread = (dx * dx).sum(axis=1)
    usable = (n >= 2) & (spread > 0)
    safe = np.where(usable, spread, 1.0)
    location = (dx * dy).sum(axis=1) / safe
    residual = ((dy - location[:, None] * dx) ** 2).sum(axis=1)
    df = np.maximum(n + SCATTER_WEIGHT - 2, 1.0)
    variance = (SCATTER_WEIGHT * scatter**2 + residual) / df
    scale = np.sqrt(variance / safe)
    return StudentT(np.where(usable, location, np.nan), np.where(usable, scale, np.nan), df)


def center(sample: Floats, least_sigma: float) -> StudentT:
    """The posterior of the centre of a sample, from its median and its MAD.

    sample: float64[N]; values that are not finite are left out; NaN where no other is left.
    least_sigma: the least standard deviation of one value, in units of the sample; all that is
        known of the noise where there is one value, with one degree of freedom.
    """
    sample = sample[np.isfinite(sample)]
    n = len(sample)
    if not n:
        return StudentT(np.array(np.nan), np.array(np.nan), np.array(1.0))
    middle, sigma = median_and_sigma(sample, least_sigma)
    return StudentT(
        np.array(middle),
        np.array(MEDIAN_COST * sigma / np.sqrt(n)),
        np.array(float(max(n - 1, 1))),
    )


def rate_below(rate: float, hits: int, trials: int) -> float:
    """The probability that a rate is below a bound, after some hits in so many trials.

    The posterior under a flat prior, Beta(hits + 1, trials - hits + 1) (Gelman et al., BDA3,
    section 2.1).

    >>> round(rate_below(0.001, 0, 4600), 2)
    0.99
    """
    import tensorflow as tf
    import tensorflow_probability as tfp

    with tf.init_scope(), tf.device("CPU:0"):
        beta: Any = tfp.distributions.Beta(np.float64(hits + 1), np.float64(trials - hits + 1))
        below: Any = beta.cdf(np.float64(rate))
        return float(np.asarray(below))


def difference(a: StudentT, b: StudentT) -> StudentT:
    """The posterior of a − b for independent a and b, of the fewer degrees of freedom."""
    return StudentT(
        a.location - b.location, np.hypot(a.scale, b.scale), np.asarray(np.minimum(a.df, b.df))
    )


def median_and_sigma(sample: Floats, least_sigma: float) -> tuple[float, float]:
    """The median of a sample of finite values, and its standard deviation from the MAD."""
    middle = float(np.median(sample))
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(sample - middle)))
    return middle, max(sigma, least_sigma)
