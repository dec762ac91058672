"""What every statistic must be: one float64 NumPy function for each line of the catalogue.

    gradients.py   of a variable's gradient
    updates.py     of a variable and of how far a step moves it
    units.py       of a layer's output
    objective.py   of the loss, all gradients together and clipping
    data.py        of the batch's inputs and the spread of its labels
    targets.py     of targets and predictions
    classes.py     of class labels

No TensorFlow, no gradscope: these are written from the definitions, to judge the probes.
"""

from tests.oracles.classes import accuracy, class_loss, class_share
from tests.oracles.data import (
    batch_size,
    input_feature_max,
    input_feature_rms_max,
    input_feature_rms_min,
    input_max_abs,
    input_mean,
    input_std,
    label_entropy,
)
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
    grad_underflow_share,
    learning_rate,
    loss,
    loss_scale,
    regularization_grad_share,
    regularization_loss,
)
from tests.oracles.targets import (
    output_max,
    output_mean,
    output_min,
    output_spread,
    output_std,
    residual_rms,
    target_max,
    target_mean,
    target_min,
    target_std,
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
    "accuracy",
    "activation_grad_norm",
    "activation_mean",
    "activation_rms",
    "batch_size",
    "class_loss",
    "class_share",
    "clip_fraction",
    "clipped",
    "dead_fraction",
    "densified",
    "fired",
    "global_grad_norm",
    "grad_max_abs",
    "grad_norm",
    "grad_underflow_share",
    "grad_zero_fraction",
    "input_feature_max",
    "input_feature_rms_max",
    "input_feature_rms_min",
    "input_max_abs",
    "input_mean",
    "input_std",
    "label_entropy",
    "learning_rate",
    "loss",
    "loss_scale",
    "nonfinite_count",
    "output_max",
    "output_mean",
    "output_min",
    "output_spread",
    "output_std",
    "regularization_grad_share",
    "regularization_loss",
    "residual_rms",
    "saturated_fraction",
    "target_max",
    "target_mean",
    "target_min",
    "target_std",
    "update_norm",
    "update_ratio",
    "weight_norm",
]
