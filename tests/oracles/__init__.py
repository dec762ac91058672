"""What every statistic must be: one float64 NumPy function for each line of the catalogue.

    gradients.py   of a variable's gradient
    updates.py     of a variable and of how far a step moves it
    units.py       of a layer's output
    objective.py   of the loss, all gradients together and clipping
    data.py        of the batch

No TensorFlow, no gradscope: these are written from the definitions, to judge the probes.
"""

from tests.oracles.data import input_max_abs, input_mean, input_std, label_entropy
from tests.oracles.gradients import (
    densified,
    grad_max_abs,
    grad_norm,
    grad_zero_fraction,
    nonfinite_count,
)
from tests.oracles.objective import (
    clip_fraction,
    clipped,
    global_grad_norm,
    learning_rate,
    loss,
    loss_scale,
    regularization_grad_share,
)
from tests.oracles.units import (
    activation_grad_norm,
    activation_mean,
    activation_rms,
    dead_fraction,
    fired,
    saturated_fraction,
)
from tests.oracles.updates import update_norm, update_ratio, weight_norm

__all__ = [
    "activation_grad_norm",
    "activation_mean",
    "activation_rms",
    "clip_fraction",
    "clipped",
    "dead_fraction",
    "densified",
    "fired",
    "global_grad_norm",
    "grad_max_abs",
    "grad_norm",
    "grad_zero_fraction",
    "input_max_abs",
    "input_mean",
    "input_std",
    "label_entropy",
    "learning_rate",
    "loss",
    "loss_scale",
    "nonfinite_count",
    "regularization_grad_share",
    "saturated_fraction",
    "update_norm",
    "update_ratio",
    "weight_norm",
]
