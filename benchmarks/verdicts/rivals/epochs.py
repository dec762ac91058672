"""A run by epochs, as rules of `fit` callbacks see it: the records between two validations."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.reading import Floats, Steps, read, recorded_steps, scalar
from gradscope.records import RunView

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Epochs:
    """Figures at the E steps at which validation figures were given.

    steps: int64[E]. loss, accuracy: means over the recorded steps since the last one.
    val_loss, val_accuracy: as given. All float64[E], NaN where unknown. An accuracy is the share of
        right classes or, for targets, R² in its place.
    """

    steps: Steps
    loss: Floats
    accuracy: Floats
    val_loss: Floats
    val_accuracy: Floats


def epochs(run: RunView) -> Epochs:
    """The run by epochs; of none where no validation figures were given."""
    at, val_loss = run.validation.get("loss", (np.zeros(0, np.int64), np.zeros(0)))
    steps = recorded_steps(run)
    variance = _mean(scalar(run, "target_std", steps) ** 2)
    fitted = 1 - scalar(run, "residual_rms", steps) ** 2 / variance
    right = scalar(run, "accuracy", steps)
    accuracy = np.where(np.isnan(right), fitted, right)
    bounds = np.concatenate([[-1], at])
    places = [np.flatnonzero((steps > low) & (steps <= high)) for low, high in pairwise(bounds)]
    given = run.validation.get("accuracy")
    if given is not None:
        val_accuracy = np.interp(at, *given)
    else:
        # Where losses are squares of residuals, a validation loss is one of held-back rows.
        val_accuracy = 1 - np.asarray(val_loss) / (variance if _is_squares(run) else np.nan)
    loss = scalar(run, "loss", steps)
    return Epochs(
        np.asarray(at),
        np.array([_mean(loss[p], every=True) for p in places]),
        np.array([_mean(accuracy[p]) for p in places]),
        np.asarray(val_loss, np.float64),
        np.asarray(val_accuracy, np.float64),
    )


def _mean(values: Floats, every: bool = False) -> float:
    """The mean of the finite values; NaN where there is none or, if every one is asked for, not."""
    good = np.isfinite(values)
    return float(values[good].mean()) if good.any() and (good.all() or not every) else np.nan


def _is_squares(run: RunView) -> bool:
    return (run.info.get("objective") or {}).get("loss") == "mean_squared_error"


def sizes(run: RunView, statistic: str = "grad_norm") -> Floats:
    """Elements of each variable of a statistic; 1 where the run doesn't say."""
    facts = run.info.get("variables") or {}
    shapes = [(facts.get(path) or {}).get("shape") or [1] for path in run.names(statistic)]
    return np.array([float(np.prod(shape)) for shape in shapes])


def at_steps(run: RunView, statistic: str, steps: Steps) -> Floats:
    """float64[len(steps), L]: the last record at or before each step; NaN before the first."""
    series = read(run, statistic)
    if not len(series):
        return np.full((len(steps), series.values.shape[1]), np.nan)
    places = np.searchsorted(series.steps, steps, side="right") - 1
    values = series.values[np.maximum(places, 0)].copy()
    values[places < 0] = np.nan
    return values
