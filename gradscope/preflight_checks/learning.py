"""Whether the model can learn: gradients, first loss, one batch by heart."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.rule import Finding
from gradscope.preflight_checks import probing
from gradscope.preflight_checks.batch import Found, Labels
from gradscope.preflight_checks.rehearsal import First, Rehearsal
from gradscope.preflight_checks.result import Check
from gradscope.preflight_checks.subject import Subject
from gradscope.records import Remedy

EXCESS = 2.0
"""Nats that a first cross-entropy may lie above guessing. Random logits of standard deviation s add
about s²/2: glorot and He initialization on standardized inputs stay below 1, two nats mean s = 2, a
right class held for seven times less likely than by guessing (Karpathy 2019, A Recipe for Training
Neural Networks: "verify loss @ init")."""

TIMES = 10.0
"""Times that a first loss on targets may be what predicting their mean gives: an output of variance
v beside targets of variance 1 gives 1 + v, so that its standard deviation would be 3."""


CAPACITY_STEPS = 300
"""Steps to learn a few samples by heart: Adam and SGD at a good rate need 20 to 100 of them on the
nets of this project's tests."""

BY_HEART, HALF = 0.1, 0.5
"""Shares of the first loss, or of guessing where that is lower: below the former the batch is known
by heart and the try ends; above the latter the model can't even learn a few samples. In between the
samples may contradict each other, or the model be small on purpose."""

FAINT = 1e-3
"""Ratio of two kernels' gradients below which the gradient counts as lost on the way (Zhang et al.
2021, AUTOTRAINER), asked only where the batch can't be learnt."""

KARPATHY = "Karpathy 2019, A Recipe for Training Neural Networks"


@dataclass(frozen=True)
class Learnt:
    """How far the batch was learnt. best: the lowest loss; done: False where time ran out."""

    rate: float
    best: float
    steps: int
    done: bool


def gradients(first: First) -> Found:
    """Whether each trainable variable gets a gradient, a finite one."""
    norms = first.grad_norms
    without = [path for path, norm in norms.items() if norm is None]
    there = {path: norm for path, norm in norms.items() if norm is not None}
    bad = [path for path, norm in there.items() if not math.isfinite(norm)]
    findings: list[Finding] = []
    if without:
        findings.append(_disconnected(without, len(norms)))
    if bad and math.isfinite(first.loss):
        text = f"The gradient of {_some(bad)} is NaN or infinite although the loss is finite."
        remedy = Remedy(
            "Look for a square root, logarithm or division whose argument can be 0, and keep it "
            "away from 0.",
            "tf.sqrt(tf.maximum(x, 1e-12))",
        )
        findings.append(_finding("nonfinite", "critical", text, {"variables": len(bad)}, remedy))
    if findings:
        figure = f"{len(without)} of {len(norms)} variables get none" if without else "not finite"
        return Check("gradients", False, figure), findings
    kernels = [norm for path, norm in there.items() if norm > 0]
    zero = sum(norm == 0 for norm in there.values())
    size = f"{min(kernels):.2g} to {max(kernels):.2g}" if kernels else "all 0"
    figure = f"all {len(norms)} variables get one, norms {size}" + (
        f", {zero} of 0" if zero and kernels else ""
    )
    return Check("gradients", True, figure), []


def _disconnected(paths: list[str], of: int) -> Finding:
    return Finding(
        "disconnected-variable",
        "critical" if len(paths) == of else "warning",
        paths[0],
        0,
        1.0,
        f"No gradient reaches {len(paths)} of {of} trainable variables: {_some(paths)}. The loss "
        "does not depend on them.",
        {"variables": float(len(paths))},
        Remedy(
            "Use the layer's output in the model, or freeze it; look for an argmax, a round, "
            ".numpy() or tf.stop_gradient on the way from it to the loss.",
            "layer.trainable = False  # where it is not to learn",
        ),
    )


def chance(subject: Subject, labels: Labels, y: NDArray[Any], shape: tuple[int, ...]) -> float:
    """The loss of guessing: of equal shares for classes, of the mean for targets; else NaN.

    y: the labels of the samples that were tried. shape: of the output.
    """
    if labels.kind is None:
        return math.nan
    if labels.kind == "regression":
        mean = np.asarray(y, np.float64).reshape(len(y), -1).mean(axis=0)
        guess = np.broadcast_to(mean.reshape(y.shape[1:] or (1,)), (len(y), *(y.shape[1:] or (1,))))
        guess = guess.reshape(shape) if guess.size == np.prod(shape) else np.zeros(shape)
        return probing.value(subject.asked, y, guess.astype(np.float32))
    takes = probing.ask(subject.asked, y, shape, labels.kind).logits
    classes = labels.classes or 2
    if takes is not None:
        return math.log(classes)
    return math.nan


def first_loss(first: First, guess: float, labels: Labels) -> Found:
    """Whether the first loss is near what guessing gives."""
    loss = first.loss
    if not math.isfinite(loss):
        remedy = Remedy(
            "Look for a logarithm, square root or division whose argument can be 0 or below, in "
            "the loss and in the model; a loss that takes logits is safe.",
            "tf.math.log(tf.maximum(p, 1e-7))",
        )
        text = f"The loss of the first step is {loss}, before any weight was changed."
        finding = _finding("nonfinite", "critical", text, {}, remedy)
        return Check("first loss", False, f"{loss}"), [finding]
    if not math.isfinite(guess):
        return Check("first loss", True, f"{loss:.4g}; of guessing it is not known"), []
    classes = labels.kind != "regression"
    by = f"guessing among {labels.classes} classes" if classes else "predicting the mean"
    figure = f"{loss:.4g}; {by} gives {guess:.4g}"
    if classes and math.isfinite(labels.entropy):
        figure += f" (labels' entropy {labels.entropy:.3g})"
    limit = guess + EXCESS if classes else TIMES * guess
    if loss <= limit or guess < 0:
        below = loss < HALF * guess
        return Check("first loss", True, figure + (": trained before?" if below else "")), []
    text = (
        f"The first loss is {loss:.4g}, where {by} gives {guess:.4g}: the model begins with strong "
        "opinions that it has to unlearn."
    )
    remedy = Remedy(
        "Begin with small outputs: usual initializers, inputs of about unit variance, normalization"
        " between layers"
        + (", and the mean of the targets as output bias." if not classes else "."),
        'keras.layers.Dense(units, kernel_initializer="glorot_uniform")  # the output layer',
        KARPATHY,
    )
    evidence = {"first_loss": loss, "guessing": guess}
    finding = _finding("poor-initialization", "warning", text, evidence, remedy)
    return Check("first loss", False, figure), [finding]


def learn(rehearsal: Rehearsal, rates: list[float], floor: float, deadline: float) -> Learnt:
    """How far the batch can be learnt at the best of some rates.

    floor: the loss at which it is known by heart.
    """
    best = Learnt(rates[0], math.inf, 0, False)
    for number in rates:
        lowest, steps = math.inf, 0
        for loss in rehearsal.train(number, CAPACITY_STEPS + 1):
            if not math.isfinite(loss):
                break
            lowest = min(lowest, loss)
            if lowest <= floor or time.monotonic() > deadline:
                break
            steps += 1
        done = lowest <= floor or steps > CAPACITY_STEPS or not math.isfinite(loss)
        if lowest < best.best:
            best = Learnt(number, lowest, steps, done)
        if lowest <= floor or time.monotonic() > deadline:
            break
    return best


def capacity(
    first: First, learnt: Learnt, reference: float, samples: int, weights: Callable[[], list[str]]
) -> Found:
    """Whether the model can learn the batch by heart.

    reference: the lower of the first loss and guessing. weights: paths of kernels whose values are
    all the same.
    """
    figure = (
        f"loss {first.loss:.4g} to {learnt.best:.3g} in {learnt.steps} steps at {learnt.rate:.2g}, "
        f"{samples} samples"
    )
    if learnt.best <= HALF * reference:
        return Check("learns the batch", True, figure), []
    if not learnt.done:
        return Check("learns the batch", None, f"{figure}; then the time was over"), []
    evidence = {"first_loss": first.loss, "lowest_loss": learnt.best, "steps": float(learnt.steps)}
    cause, layer, text, remedy = _why_not(first, weights())
    said = f"In {learnt.steps} steps the loss on {samples} samples came from {first.loss:.4g} to "
    text = f"{said}{learnt.best:.4g} at best: {text}"
    finding = Finding(cause, "critical", layer, 0, 1.0, text, evidence, remedy)
    return Check("learns the batch", False, figure), [finding]


def _why_not(first: First, constant: list[str]) -> tuple[str, str | None, str, Remedy]:
    """(cause, layer, why, remedy) of a batch that can't be learnt."""
    if constant:
        return (
            "poor-initialization",
            constant[0],
            f"all weights of {_some(constant)} begin with the same value, so that its units learn "
            "the same, or nothing.",
            Remedy(
                "Begin with random weights.",
                'keras.layers.Dense(units, kernel_initializer="he_normal")',
            ),
        )
    norms = {path: n for path, n in first.grad_norms.items() if n is not None and _weighs(path)}
    largest = max(norms.values(), default=0.0)
    faint = [path for path, norm in norms.items() if norm < FAINT * largest or norm == 0]
    if faint:
        return (
            "vanishing-gradient",
            faint[0],
            f"the gradient of {_some(faint)} is {norms[faint[0]]:.2g}, where the largest is "
            f"{largest:.2g}.",
            Remedy(
                "Let the gradient pass: ReLU-like activations with He initialization, "
                "normalization between layers, residual connections.",
                'x = keras.layers.Dense(units, kernel_initializer="he_normal", use_bias=False)(x)\n'
                'x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))',
            ),
        )
    return (
        "underfitting",
        None,
        "it has too little capacity for them, or the inputs don't tell the labels.",
        Remedy(
            "Check that x and y belong together and differ between samples; then use more units or "
            "layers, and nothing that squeezes all through a few units.",
            'keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal")',
            KARPATHY,
        ),
    )


def _weighs(path: str) -> bool:
    """Whether a variable's name is that of a kernel: gradients of biases and scales differ."""
    return path.rsplit("/", 1)[-1].split("#")[0] in ("kernel", "weight", "w", "recurrent_kernel")


def _finding(cause: str, severity: Any, text: str, evidence: Any, remedy: Remedy) -> Finding:
    return Finding(cause, severity, None, 0, 1.0, text, evidence, remedy)


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more
