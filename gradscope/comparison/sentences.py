"""What a person should read of a comparison, most telling first."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradscope.comparison import exact
from gradscope.comparison.matching import Match
from gradscope.comparison.result import Comparison, Datum, Setting

MOST_SETTINGS = 8
"""Settings that get a sentence; of more it says how many."""

MOST_VALUE = 60
"""Characters of a setting's value in a sentence."""

STRIKING = 3.0
"""A statistic of the data that differs by this factor is told before any setting."""

_LEADING = ("optimizer.learning_rate", "optimizer.class", "objective", "layers", "variables",
            "unconnected", "none_gradients", "regularizers", "dropout")  # fmt: skip
"""Settings that are told before lesser differences of the data."""

_DATA = {
    "input_std": "The inputs' standard deviation",
    "input_mean": "The inputs' mean",
    "input_max_abs": "The largest input",
    "input_feature_rms_max": "The root mean square of the largest feature",
    "input_feature_rms_min": "The root mean square of the smallest feature",
    "label_entropy": "The entropy of the labels in a batch (nat)",
    "target_mean": "The targets' mean",
    "target_std": "The targets' standard deviation",
    "target_min": "The smallest target",
    "target_max": "The largest target",
    "batch_size": "The batch size",
}

_FOLLOWS = {
    "input_mean": ("input_std",),
    "input_max_abs": ("input_std",),
    "input_feature_rms_max": ("input_std",),
    "input_feature_rms_min": ("input_std",),
    "target_mean": ("target_std", "label_entropy", "class_share"),
    "target_min": ("target_std", "label_entropy", "class_share"),
    "target_max": ("target_std", "label_entropy", "class_share"),
}
"""Differences that get no sentence where another one that explains them differs."""

_ROWS = {
    "weight_norm": "the norm of its weights",
    "activation_rms": "the root mean square of its output",
    "loss": "the loss",
    "grad_norm": "the norm of its gradient",
    "update_ratio": "its update relative to the weight",
}


_AT_ONCE = {
    "weight_norm": ("", ""),
    "activation_rms": ("So it is the model's forward pass that differs.", ""),
    "loss": (
        "Up to the outputs all is the same: it is the labels or the loss that differ.",
        "activation_rms",
    ),
    "grad_norm": ("The loss is the same: it is how gradients are computed that differs.", "loss"),
    "update_ratio": (
        "The gradients are the same: it is the optimizer or its settings that differ.",
        "grad_norm",
    ),
}
"""What it means that runs with the same first weights and inputs part in the very first step, and
the statistic that has to be recorded for it."""

LAST = 10
"""Steps over which the loss at the end is taken."""


def sentences(answer: Comparison, match: Match) -> Comparison:
    """The comparison with its sentences."""
    striking = [datum for datum in answer.data if datum.differs and _is_striking(datum)]
    lesser = [datum for datum in answer.data if datum.differs and not _is_striking(datum)]
    told = [setting for setting in answer.settings if not _follows(setting, answer)]
    leading = [setting for setting in told if setting.what.startswith(_LEADING)]
    others = [setting for setting in told if not setting.what.startswith(_LEADING)]
    found = [
        *_data(striking, answer.data),
        *_settings(leading),
        *_data(lesser, answer.data),
        *_parting(answer, match),
        *_verdicts(answer),
        *_settings(others),
        *_models(answer),
    ]
    if not found:
        found = [_nothing(answer)]
    return replace(answer, sentences=(*found, *_outcome(match)))


def _follows(setting: Setting, answer: Comparison) -> bool:
    """Whether another difference says it already."""
    if setting.what.startswith("optimizer.") and None in (setting.a, setting.b):
        return any(other.what == "optimizer.class" for other in answer.settings)
    if setting.what == "objective.output.layer":
        return bool(answer.only_a or answer.only_b)
    return False


def _is_striking(datum: Datum) -> bool:
    if datum.what == "batch_size":
        return False
    low, high = sorted((abs(datum.a), abs(datum.b)))
    return not high <= STRIKING * low


def _data(differing: Sequence[Datum], every: Sequence[Datum]) -> Iterator[str]:
    known = {datum.what.partition(".")[0] for datum in every if datum.differs}
    classes = [datum for datum in differing if datum.what.startswith("class_share.")]
    for datum in differing:
        if datum.what.endswith(".nonfinite"):
            if datum.what.startswith(("input_mean", "target_mean")):
                yield _nonfinite(datum)
        elif datum.what in _DATA and not known & set(_FOLLOWS.get(datum.what, ())):
            yield f"{_DATA[datum.what]} is {_both(datum.a, datum.b)}."
    if classes:
        most = max(classes, key=lambda datum: abs(datum.b - datum.a))
        name = most.what.partition(".")[2]
        more = f" {len(classes) - 1} more classes differ." if len(classes) > 1 else ""
        yield (f"Class {name} is {most.a:.0%} of the labels in a and {most.b:.0%} in b.{more}")


def _nonfinite(datum: Datum) -> str:
    what = "inputs" if datum.what.startswith("input") else "targets"
    shares = {"a": datum.a, "b": datum.b}
    parts = [f"{share:.1%} of the batches of {run}" for run, share in shares.items() if share]
    clean = [run for run, share in shares.items() if not share]
    rest = f", in none of {clean[0]}" if clean else ""
    return f"The {what} hold NaN or infinite numbers in {' and '.join(parts)}{rest}."


def _settings(found: Sequence[Setting]) -> Iterator[str]:
    for setting in found[:MOST_SETTINGS]:
        yield f"{_named(setting.what)} is {_both(setting.a, setting.b)}."
    if len(found) > MOST_SETTINGS:
        yield f"{len(found) - MOST_SETTINGS} more settings differ."


def _named(what: str) -> str:
    """A setting in words where it has some, else its dotted name."""
    if what.startswith("optimizer.learning_rate"):
        return "The learning rate" + what.removeprefix("optimizer.learning_rate")
    words = {
        "optimizer.class": "The optimizer",
        "objective.loss": "The loss function",
        "model.layers": "The number of layers",
        "model.parameters": "The number of weights",
        "compute_dtype": "The type that layers compute in",
        "scope.every": "The recording (scope.every)",
    }
    if what in words:
        return words[what]
    for fact, word in (("initial.std", "first weights have a standard deviation that"),
                       ("initial.mean", "first weights have a mean that"),
                       ("activation", "activation")):  # fmt: skip
        path, found, more = what.partition(f".{fact}")
        if found and path.startswith(("variables.", "layers.")):
            return f"{path.partition('.')[2]}{more}: {word}".replace("activation", "the activation")
    return f"The setting {what}"


def _parting(answer: Comparison, match: Match) -> Iterator[str]:
    if not answer.steps:
        yield "No step is recorded in both, so where they part can't be seen."
        return
    place = answer.parting
    if place is None:
        if answer.exact and _anything(answer):
            yield f"They are the same in all {answer.steps} steps that both recorded."
        return
    where = "" if place.name == place.statistic else f" of {place.name}"
    what = f"{_ROWS[place.statistic].replace('its', 'the')}{where} ({place.statistic})"
    values = _both(place.a, place.b)
    if not answer.exact:
        yield f"They part at step {place.step}: {what} is {values}."
    elif place.step > match.steps[0]:
        before = match.steps[np.searchsorted(match.steps, place.step) - 1]
        yield (
            f"They are the same up to step {before} and part at step {place.step}, "
            f"first in {what}: {values}."
        )
    else:
        yield (
            f"They begin with the same weights and inputs and part in step {place.step}, "
            f"first in {what}: {values}.{_at_once(place.statistic, match)}"
        )


def _at_once(statistic: str, match: Match) -> str:
    """What the parting in the very first step means, where what comes before it is recorded."""
    meaning, before = _AT_ONCE[statistic]
    known = not before or bool(match.shared(before)[0])
    return f" {meaning}" if meaning and known else ""


def _verdicts(answer: Comparison) -> Iterator[str]:
    ours, theirs = answer.verdicts_a, answer.verdicts_b
    if set(ours) == set(theirs):
        return
    parts = [
        f"{run} has {', '.join(causes) if causes else 'none'}"
        for run, causes in (("a", ours), ("b", theirs))
    ]
    yield f"Verdicts: {'; '.join(parts)}."


def _models(answer: Comparison) -> Iterator[str]:
    ours, theirs = len(answer.only_a), len(answer.only_b)
    if ours or theirs:
        parts = [f"{count} only in {run}" for run, count in (("a", ours), ("b", theirs)) if count]
        yield f"Not all variables and layers have a counterpart: {', '.join(parts)}."


def _nothing(answer: Comparison) -> str:
    if answer.exact:
        return f"The two are the same in all {answer.steps} steps that both recorded."
    return (
        "Settings, data and course differ no more than two runs of the same training "
        "with other seeds do."
    )


def _outcome(match: Match) -> Iterator[str]:
    """The loss where both were last recorded."""
    names, a, b = match.shared("loss")
    if not names or not len(a) or bool((exact.apart(a, b) <= exact.APART).all()):
        return
    count = min(LAST, len(a))
    last = [float(np.median(values[-count:, 0])) for values in (a, b)]
    steps = f"the last {count} steps that both recorded" if count > 1 else "the only shared step"
    yield f"Over {steps} the median loss is {_both(*last)}."


def _anything(answer: Comparison) -> bool:
    return bool(answer.settings) or any(datum.differs for datum in answer.data)


def _both(a: Any, b: Any) -> str:
    return f"{_value(a)} in a and {_value(b)} in b"


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, float):
        return _number(value)
    text = str(value)
    return text if len(text) <= MOST_VALUE else text[: MOST_VALUE - 3] + "..."


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return f"{value:.3g}"
