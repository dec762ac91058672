"""Code lines that several rules recommend, with values taken from the run."""

from typing import Any

import numpy as np

from gradscope.diagnosis.reading import read
from gradscope.records import RunView

SLOWER = 10.0
"""Factor by which a learning rate that broke a run is lowered: the usual grid of a first search
(Goodfellow et al. 2016, Deep Learning, section 11.4.3)."""

USUAL_RATE = 1e-3
"""Learning rate to assume where none is recorded: the default of keras.optimizers.Adam."""


def gentler_optimizer(run: RunView, clip: float) -> str:
    """A Keras line that makes the run's optimizer anew: slower, its gradient clipped to a norm."""
    rates = read(run, "learning_rate").values
    rates = rates[np.isfinite(rates) & (rates > 0)]
    rate = (float(np.median(rates)) if len(rates) else USUAL_RATE) / SLOWER
    return (
        f"optimizer = keras.optimizers.{_class(run)}"
        f"(learning_rate={rate:.2g}, global_clipnorm={clip:.2g})"
    )


def _class(run: RunView) -> str:
    """The class of the run's only optimizer; Adam where that isn't known."""
    optimizers: Any = run.info.get("optimizers")
    try:
        (optimizer,) = optimizers
        name = str(optimizer["class"])
    except (TypeError, ValueError, KeyError):
        return "Adam"
    # A wrapper takes an optimizer, no learning rate.
    return name if name.isidentifier() and name != "LossScaleOptimizer" else "Adam"
