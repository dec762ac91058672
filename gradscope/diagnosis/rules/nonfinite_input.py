"""nonfinite-input: NaN or Inf in the inputs or targets, and with them the training breaks."""

from collections.abc import Sequence

import numpy as np

from gradscope.diagnosis.facts import objective
from gradscope.diagnosis.reading import Steps, read, recorded_steps
from gradscope.diagnosis.rule import Finding
from gradscope.diagnosis.skill import broke
from gradscope.records import Remedy, RunView

TARGETS = ("target_mean", "target_std", "target_min", "target_max")
"""Statistics of the targets that are not finite where an element isn't."""


def find(run: RunView) -> Sequence[Finding]:
    """A finding where a batch holds NaN or Inf, and loss, gradients or weights follow it."""
    harm = _harm(run)
    # Where loss and gradients stay finite, the model knows what to do with holes in its data.
    inputs, targets = np.intersect1d(_inputs(run), harm), np.intersect1d(_targets(run), harm)
    bad = np.union1d(inputs, targets)
    if not len(bad):
        return ()
    steps = recorded_steps(run)
    if harm[0] < bad[0] and len(bad) == int((steps >= bad[0]).sum()):
        # Broken before, and nothing else from then on: a model that is fed its own output.
        return ()
    # Where the batch that did it was not recorded, others like it were.
    began = int(min(bad[0], harm[0]))
    what = "targets" if not len(inputs) or (len(targets) and targets[0] < inputs[0]) else "inputs"
    batches, total = len(bad), len(steps)
    lasting = broke(run)
    return (
        Finding(
            cause="nonfinite-input",
            severity="critical" if lasting else "warning",
            layer=None,
            step=began,
            confidence=1.0,
            summary=f"The {what} of step {int(bad[0])} hold NaN or Inf, as do those of {batches} "
            f"of {total} recorded steps"
            + (", and the run has not been finite since." if lasting else "."),
            evidence={
                "batches_with_nonfinite_inputs": float(len(inputs)),
                "batches_with_nonfinite_targets": float(len(targets)),
                "recorded_batches": float(total),
                "first_bad_batch": float(bad[0]),
                "first_nonfinite_step": float(harm[0]),
            },
            remedy=_remedy(what),
        ),
    )


def _inputs(run: RunView) -> Steps:
    """The steps whose inputs are not finite."""
    series = read(run, "input_max_abs")
    if not len(series):
        series = read(run, "input_mean")
    bad = ~np.isfinite(series.values).all(axis=1)
    if bad.all() and not _first_layer_breaks(run):
        return np.zeros(0, np.int64)  # a model without numeric inputs has no such figures
    return series.steps[bad]


def _first_layer_breaks(run: RunView) -> bool:
    """Whether the first layer puts out NaN or Inf at the first step, from finite weights."""
    outputs, weights = read(run, "activation_mean"), read(run, "weight_norm")
    if not len(outputs) or not len(weights):
        return False
    return not np.isfinite(outputs.values[0, 0]) and bool(np.isfinite(weights.values[0]).all())


def _targets(run: RunView) -> Steps:
    """The steps whose targets are not finite. What is NaN throughout may not apply to them."""
    if objective(run).kind == "regression":
        series = read(run, "target_mean")
        return series.steps[~np.isfinite(series.values).all(axis=1)]
    steps = [np.zeros(0, np.int64)]
    for name in TARGETS:
        series = read(run, name)
        if np.isfinite(series.values).any():
            steps.append(series.steps[~np.isfinite(series.values).all(axis=1)])
    return np.unique(np.concatenate(steps)).astype(np.int64)


def _harm(run: RunView) -> Steps:
    """The steps at which loss, gradient or weights are not finite."""
    loss, counts, weights = (read(run, name) for name in ("loss", "nonfinite_count", "weight_norm"))
    with np.errstate(invalid="ignore"):
        steps = [
            loss.steps[~np.isfinite(loss.values).all(axis=1)],
            counts.steps[(counts.values > 0).any(axis=1)],
            weights.steps[np.isnan(weights.values).any(axis=1)],
        ]
    return np.unique(np.concatenate(steps)).astype(np.int64)


def _remedy(what: str) -> Remedy:
    if what == "targets":
        return Remedy(
            "Drop the examples whose target is missing before they reach the model.",
            "dataset = dataset.unbatch().filter(lambda x, y: "
            "tf.reduce_all(tf.math.is_finite(y))).batch(batch_size)",
            _REFERENCE,
        )
    return Remedy(
        "Drop the examples that hold NaN or Inf, or fill in what is missing, before they reach "
        "the model.",
        "dataset = dataset.unbatch().filter(lambda x, y: "
        "tf.reduce_all(tf.math.is_finite(x))).batch(batch_size)",
        _REFERENCE,
    )


_REFERENCE = "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#filter"
