"""Checks of the batch's numbers: finite, labels in range, inputs and targets of usual size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gradscope.diagnosis.rule import Finding
from gradscope.preflight_checks.rehearsal import Fed
from gradscope.preflight_checks.result import Check
from gradscope.records import Remedy

Kind = Literal["sparse", "onehot", "binary", "regression"]

FAR = 10.0
"""Root mean square above which a feature or target counts as not scaled. LeCun et al. 1998
(Efficient BackProp, section 4.3) ask for a mean near 0 and a variance near 1, for which common
initializers are made; ages, pixels, prices lie beyond ten times that, standardized data don't."""

NEAR = 0.01
"""Root mean square of the largest feature below which inputs or targets hardly move a net: a
gradient of the first weights is in proportion to its input."""

APART = 100.0
"""Times that one target's spread may be another's: in a squared error that is 10⁴ in the loss, and
the smaller one isn't learnt."""

ONE_SIDED = 8
"""Samples from which on one single label in a batch is no chance: of two balanced classes it has
2⁻⁷."""

LECUN = "LeCun et al. 1998, Efficient BackProp, section 4.3"

Found = tuple[Check, list[Finding]]
"""A check and what it found wrong."""


@dataclass(frozen=True)
class Labels:
    """What the labels are.

    kind: as the loss takes them, None where that isn't known.
    classes: number of classes, None for targets.
    entropy: of the batch's labels, in nats; NaN for targets.
    """

    kind: Kind | None
    classes: int | None
    entropy: float


def finite(x: Any, y: Any) -> Found:
    """Whether inputs and labels are all numbers."""
    findings: list[Finding] = []
    said: list[str] = []
    for what, nest, cause in (("inputs", x, "nonfinite-input"), ("labels", y, "label-mismatch")):
        arrays = [np.asarray(a) for a in tf.nest.flatten(nest)]
        total = sum(a.size for a in arrays)
        bad = sum(int((~np.isfinite(a.astype(np.float64))).sum()) for a in arrays)
        if bad:
            said.append(f"{bad} of {total} {what} are NaN or Inf")
            findings.append(_nonfinite(cause, what, bad, total))
    figure = "; ".join(said) or "inputs and labels are all finite"
    return Check("finite", not findings, figure), findings


def _nonfinite(cause: str, what: str, bad: int, total: int) -> Finding:
    name = what[0] if what == "labels" else "x"
    name = "y" if what == "labels" else name
    return Finding(
        cause,
        "critical",
        None,
        0,
        1.0,
        f"{bad} of {total} values of the {what} are NaN or infinite: one is enough to make the "
        "loss, and then every weight, NaN.",
        {"nonfinite": float(bad), "values": float(total)},
        Remedy(
            f"Leave the samples with missing {what} out, or fill them in.",
            f"keep = np.isfinite({name}).reshape(len({name}), -1).all(axis=1)\n"
            "x, y = x[keep], y[keep]",
        ),
    )


def labels(y: NDArray[Any], kind: Kind | None, classes: int | None) -> tuple[Found, Labels]:
    """Whether labels are in range and differ, and what they are.

    y: the whole batch's. kind: what the loss takes. classes: the output's units.
    """
    values = np.asarray(y, np.float64)
    known = values[np.isfinite(values)]
    if kind is None or not known.size:
        return (Check("labels", None, "not known what the loss takes"), []), Labels(
            kind, None, np.nan
        )
    if kind == "regression":
        return _targets_differ(known), Labels(kind, None, np.nan)
    if kind == "sparse":
        found, shares = _sparse(known, classes or 1)
    elif kind == "onehot":
        found, shares = _onehot(values, classes or 1)
    else:
        found, shares = _binary(known)
    entropy = float(-np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
    check, findings = found
    if not findings and shares.max() == 1.0 and len(values) >= ONE_SIDED:
        found = _one_class(check, int(shares.argmax()), len(values))
    return found, Labels(kind, 2 if kind == "binary" else classes, entropy)


def _sparse(values: NDArray[Any], classes: int) -> tuple[Found, NDArray[Any]]:
    low, high = values.min(), values.max()
    figure = f"classes {low:g} to {high:g} for {classes} outputs"
    inside = values[(values >= 0) & (values < classes)].astype(int)
    shares = np.bincount(inside, minlength=classes) / max(1, len(inside))
    if (values != np.round(values)).any():
        text = "Class labels are to be whole numbers."
        return _mismatch(figure, text, Remedy(f"{text} Is this a regression?")), shares
    outside = int(((values < 0) | (values >= classes)).sum())
    if not outside:
        return (
            Check("labels", True, f"{figure}, {len(np.unique(values))} of them here"),
            [],
        ), shares
    shifted = low >= 1 and high == classes
    remedy = (
        Remedy("Count classes from 0.", "y = y - 1")
        if shifted
        else Remedy(
            f"Give the output layer as many units as there are classes, at least {int(high) + 1}, "
            "and count them from 0.",
            f"keras.layers.Dense({int(high) + 1})" if high > 0 else "",
        )
    )
    text = f"{outside} of {values.size} labels lie outside 0 to {classes - 1}"
    return _mismatch(f"{figure}: {outside} out of range", text, remedy), shares


def _onehot(values: NDArray[Any], classes: int) -> tuple[Found, NDArray[Any]]:
    rows = values.reshape(-1, values.shape[-1])
    sums = rows.sum(axis=1)
    shares = np.clip(rows, 0, None).sum(axis=0)
    shares = shares / max(shares.sum(), 1e-12)
    if rows.min() < 0 or not np.allclose(sums, 1, atol=1e-3):
        text = f"Rows of the labels sum to {sums.min():.4g} to {sums.max():.4g}, not to 1"
        remedy = Remedy(
            "Give each sample one class, or use a loss for several independent labels.",
            "y = keras.utils.to_categorical(classes)  # or binary_crossentropy, sigmoid outputs",
        )
        return _mismatch("rows that are no distribution", text, remedy), shares
    return (Check("labels", True, f"one-hot rows of {classes} classes"), []), shares


def _binary(values: NDArray[Any]) -> tuple[Found, NDArray[Any]]:
    low, high = values.min(), values.max()
    on = float(np.clip(values, 0, 1).mean())
    shares = np.array([1 - on, on])
    figure = f"{low:g} to {high:g}, {on:.0%} ones"
    if low >= 0 and high <= 1:
        return (Check("labels", True, figure), []), shares
    code = "y = (y > 0).astype('float32')" if low < 0 else "y = (y == y.max()).astype('float32')"
    text = f"A binary cross-entropy takes labels from 0 to 1, these are {low:g} to {high:g}"
    return _mismatch(figure, text, Remedy("Code the two classes as 0 and 1.", code)), shares


def _targets_differ(values: NDArray[Any]) -> Found:
    if values.min() < values.max() or len(values) < ONE_SIDED:
        return Check("labels", True, f"targets {values.min():.4g} to {values.max():.4g}"), []
    text = f"All targets of this batch are {values.min():g}: nothing but a constant can be learnt"
    remedy = Remedy("Check which column is the target, and shuffle the data before batching.")
    return _mismatch("one value only", text, remedy, "warning")


def _one_class(check: Check, which: int, samples: int) -> Found:
    text = f"All {samples} labels of this batch are of class {which}"
    remedy = Remedy(
        "Shuffle the data before batching; if it is shuffled, check the labels and how rare the "
        "other classes are.",
        "data = data.shuffle(10_000)  # before .batch(...)",
    )
    return _mismatch(f"{check.figure}: one class only", text, remedy, "warning")


def _mismatch(
    figure: str, text: str, remedy: Remedy, severity: Literal["warning", "critical"] = "critical"
) -> Found:
    finding = Finding("label-mismatch", severity, None, 0, 1.0, f"{text.rstrip('.')}.", {}, remedy)
    return Check("labels", False, figure), [finding]


def inputs(fed: Sequence[Fed]) -> Found:
    """Whether each feature that the first weights are fed is of usual size."""
    if not fed:
        return Check("inputs", True, "the model normalizes or embeds them itself"), []
    scales = [(one, _rms(one.values)) for one in fed]
    one, rms = max(scales, key=lambda pair: float(np.max(pair[1], initial=0.0)))
    place, largest = int(np.argmax(rms)), float(np.max(rms, initial=0.0))
    used = rms[rms > 0]
    least = float(used.min()) if used.size else 0.0
    figure = f"rms of features {least:.3g} to {largest:.3g}"
    evidence = {"rms_max": largest, "rms_min": least, "feature": float(place)}
    if largest > FAR:
        text = (
            f"Feature {place} of what {one.name} is fed has a root mean square of {largest:.4g} "
            f"(smallest of {len(rms)}: {least:.3g}); layers are initialized for about 1."
        )
    elif 0 < largest < NEAR:
        text = (
            f"No feature of what {one.name} is fed has a root mean square above {largest:.3g}; "
            "layers are initialized for about 1."
        )
    else:
        return Check("inputs", True, figure), []
    finding = Finding(
        "unnormalized-input", "warning", one.name, 0, 1.0, text, evidence, _rescale(one.values)
    )
    return Check("inputs", False, f"{figure}; about 1 is usual"), [finding]


def _rms(values: NDArray[Any]) -> NDArray[np.float64]:
    """√ mean x² of each feature."""
    columns = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(-1, 1)
    return np.sqrt(np.mean(np.square(columns), axis=0))


def _rescale(values: NDArray[Any]) -> Remedy:
    pixels = values.min() >= 0 and 1 < values.max() <= 255 and values.ndim >= 3
    whole = bool((values == np.round(values)).all())
    if pixels or (whole and values.min() >= 0 and 100 < values.max() <= 255):
        return Remedy(
            "Divide pixels by 255 in the model.",
            "keras.layers.Rescaling(1 / 255)  # as the first layer",
            LECUN,
        )
    return Remedy(
        "Standardize each feature in the model, from the training data.",
        "normalize = keras.layers.Normalization()  # as the first layer\nnormalize.adapt(x_train)",
        LECUN,
    )


def targets(y: NDArray[Any], predictions: NDArray[Any], kind: Kind | None) -> Found:
    """Whether each target is of a size that a fresh output layer gives.

    y: the whole batch's. predictions: the output at the start.
    """
    if kind != "regression":
        return Check("targets", True, "classes, of no scale"), []
    values = np.asarray(y, np.float64)
    columns = values.reshape(len(values), -1)
    columns = columns[np.isfinite(columns).all(axis=1)]
    if not columns.size:
        return Check("targets", None, "not finite"), []
    mean, std = columns.mean(axis=0), columns.std(axis=0)
    rms = np.sqrt(np.mean(np.square(columns), axis=0))
    given = float(np.sqrt(np.mean(np.square(predictions.astype(np.float64)))))
    largest, worst = float(rms.max()), int(rms.argmax())
    figure = f"mean {mean[worst]:.4g}, standard deviation {std[worst]:.3g}"
    own = largest > FAR * given if np.isfinite(given) else True
    spread = std[std > 0]
    apart = spread.size > 1 and spread.max() / spread.min() > APART
    # A model whose output has the targets' size scales it itself.
    if not ((largest > FAR and own) or 0 < largest < NEAR or apart):
        return Check("targets", True, figure), []
    text = (
        f"The targets differ in spread by {spread.max() / spread.min():.3g} times: those of the "
        "smallest are not learnt."
        if apart
        else f"The targets have mean {mean[worst]:.4g} and standard deviation {std[worst]:.3g}; "
        f"the output begins at a root mean square of {given:.3g}."
    )
    single = len(mean) == 1
    centre = f"{abs(mean[0]):.4g}" if single else "y_train.mean(axis=0)"
    down, up = ("-", "+") if not single or mean[0] >= 0 else ("+", "-")
    width = f"{std[0] or 1.0:.4g}" if single else "y_train.std(axis=0)"
    finding = Finding(
        "unscaled-target",
        "warning",
        None,
        0,
        1.0,
        text,
        {"target_mean": float(mean[worst]), "target_std": float(std[worst]), "output_rms": given},
        Remedy(
            "Standardize the targets, and undo it on predictions.",
            f"y = (y {down} {centre}) / {width}  # predictions: p * {width} {up} {centre}",
            LECUN,
        ),
    )
    return Check("targets", False, f"{figure}; about 0 and 1 is usual"), [finding]
