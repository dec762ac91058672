"""DeepDiagnosis' thresholds on gradscope's records.

Wardat, Cruz, Le & Rajan 2022, DeepDiagnosis: Automatically Diagnosing Faults and Recommending
Actionable Fixes in Deep Learning Programs, ICSE. The tool looks at weights, gradients and
activations after each epoch, here at each validation, and reports the first symptom that it finds.

What stands in: it counts activations at or below 0, of which gradscope keeps none; here the share
of units that fired for no sample, which is smaller, so that the rule fires less often. It compares
the ranges of outputs and labels; here their minima and maxima over the whole run. Its decision tree
over optimizer, loss and layers, which turns symptoms into fixes, is not re-stated: each symptom
counts for every cause that the tree can lead to.
"""

import numpy as np

from benchmarks.verdicts.rivals.epochs import Flags, at_steps, epochs
from benchmarks.verdicts.rivals.message import Message, together
from benchmarks.verdicts.scoring import Said
from gradscope.diagnosis.reading import Floats, kernels, read, scalar
from gradscope.records import RunView

DEAD_SHARE = 0.7
"""Share of a layer's activations that are 0 or less, at least."""

SATURATED_SHARE = 0.95
"""Share of a bounded activation's outputs near a bound, at least; gradscope's bounds, see
`saturated_fraction`."""

VANISHING_MEAN = 1e-7
"""Mean |gradient| of a kernel, below; here its root mean square, which is no smaller."""

EXPLODING_MEAN = 70.0
"""Ratio of the first kernel's gradient norm to the last one's, above, as in AUTOTRAINER, from which
the tool takes the rule."""

LOWEST_RATE = 1e-5
HIGHEST_RATE = 1e-1
"""Learning rate x gradient norm / weight norm of a kernel, outside: weights are changed too little
or too much."""

STANDING_EPOCHS = 3
"""Epochs in a row in which the loss does not fall, or the accuracy does not rise."""

NOT_FINITE = Message("numerical error", frozenset({"nonfinite", "exploding-gradient"}))
DEAD = Message("dead node", frozenset({"dead-units"}))
SATURATED = Message("saturated activation", frozenset({"saturated-units"}))
OUT_OF_RANGE = Message(
    "out of range", frozenset({"output-mismatch", "label-mismatch", "unscaled-target"})
)
UNCHANGED = Message(
    "unchanged weight", frozenset({"learning-rate-low", "dead-units", "disconnected-variable"})
)
VANISHING = Message("vanishing gradient", frozenset({"vanishing-gradient"}))
EXPLODING = Message("exploding gradient", frozenset({"exploding-gradient"}))
RATE = Message("invalid learning rate", frozenset({"learning-rate-low", "learning-rate-high"}))
LOSS = Message(
    "loss not decreasing",
    frozenset({"loss-plateau", "underfitting", "label-noise", "unnormalized-input"}),
)
ACCURACY = Message("accuracy not increasing", LOSS.causes)


def judge(run: RunView) -> Said:
    """The symptoms of a run, by the epoch in which the tool would have seen them first."""
    steps = epochs(run).steps
    found: list[tuple[int, Message]] = []
    for message, flags in (
        (NOT_FINITE, _not_finite(run)),
        (DEAD, _over(at_steps(run, "dead_fraction", steps), DEAD_SHARE)),
        (
            SATURATED,
            _over(_hidden(run, at_steps(run, "saturated_fraction", steps)), SATURATED_SHARE),
        ),
        (OUT_OF_RANGE, _out_of_range(run)),
        (UNCHANGED, _unchanged(run)),
        *_gradients(run),
        *_standing(run),
    ):
        seen = np.flatnonzero(flags)
        if len(seen):
            found.append((int(seen[0]), message))
    found.sort(key=lambda pair: pair[0])
    return together([message for _, message in found])


def _not_finite(run: RunView) -> Flags:
    by_epoch = epochs(run)
    count = at_steps(run, "nonfinite_count", by_epoch.steps)
    return np.asarray((np.nan_to_num(count) > 0).any(1) | ~np.isfinite(by_epoch.loss))


def _over(values: Floats, limit: float) -> Flags:
    return np.asarray((np.nan_to_num(values) >= limit).any(1))


def _hidden(run: RunView, saturated: Floats) -> Floats:
    """Without the output layer: its saturation is not what the tool looks at."""
    output = ((run.info.get("objective") or {}).get("output") or {}).get("layer")
    names = run.names("saturated_fraction") if "saturated_fraction" in run.statistics else ()
    bounded = {"sigmoid", "tanh", "softmax", "softsign", "hard_sigmoid"}
    layers = run.info.get("layers") or {}
    keep = [
        name != output and (layers.get(name) or {}).get("activation") in bounded for name in names
    ]
    return saturated[:, np.array(keep, bool)] if names else saturated


def _out_of_range(run: RunView) -> Flags:
    steps = epochs(run).steps
    if (run.info.get("objective") or {}).get("kind") == "sparse":
        return np.zeros(len(steps), bool)  # labels are indices there, no values
    columns = [
        scalar(run, name, read(run, "loss").steps)
        for name in ("target_min", "target_max", "output_min", "output_max")
    ]
    low, high, least, most = (
        extreme(column[np.isfinite(column)], initial=start)
        for extreme, column, start in zip(
            (np.min, np.max, np.min, np.max),
            columns,
            (np.inf, -np.inf, np.inf, -np.inf),
            strict=True,
        )
    )
    activation = ((run.info.get("objective") or {}).get("output") or {}).get("activation")
    floor = {"sigmoid": 0.0, "softmax": 0.0, "relu": 0.0, "tanh": -1.0}.get(activation or "", least)
    roof = {"sigmoid": 1.0, "softmax": 1.0, "tanh": 1.0}.get(activation or "", np.inf)
    flag = bool(low < floor or high > roof or (activation == "softmax" and least == most))
    return np.full(len(steps), flag)


def _unchanged(run: RunView) -> Flags:
    by_epoch = epochs(run)
    ratio = at_steps(run, "update_ratio", by_epoch.steps)
    return (ratio == 0).any(1)


def _gradients(run: RunView) -> list[tuple[Message, Flags]]:
    by_epoch = epochs(run)
    columns = kernels(run)
    if not columns:
        return []
    norms = at_steps(run, "grad_norm", by_epoch.steps)[:, columns]
    weights = at_steps(run, "weight_norm", by_epoch.steps)[:, columns]
    rates = at_steps(run, "learning_rate", by_epoch.steps)
    largest = at_steps(run, "grad_max_abs", by_epoch.steps)[:, columns]
    with np.errstate(all="ignore"):
        step = rates[:, :1] * norms / weights
        ratio = norms[:, 0] / norms[:, -1]
    return [
        (VANISHING, np.asarray((largest < VANISHING_MEAN).any(1))),
        (EXPLODING, np.asarray(ratio > EXPLODING_MEAN)),
        (RATE, np.asarray(((step < LOWEST_RATE) | (step > HIGHEST_RATE)).any(1))),
    ]


def _standing(run: RunView) -> list[tuple[Message, Flags]]:
    by_epoch = epochs(run)
    return [
        (LOSS, _runs(np.diff(by_epoch.loss) >= 0)),
        (ACCURACY, _runs(np.diff(by_epoch.accuracy) <= 0)),
    ]


def _runs(flags: Flags) -> Flags:
    """Where so many flags in a row end, one element longer than the flags."""
    length = np.zeros(len(flags) + 1, int)
    for i, flag in enumerate(flags, start=1):
        length[i] = length[i - 1] + 1 if flag else 0
    return length >= STANDING_EPOCHS
