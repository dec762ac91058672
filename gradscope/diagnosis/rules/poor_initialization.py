"""poor-initialization: first weights that no training can start from.

Two kinds. Equal weights: units that are alike stay alike. And weights of a size that lets the
signal explode or die on its way through the net. Odd weights do no harm where a normalization
follows, or where an output layer starts at 0, so the signal and the outcome are asked as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradscope.diagnosis import facts
from gradscope.diagnosis.beginning import Kernel, first_kernels, signal
from gradscope.diagnosis.outcome import ALARM, broken, failing, outcome, said
from gradscope.diagnosis.progress import progress
from gradscope.diagnosis.reading import read
from gradscope.diagnosis.remedies import RECTIFIERS
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView
from gradscope.report import LEAST_STEPS

FAR = 1.0
"""Decades beyond the usual range by which one kernel's weights are of the wrong size: tenfold. The
usual initializers differ by less than half a decade (Glorot & Bengio 2010, He et al. 2015)."""

FAR_TOGETHER = 2.0
"""Decades beyond it that all kernels on the way make together. The signal passes all of them, so a
threefold excess in each of four layers is the same as a hundredfold one in one."""

OUT_OF_SCALE = 2.0
"""Decades between input and a layer's output at the first step. A signal keeps its size through a
well initialized net within a factor of a few (He et al. 2015, section 2.2)."""

ABOVE_CHANCE = 10.0
"""Times the loss of the best constant prediction that the first loss is. A classifier should begin
at 1 (Karpathy 2019, A recipe for training neural networks)."""

SATURATED = 2 / 3
"""Share of a squashing layer that is saturated at the first step: healthy nets, even trained ones,
stay at half or less."""

LARGE_ERROR = 0.5
"""Share of the error of guessing, at the end. Tasks with noise that can't be learnt may end above,
but don't start from such weights and such a signal."""

STUCK = 0.9
"""Least share of the recorded steps at which a kernel of zeros has no gradient."""

REFERENCE = (
    "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural "
    "networks; He et al. 2015, Delving deep into rectifiers"
)


@dataclass(frozen=True)
class _Fault:
    kernel: Kernel
    words: str
    evidence: dict[str, float]


def find(run: RunView) -> Sequence[Finding]:
    """A finding where the first weights are equal or out of scale, do harm, and the run fails."""
    steps = read(run, "grad_norm").steps
    if not len(steps) or (len(steps) < LEAST_STEPS and not broken(run)):
        return ()
    chain = first_kernels(run)
    fault = _alike(run, chain) or _out_of_scale(run, chain)
    if fault is None:
        return ()
    confidence = failing(run, LARGE_ERROR)
    if confidence < ALARM:
        return ()
    result = outcome(run)
    lost = broken(run)
    end = "the loss ends in NaN or Inf" if lost else said(result)
    return (
        Finding(
            cause="poor-initialization",
            severity="critical" if lost or result.unlearnt >= ALARM else "warning",
            layer=fault.kernel.name,
            step=int(steps[0]),
            confidence=confidence,
            summary=f"{fault.words}, and {end}.",
            evidence={
                "weight_std": fault.kernel.std,
                "fan_in": float(fault.kernel.fan_in),
                **fault.evidence,
                "loss_start": result.start,
                "loss_end": result.end,
            },
            remedy=_remedy(run, fault.kernel),
        ),
    )


def _alike(run: RunView, chain: list[Kernel]) -> _Fault | None:
    """A hidden layer whose units are, and stay, alike."""
    for kernel, following in pairwise(chain):
        if not kernel.constant or kernel.fan_out < 2:
            continue
        # Different weights behind equal units tell them apart, save where no gradient passes.
        if following.constant or (kernel.zero and _stuck(run, kernel)):
            value = "all 0" if kernel.zero else "all equal"
            return _Fault(
                kernel,
                f"The first weights of {kernel.name} are {value}, so that its units can't become "
                "different from each other",
                {"constant_kernels": float(sum(k.constant for k in chain))},
            )
    return None


def _stuck(run: RunView, kernel: Kernel) -> bool:
    """Whether the kernel has no gradient, from the first step and in nearly all."""
    norms = read(run, "grad_norm").values[:, kernel.column]
    return bool(norms[0] == 0 and (norms == 0).mean() >= STUCK)


def _out_of_scale(run: RunView, chain: list[Kernel]) -> _Fault | None:
    """Weights of the wrong size, and a signal that shows it."""
    excess = np.array([kernel.excess for kernel in chain])
    if not np.isfinite(excess).any():
        return None
    total = float(np.nansum(excess))
    far = np.nanmax(np.abs(excess)) >= FAR or abs(total) >= FAR_TOGETHER
    large = total > 0
    harm = _too_much(run) if large else _too_little(run)
    if not far or harm is None:
        return None
    kernel = chain[int(np.nanargmax(excess) if large else np.nanargmin(excess))]
    usual = _usual_std(kernel, _initializer(run, kernel))
    way = "large" if large else "small"
    return _Fault(
        kernel,
        f"The first weights are too {way}, most of all {kernel.name} with a standard deviation of "
        f"{kernel.std:.2g} where {usual:.2g} is usual: {harm}",
        {
            "usual_std": usual,
            "excess_decades": float(kernel.excess),
            "excess_decades_together": total,
        },
    )


def _too_much(run: RunView) -> str | None:
    """How the first step shows weights that are too large, or None where it doesn't."""
    sizes = signal(run)
    if np.isfinite(sizes).any() and np.nanmax(sizes) >= OUT_OF_SCALE:
        return f"the signal grows by a factor of 10^{np.nanmax(sizes):.1f} on its way"
    errors = progress(run).error
    if len(errors) and errors[0] >= ABOVE_CHANCE:
        return f"the first loss is {errors[0]:.3g} times that of guessing"
    shares = read(run, "saturated_fraction")
    kinds = facts.layers(run)
    output = facts.objective(run).layer
    squashed = [
        i
        for i, layer in enumerate(shares.names)
        if kinds.get(layer, {}).get("activation") in ("tanh", "sigmoid", "softsign")
        and layer != output
    ]
    if len(shares) and squashed:
        first = shares.values[0, squashed]
        if np.isfinite(first).any() and np.nanmax(first) >= SATURATED:
            return f"{100 * np.nanmax(first):.0f} % of a layer is saturated at once"
    return None


def _too_little(run: RunView) -> str | None:
    """How the first step shows weights that are too small, or None where it doesn't.

    The output layer is left out: to start near 0 is good practice there.
    """
    hidden = signal(run)[:-1]
    if np.isfinite(hidden).any() and np.nanmin(hidden) <= -OUT_OF_SCALE:
        return f"the signal shrinks by a factor of 10^{-np.nanmin(hidden):.1f} on its way"
    return None


def _remedy(run: RunView, kernel: Kernel) -> Remedy:
    """To let Keras choose the weights, by the initializer that suits the layer's activation."""
    layer = kernel.name.rsplit("/", 1)[0]
    initializer = _initializer(run, kernel)
    return Remedy(
        f"Let Keras choose the size of the weights: {initializer} in {layer} and in the layers "
        f"like it. For {kernel.fan_in} inputs that is a standard deviation of about "
        f"{_usual_std(kernel, initializer):.2g}.",
        f'layer = {_class(facts.layers(run).get(layer, {}))}, kernel_initializer="{initializer}")',
        REFERENCE,
    )


def _initializer(run: RunView, kernel: Kernel) -> str:
    """The Keras initializer that suits the activation of the kernel's layer."""
    layer = kernel.name.rsplit("/", 1)[0]
    known = facts.layers(run)
    activation = known.get(layer, {}).get("activation")
    inside = {str(facts_.get("activation")) for facts_ in known.values()}
    rectified = activation in RECTIFIERS or (activation is None and bool(inside & RECTIFIERS))
    if activation == "selu":
        return "lecun_normal"
    if rectified or activation in ("gelu", "silu", "elu"):
        return "he_normal"
    return "glorot_uniform"


def _usual_std(kernel: Kernel, initializer: str) -> float:
    """The standard deviation of the weights that an initializer draws, with as many outputs."""
    return ((2 if initializer == "he_normal" else 1) / kernel.fan_in) ** 0.5


def _class(layer: object) -> str:
    """The beginning of the Keras line that makes the layer."""
    stated = facts.mapping(layer)
    kind, units, activation = (stated.get(key) for key in ("class", "units", "activation"))
    size = str(units) if isinstance(units, int) else "units"
    form = {"Conv1D": ", 3", "Conv2D": ", 3", "Conv3D": ", 3"}.get(str(kind), "")
    name = str(kind) if form else "Dense"
    return f"keras.layers.{name}({size}{form}" + (
        f', activation="{activation}"' if isinstance(activation, str) else ""
    )
