"""Every statistic once: name, what it describes, formula, unit.

A statistic is one line here, one probe (gradscope/probes), one float64 twin (tests/oracles) and
one row of docs/statistics.md, which is generated from this file. Norm means L2.
"""

from dataclasses import dataclass
from typing import Literal

Per = Literal["variable", "layer", "class", "step"]
Scale = Literal["log", "linear", "share"]


@dataclass(frozen=True)
class Statistic:
    """One line of the catalogue.

    name: the slug under which a run stores it.
    per: what one value belongs to: a trainable variable, a layer's output, a class of the labels
        or the whole step.
    formula: how it is computed, in words and symbols.
    unit: of one value.
    scale: how to draw it: "log", "linear", or "share" (linear from 0 to 1).
    probe: the module of gradscope.probes that computes it.
    source: paper or reference of the definition, or "" where the formula says it all.
    """

    name: str
    per: Per
    formula: str
    unit: str
    scale: Scale
    probe: str
    source: str = ""


_GLOROT = "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks"
_RATIO = "Karpathy, CS231n notes, Ratio of weights:updates (guide value 1e-3)"
_CLIP = "Pascanu et al. 2013, On the difficulty of training recurrent neural networks"
_SCALE = "Micikevicius et al. 2018, Mixed precision training"
_LECUN = "LeCun et al. 1998, Efficient BackProp, §4.3"
_DEAD = "Maas et al. 2013, Rectifier nonlinearities improve neural network acoustic models"

# fmt: off
STATISTICS: tuple[Statistic, ...] = (
    Statistic("grad_norm", "variable", "‖g‖: g is the gradient of the step's loss, loss scale divided out, duplicate indices summed, before any clipping; NaN where no gradient reaches the variable", "loss per unit of weight", "log", "gradients", _GLOROT),
    Statistic("grad_max_abs", "variable", "max |gᵢ|; NaN where no gradient reaches the variable", "loss per unit of weight", "log", "gradients"),
    Statistic("grad_zero_fraction", "variable", "share of elements of g that are exactly 0; NaN where no gradient reaches the variable", "share", "share", "gradients"),
    Statistic("weight_norm", "variable", "‖w‖ before the update", "weight", "log", "updates"),
    Statistic("update_norm", "variable", "‖w_after − w_before‖, measured, whatever the optimizer", "weight", "log", "updates", _RATIO),
    Statistic("update_ratio", "variable", "‖w_after − w_before‖ / ‖w_before‖; 0 where both are 0, Inf where only ‖w_before‖ is", "ratio", "log", "updates", _RATIO),
    Statistic("nonfinite_count", "variable", "number of elements of g that are NaN or ±Inf; 0 where no gradient reaches the variable", "elements", "linear", "gradients"),
    Statistic("activation_mean", "layer", "mean over all elements of the layer's output", "activation", "linear", "units", _GLOROT),
    Statistic("activation_rms", "layer", "√ mean a² over all elements of the layer's output", "activation", "log", "units", _GLOROT),
    Statistic("dead_fraction", "layer", "share of units (indices of the last axis) that fired for no sample of the last `window` recorded steps; layers with a rectifying activation only", "share of units", "share", "units", _DEAD),
    Statistic("saturated_fraction", "layer", "sigmoid, softmax: share of elements outside [0.01, 0.99]; tanh, softsign: share with |a| > 0.99; rectifiers: share of units whose derivative is ~0 for every sample of the step", "share", "share", "units", _GLOROT),
    Statistic("activation_grad_norm", "layer", "‖∂loss/∂a‖ over the layer's output a, loss scale divided out", "loss per unit of activation", "log", "units", _GLOROT),
    Statistic("class_share", "class", "share of the batch's labels that are of the class; labels out of range and one-hot rows of zeros are of none. Sparse, one-hot (the largest entry counts) and one-column binary labels of up to 100 classes", "share of the batch", "share", "classes"),
    Statistic("class_loss", "class", "mean of −ln p_c over the batch's samples of class c, whatever the loss function: p is the softmax (sigmoid for binary labels) of the logits that the loss works on, or its probabilities, clipped to [1e-7, 1 − 1e-7] and normalized; NaN where the class is absent", "nat", "log", "classes"),
    Statistic("loss", "step", "the target of tape.gradient, loss scale divided out; the sum where a step takes several gradients", "loss", "linear", "objective"),
    Statistic("global_grad_norm", "step", "√ Σ ‖g‖² over all variables that a gradient reaches", "loss per unit of weight", "log", "objective", _CLIP),
    Statistic("regularization_grad_share", "step", "‖∇R‖ / (‖∇R‖ + ‖g − ∇R‖), R the sum of the weight regularizers in the loss; 0 where there are none", "share", "share", "objective"),
    Statistic("regularization_loss", "step", "R, the sum of the weight regularizers in the loss, at the weights before the update; 0 where there are none", "loss", "log", "objective"),
    Statistic("clip_fraction", "step", "share of variables with a gradient whose gradient is shortened between the tape and the update", "share of variables", "share", "objective", _CLIP),
    Statistic("learning_rate", "step", "the optimizer's learning rate in this step; NaN where no Keras optimizer is used", "1", "log", "objective"),
    Statistic("loss_scale", "step", "factor on the loss for mixed precision; 1 where there is none", "1", "log", "objective", _SCALE),
    Statistic("grad_underflow_share", "step", "share of the elements of all gradients with |g · loss scale| < 2⁻¹⁴, the least normal number of float16, zeros included; recorded only where layers compute in float16", "share", "share", "gradients", _SCALE),
    Statistic("batch_size", "step", "length of the labels' first axis, of the inputs' where there are no labels", "samples", "linear", "data"),
    Statistic("input_mean", "step", "mean over all elements of the model's numeric inputs", "input", "linear", "data"),
    Statistic("input_std", "step", "population standard deviation over the same elements", "input", "log", "data"),
    Statistic("input_max_abs", "step", "max |x| over the same elements", "input", "log", "data"),
    Statistic("input_feature_rms_max", "step", "largest √ mean x² over one feature, an index of the last axis of a numeric input", "input", "log", "data", _LECUN),
    Statistic("input_feature_rms_min", "step", "smallest √ mean x² over one feature that is not all zero; NaN where all are", "input", "log", "data", _LECUN),
    Statistic("input_feature_max", "step", "index of the feature with the largest √ mean x²; several inputs are counted through", "index", "linear", "data"),
    Statistic("label_entropy", "step", "−Σ p ln p of the class shares p in the batch's labels; NaN where labels are no classes", "nat", "linear", "data"),
    Statistic("target_mean", "step", "mean over all elements of the targets; NaN where labels are classes", "target", "linear", "targets"),
    Statistic("target_std", "step", "population standard deviation over the same elements", "target", "log", "targets"),
    Statistic("target_min", "step", "smallest element of the labels, of whatever kind", "target", "linear", "targets"),
    Statistic("target_max", "step", "largest element of the labels, of whatever kind", "target", "linear", "targets"),
    Statistic("output_mean", "step", "mean over all elements of the predictions as the loss function got them", "output", "linear", "targets"),
    Statistic("output_std", "step", "population standard deviation over the same elements", "output", "log", "targets"),
    Statistic("output_min", "step", "smallest of the same elements", "output", "linear", "targets"),
    Statistic("output_max", "step", "largest of the same elements", "output", "linear", "targets"),
    Statistic("output_spread", "step", "mean over all places of one sample's prediction of the population standard deviation over the batch; 0 where all samples are predicted alike, NaN for a single sample", "output", "log", "targets"),
    Statistic("accuracy", "step", "share of samples whose predicted class is the label's: the largest output, or for binary labels each output against 0.5 (0 for logits); NaN where labels are no classes or outputs are NaN", "share", "share", "classes"),
    Statistic("residual_rms", "step", "√ mean (y − p)² over all elements of targets y and predictions p; NaN where labels are classes", "target", "log", "targets"),
)
# fmt: on

BY_NAME: dict[str, Statistic] = {statistic.name: statistic for statistic in STATISTICS}
"""The catalogue by name."""


def names(per: Per) -> tuple[str, ...]:
    """The names of all statistics of one kind, in catalogue order.

    >>> names("layer")[:2]
    ('activation_mean', 'activation_rms')
    """
    return tuple(statistic.name for statistic in STATISTICS if statistic.per == per)
