"""Whether output activation, loss and labels fit each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.rule import Finding
from gradscope.preflight_checks import probing
from gradscope.preflight_checks.batch import Found, Kind
from gradscope.preflight_checks.rehearsal import First
from gradscope.preflight_checks.result import Check
from gradscope.preflight_checks.subject import Subject
from gradscope.records import Remedy

BOUNDS: dict[str, tuple[float, float]] = {
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, np.inf),
    "exponential": (0.0, np.inf),
}
"""Activation -> least and largest value that it gives, by its definition."""

BEYOND = 1e-3
"""Share of the targets' range by which they may pass a bound: rounding, and no more."""


def kind_of(first: First, y: NDArray[Any], named: str) -> Kind | None:
    """What labels the loss takes: as the trace tells, else by their type and shape."""
    told = first.objective.get("kind")
    if told in ("sparse", "onehot", "binary", "regression"):
        return told
    p = first.predictions
    if not isinstance(p, np.ndarray) or p.ndim == 0:
        return None
    several = p.ndim > 1 and p.shape[-1] > 1
    if y.dtype.kind in "biu" and several and y.size == p.size // p.shape[-1]:
        return "sparse"
    if y.size != p.size or not y.size:
        return None
    rows = y.reshape(-1, y.shape[-1]) if y.ndim > 1 else y.reshape(-1, 1)
    if several and y.min() >= 0 and np.allclose(rows.sum(axis=1), 1) and probing.are_shares(p, ""):
        return "onehot"
    if "crossentropy" in named.lower().replace("_", "") and set(np.unique(y)) <= {0, 1}:
        return "binary"
    return "regression"


def fit(subject: Subject, first: First, y: NDArray[Any], kind: Kind | None) -> Found:
    """Whether output, loss and labels fit.

    y: the labels of the samples that were tried.
    """
    p = first.predictions
    head = first.objective.get("output") or {}
    name, units = head.get("activation"), p.shape[-1] if p.ndim > 1 else 1
    figure = f"{name or 'unknown activation'}, {units} unit{'s' * (units != 1)}, {subject.named}"
    text, remedy = _wrong(subject, first, y, kind)
    if not text:
        return Check("output and loss", True, figure), []
    finding = Finding(
        "output-mismatch", "critical", head.get("layer"), 0, 1.0, text, {"units": units}, remedy
    )
    return Check("output and loss", False, figure), [finding]


def _wrong(
    subject: Subject, first: First, y: NDArray[Any], kind: Kind | None
) -> tuple[str, Remedy]:
    """(what doesn't fit, remedy), or ("", ...)."""
    p = first.predictions
    head = first.objective.get("output") or {}
    name, before = head.get("activation"), head.get("before")
    if probing.broadcasts(subject.asked, y, p.shape):
        return _broadcast(y, p)
    if p.ndim and p.shape[-1] == 1 and name == "softmax":
        return (
            "A softmax over one unit is 1 for every sample, so the model predicts a constant.",
            Remedy(
                "Use a sigmoid for two classes, no activation for a quantity.",
                'keras.layers.Dense(1, activation="sigmoid")  # with binary_crossentropy',
            ),
        )
    if kind in ("sparse", "onehot", "binary"):
        if name in ("softmax", "sigmoid") and before == name and first.objective.get("logits"):
            return _twice(name, None)
        return _logits(subject, first, y, kind)
    if kind == "regression" and name in BOUNDS:
        return _bounded(name, y, p)
    return "", Remedy("")


def _broadcast(y: NDArray[Any], p: NDArray[Any]) -> tuple[str, Remedy]:
    n = len(y)
    code = "y = y[:, None]" if y.ndim < p.ndim else "y = y[:, 0]"
    return (
        f"Labels of shape {y.shape} and outputs of shape {p.shape} broadcast: the loss compares "
        f"each label with each output, {n} x {n} pairs, and is least where all outputs are equal.",
        Remedy("Give the labels the shape of the output.", code),
    )


def _logits(subject: Subject, first: First, y: NDArray[Any], kind: Kind) -> tuple[str, Remedy]:
    """Logits where probabilities are taken, or the other way round."""
    p, told = first.predictions, first.objective.get("from_logits")
    head = first.objective.get("output") or {}
    name, shares = head.get("activation"), probing.are_shares(p, kind)
    linear = name == "linear"
    takes = probing.ask(subject.asked, y, p.shape, kind).logits
    takes = told if takes is None else takes
    if takes is None:
        return "", Remedy("")
    if takes and shares and not linear:
        # Keras takes the logits from before a softmax or sigmoid where it can.
        restored = probing.alike(first.loss, probing.cross_entropy(y, p, kind, logits=False))
        if restored or (first.objective.get("logits") and head.get("before") is None):
            return "", Remedy("")
        return _twice("sigmoid" if kind == "binary" else "softmax", subject.named)
    if not takes and not shares:
        end = "sigmoid" if kind == "binary" else "softmax"
        return (
            f"The loss takes probabilities, but the output is none: it reaches from {p.min():.3g} "
            f"to {p.max():.3g}{'' if kind == 'binary' else ' and its rows do not sum to 1'}.",
            Remedy(
                "Tell the loss that it gets logits.",
                f"loss = keras.losses.{_class(kind)}(from_logits=True)  # or a {end} output",
            ),
        )
    return "", Remedy("")


def _twice(name: str, loss: str | None) -> tuple[str, Remedy]:
    by = f", once by the model and once by {loss}" if loss else ""
    return (
        f"The {name} is taken twice{by}: the second one flattens the first, so that the loss can't "
        "come near 0.",
        Remedy(
            "Take one of the two away: end the model without activation, and let the loss do it.",
            f'keras.layers.Dense(units)  # no activation="{name}"; from_logits=True in the loss',
        ),
    )


def _class(kind: Kind) -> str:
    return {
        "sparse": "SparseCategoricalCrossentropy",
        "onehot": "CategoricalCrossentropy",
        "binary": "BinaryCrossentropy",
    }[kind]


def _bounded(name: str, y: NDArray[Any], p: NDArray[Any]) -> tuple[str, Remedy]:
    """Targets that the output's activation can't give."""
    low, high = BOUNDS[name]
    values = np.asarray(y, np.float64)
    slack = BEYOND * float(np.ptp(values))
    outside = int(((values < low - slack) | (values > high + slack)).sum())
    if not outside:
        return "", Remedy("")
    bounds = f"from {low:g} to {high:g}" if np.isfinite(high) else f"from {low:g} on"
    return (
        f"The output activation {name} gives values {bounds}, but {outside} of {values.size} "
        f"targets lie outside: they reach from {values.min():.4g} to {values.max():.4g}.",
        Remedy(
            "End the model without activation.",
            f"keras.layers.Dense({p.shape[-1] if p.ndim > 1 else 1})  # no activation",
        ),
    )


def cant_be_computed(subject: Subject, said: str, y: NDArray[Any]) -> Found:
    """A loss that fails on these labels and this output."""
    name = subject.named.lower().replace("_", "")
    remedy = Remedy("Give the loss labels and outputs of shapes that it takes.")
    if "categorical" in name and "sparse" not in name and y.dtype.kind in "biu":
        remedy = Remedy(
            "Labels that are numbers of classes go with the sparse loss.",
            "loss = keras.losses.SparseCategoricalCrossentropy()",
        )
    elif "sparse" in name and y.ndim > 1 and y.shape[-1] > 1:
        remedy = Remedy(
            "One-hot labels go with the loss that isn't sparse.",
            "loss = keras.losses.CategoricalCrossentropy()",
        )
    text = f"{subject.named} can't be computed from labels of shape {y.shape}: {said.rstrip('.')}."
    finding = Finding("output-mismatch", "critical", None, 0, 1.0, text, {}, remedy)
    return Check("output and loss", False, "the loss fails on this batch"), [finding]
