"""output-mismatch: output activation, loss and labels contradict each other, and it does harm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradscope.diagnosis.facts import Objective, objective
from gradscope.diagnosis.outcome import ALARM
from gradscope.diagnosis.reach import beyond
from gradscope.diagnosis.reading import Floats, read, recorded_steps, scalar
from gradscope.diagnosis.rule import Finding
from gradscope.diagnosis.skill import skill
from gradscope.records import Remedy, RunView

GOOD = 0.8
"""Share of what there is to learn: a run above it has learnt in spite of the contradiction, as nets
do behind two softmaxes, say."""

REACHED = 0.7
"""The same for targets that the output can't reach: a run above is as good as many are on noisy
data, where the rest may be noise."""

LOST = 0.1
"""Share of the targets' variance out of the output's reach that counts: outliers stay below."""

SEVERAL = 2.0
"""Distance of the largest label from the smallest from which on they name three classes or more."""

MOST_CLASSES = 100.0
"""Largest integer that may be the number of a class: that of the largest number of classes whose
shares are recorded. Larger ones are counts or quantities."""

WHOLE = 0.01
"""Distance from an integer at which the sum over a batch of targets counts as one: sums of
fractions lie so near by chance in one batch of fifty."""

ENOUGH = 20
"""Recorded batches whose sums must all be integers, and steps at which a loss must be that of
pairs: by chance 0.02²⁰, that is never."""

VARIED = 0.01
"""Standard deviation of the predictions over that of the targets: below, a mean over all pairs
can't be told from one over matching ones."""

PAIRED = 0.02
"""Share of 2 σ_y σ_p by which the loss may differ from a mean over all pairs: matching ones differ
by the correlation of targets and predictions, some 1 / √batch before any training."""

LABELS = 1e-3
"""How far one-hot labels may exceed 0 and 1, the error of float16."""

QUANTITIES = ("squared", "absolute", "huber", "cosh")
"""Parts of the names of losses for quantities. One such as Poisson's is for counts, which whole
numbers are then meant to be."""

CROSSING = frozenset({"softmax", "sigmoid"})
"""What a cross-entropy from logits applies itself."""

NARROW = frozenset({"relu", "relu6", "tanh", "softsign", "hard_sigmoid", "hard_tanh"})
"""Activations that cut off a part of the logits' range, which is all numbers."""

OPEN = frozenset({"linear", "leaky_relu", "elu", "selu", "gelu", "silu"}) | NARROW - {
    "hard_sigmoid"
}
"""Activations whose outputs are no probabilities."""


@dataclass(frozen=True)
class _Mismatch:
    """A contradiction. bound: of the skill below which it does harm; None where it always does."""

    words: str
    remedy: Remedy
    bound: float | None = GOOD
    evidence: dict[str, float] = field(default_factory=dict[str, float])


_Check = Callable[[RunView, Objective], _Mismatch | None]


def find(run: RunView) -> Sequence[Finding]:
    """A finding with the first contradiction that harms the run."""
    facts = objective(run)
    steps = recorded_steps(run)
    if facts.layer is None or not len(steps):
        return ()
    found = next((m for check in _CHECKS if (m := check(run, facts)) is not None), None)
    if found is None:
        return ()
    learnt = skill(run)
    harm = 1.0 if found.bound is None else learnt.below(found.bound)
    if harm < ALARM:
        return ()
    return (
        Finding(
            cause="output-mismatch",
            severity="critical",
            layer=facts.layer,
            step=int(steps[0]),
            confidence=harm,
            summary=found.words,
            evidence={
                **found.evidence,
                "units": float(facts.units or 0),
                "skill_end": learnt.end,
                "probability_failing": harm,
            },
            remedy=found.remedy,
        ),
    )


def _single_softmax(run: RunView, facts: Objective) -> _Mismatch | None:
    if facts.activation != "softmax" or facts.units != 1:
        return None
    kind = facts.kind or ""
    last, loss = ("linear", "MeanSquaredError()") if kind == "regression" else _BINARY
    return _Mismatch(
        f"{facts.layer} is a softmax of one unit, which is 1 whatever the input.",
        Remedy(
            f"Use {'no activation' if last == 'linear' else 'a sigmoid'} on a single output.",
            f'outputs = keras.layers.Dense(1, activation="{last}")(x)\n'
            f"loss_fn = keras.losses.{loss}",
            _REFERENCE,
        ),
        bound=None,
    )


def _one_for_several(run: RunView, facts: Objective) -> _Mismatch | None:
    if facts.kind != "sparse" or facts.units != 1:
        return None
    count = _largest(run) + 1
    classes = int(count) if 1 < count < np.inf else 2
    return _Mismatch(
        f"A cross-entropy over classes gets the single output of {facts.layer}.",
        _several(classes) if classes > 2 else _binary_remedy(),
    )


def _twice(run: RunView, facts: Objective) -> _Mismatch | None:
    if not _crosses(facts) or not {facts.activation, facts.before} <= CROSSING:
        return None
    if facts.from_logits:
        words = f"The loss takes the {facts.activation} of what {facts.layer} puts out, which is "
        words += f"a {facts.before} already (from_logits=True)."
        text = "Take the activation off the output; the loss applies it."
    else:
        words = f"{facts.layer} takes the {facts.activation} of a {facts.before}."
        text = "Take the activation once: none on the output, from_logits=True in the loss."
    return _Mismatch(words, Remedy(text, _logits_code(facts), _REFERENCE))


def _no_probabilities(run: RunView, facts: Objective) -> _Mismatch | None:
    if not _crosses(facts) or facts.logits is not False or facts.activation not in OPEN:
        return None
    how = "no activation" if facts.activation == "linear" else f"the activation {facts.activation}"
    return _Mismatch(
        f"The cross-entropy takes the outputs of {facts.layer}, which has {how}, for "
        "probabilities (from_logits=False).",
        Remedy(
            "Tell the loss that it gets logits, from an output without activation.",
            _logits_code(facts),
            _REFERENCE,
        ),
    )


def _narrow_logits(run: RunView, facts: Objective) -> _Mismatch | None:
    kind = facts.before if facts.activation in CROSSING else facts.activation
    if not _crosses(facts) or not facts.logits or kind not in NARROW:
        return None
    return _Mismatch(
        f"The logits of {facts.layer} pass a {kind}, which cuts off a part of their range.",
        Remedy("Leave the logits as they are.", _logits_code(facts), _REFERENCE),
    )


def _binary_for_several(run: RunView, facts: Objective) -> _Mismatch | None:
    if facts.kind != "binary":
        return None
    least, largest = _least(run), _largest(run)
    if facts.units == 1 and least >= 0 and largest - least >= SEVERAL:
        return _Mismatch(
            f"A binary cross-entropy gets labels from {least:g} to {largest:g}.",
            _several(int(largest) + 1),
            evidence={"target_min": least, "target_max": largest},
        )
    if facts.activation == "softmax" and (facts.units or 0) > 1:
        return _Mismatch(
            f"A binary cross-entropy judges each of the {facts.units} exclusive classes of "
            f"{facts.layer} by itself.",
            Remedy(
                "Use the cross-entropy over classes.",
                "loss_fn = keras.losses.CategoricalCrossentropy()",
                _REFERENCE,
            ),
        )
    return None


def _not_one_hot(run: RunView, facts: Objective) -> _Mismatch | None:
    least, largest = _least(run), _largest(run)
    if facts.kind != "onehot" or (least >= -LABELS and largest <= 1 + LABELS):
        return None
    if not np.isfinite(least) or not np.isfinite(largest):
        return None
    return _Mismatch(
        f"The loss takes one-hot labels and gets numbers from {least:g} to {largest:g}.",
        Remedy(
            "Use the loss for class numbers.",
            "loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
            _REFERENCE,
        ),
        evidence={"target_min": least, "target_max": largest},
    )


def _out_of_reach(run: RunView, facts: Objective) -> _Mismatch | None:
    away = beyond(run, facts) if facts.kind == "regression" else None
    if away is None or away.lost < LOST:
        return None
    return _Mismatch(
        f"The {facts.activation} of {facts.layer} reaches from {away.low:.3g} to {away.high:.3g}, "
        f"the targets go from {away.least:.3g} to {away.largest:.3g}: {away.lost:.0%} of their "
        "variance is out of reach.",
        Remedy(
            "Leave the output of a regression without activation.",
            f"outputs = keras.layers.Dense({facts.units or 1})(x)",
            "Goodfellow et al. 2016, Deep Learning, section 6.2.2.1",
        ),
        bound=REACHED,
        evidence={
            "target_min": away.least,
            "target_max": away.largest,
            "variance_out_of_reach": away.lost,
        },
    )


def _numbers_of_classes(run: RunView, facts: Objective) -> _Mismatch | None:
    least, largest = _least(run), _largest(run)
    counts = facts.loss is not None and not any(name in facts.loss for name in QUANTITIES)
    if facts.kind != "regression" or counts or least not in (0.0, 1.0):
        return None
    several = largest - least >= SEVERAL and largest <= MOST_CLASSES
    if not several or not _whole_numbers(run):
        return None
    if facts.units != 1 and not _shapes_differ(run):
        return None
    spread = "" if facts.units == 1 else f", each set against {facts.units} outputs"
    return _Mismatch(
        f"The targets are whole numbers from {least:g} to {largest:g}, as classes have{spread}; "
        "the loss takes them for quantities.",
        _several(int(largest) + 1),
        bound=GOOD if facts.units == 1 else None,
        evidence={"target_min": least, "target_max": largest},
    )


def _all_pairs(run: RunView, facts: Objective) -> _Mismatch | None:
    """Of shapes (n,) and (n, 1): the loss is then σ_y² + σ_p² + (mean y − mean p)²."""
    if facts.kind != "regression" or facts.units != 1:
        return None
    series = read(run, "loss")
    names = ("target_mean", "target_std", "output_mean", "output_std", "regularization_loss")
    my, sy, mp, sp, penalty = (scalar(run, name, series.steps) for name in names)
    if not len(series):
        return None
    loss = series.values[:, 0] - np.nan_to_num(penalty)
    with np.errstate(all="ignore"):
        off = np.abs(loss - sy**2 - sp**2 - (my - mp) ** 2) / (2 * sy * sp)
    off = off[np.isfinite(off) & (sp > VARIED * sy) & (sy > VARIED * np.abs(my - mp))]
    if len(off) < ENOUGH or (off < PAIRED).mean() < ALARM:
        return None
    return _Mismatch(
        "The loss is a mean over all pairs of a target and a prediction: their shapes (n,) and "
        "(n, 1) are broadcast against each other, and the best that can be predicted is the mean.",
        Remedy(
            "Give targets and predictions one shape.",
            "loss = keras.ops.mean(keras.ops.square(y - keras.ops.squeeze(p, -1)))",
            "https://numpy.org/doc/stable/user/basics.broadcasting.html",
        ),
        evidence={"steps_over_all_pairs": float((off < PAIRED).sum())},
    )


_CHECKS: tuple[_Check, ...] = (
    _single_softmax,
    _one_for_several,
    _binary_for_several,
    _twice,
    _no_probabilities,
    _narrow_logits,
    _not_one_hot,
    _out_of_reach,
    _numbers_of_classes,
    _all_pairs,
)
"""The one that is asked first names the contradiction where several hold."""


def _crosses(facts: Objective) -> bool:
    """Whether the loss is a cross-entropy, whose logits and probabilities must not be mixed up."""
    return "crossentropy" in (facts.loss or "") and facts.classifies


def _whole_numbers(run: RunView) -> bool:
    """Whether all targets are whole numbers: extremes and sums of all batches are."""
    steps = read(run, "target_mean").steps
    names = ("target_mean", "batch_size", "target_min", "target_max")
    mean, count, least, largest = (scalar(run, name, steps) for name in names)
    sums = mean * count
    known = np.isfinite(sums) & np.isfinite(least) & np.isfinite(largest)
    if known.sum() < ENOUGH:
        return False
    extremes = np.concatenate([least[known], largest[known]])
    apart = np.abs(sums[known] - np.round(sums[known]))
    return bool((extremes == np.round(extremes)).all() and (apart < WHOLE).all())


def _shapes_differ(run: RunView) -> bool:
    """Whether targets are recorded, but no difference of them and the predictions."""
    residual = read(run, "residual_rms").values
    return len(residual) > 0 and not np.isfinite(residual).any()


def _least(run: RunView) -> float:
    values = _finite(run, "target_min")
    return float(values.min()) if len(values) else float("nan")


def _largest(run: RunView) -> float:
    values = _finite(run, "target_max")
    return float(values.max()) if len(values) else float("nan")


def _finite(run: RunView, statistic: str) -> Floats:
    values = read(run, statistic).values
    return values[np.isfinite(values)]


def _several(classes: int) -> Remedy:
    return Remedy(
        f"Give the output one unit for each of the {classes} classes, and use the cross-entropy "
        "over classes.",
        f"outputs = keras.layers.Dense({classes})(x)\n"
        "loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        _REFERENCE,
    )


def _binary_remedy() -> Remedy:
    return Remedy(
        "Use the binary cross-entropy for a single output.",
        "outputs = keras.layers.Dense(1)(x)\n"
        "loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)",
        _REFERENCE,
    )


def _logits_code(facts: Objective) -> str:
    loss = {"binary": "Binary", "onehot": "Categorical"}.get(facts.kind or "", "SparseCategorical")
    return (
        f"outputs = keras.layers.Dense({facts.units or 1})(x)  # no activation\n"
        f"loss_fn = keras.losses.{loss}Crossentropy(from_logits=True)"
    )


_BINARY = ("sigmoid", "BinaryCrossentropy()")
_REFERENCE = "https://keras.io/api/losses/probabilistic_losses/"
