"""nonfinite: NaN or Inf in the inputs, activations, loss, gradients or weights, and where first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradscope.diagnosis.reading import Floats, Series, Steps, read, scalar
from gradscope.diagnosis.remedies import gentler_optimizer
from gradscope.diagnosis.rule import Finding
from gradscope.records import Remedy, RunView

MOST_SKIPS = 20
"""Recorded steps in a row that a loss scaler may skip: Keras starts at 2¹⁵ and halves, so that it
reaches 1 after 15 (Micikevicius et al. 2018; keras.optimizers.LossScaleOptimizer)."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Place:
    """A place where NaN or Inf can be seen: bad is bool[S, L]."""

    names: tuple[str, ...]
    steps: Steps
    bad: Flags

    def first(self) -> int | None:
        """The first step at which anything here is bad, or None."""
        rows = self.bad.any(axis=1)
        return int(self.steps[np.argmax(rows)]) if rows.any() else None

    def at(self, step: int) -> tuple[str, ...]:
        """The names of what is bad here at a step, in order."""
        columns = np.flatnonzero(self.bad[self.steps == step].any(axis=0))
        return tuple(self.names[column] for column in columns)


def find(run: RunView) -> Sequence[Finding]:
    """A finding with the first step and the first place, in the order of one training step."""
    loss = _place(read(run, "loss"), lambda v: ~np.isfinite(v))
    gradients = _gradients(run)
    weights = _weights(run, loss)
    updates = _place(read(run, "update_norm"), np.isnan)
    harm = [loss, gradients, weights, updates]
    began = [step for step in (place.first() for place in harm) if step is not None]
    if not began:
        return ()
    step = min(began)
    layer, summary, remedy = _origin(run, step, loss, gradients, weights)
    lasting = any(place.bad[-1].any() for place in harm if len(place.bad))
    rows = np.unique(np.concatenate([p.steps[p.bad.any(axis=1)] for p in harm]))
    return (
        Finding(
            cause="nonfinite",
            severity="critical" if lasting else "warning",
            layer=layer,
            step=step,
            confidence=1.0,
            summary=summary,
            evidence={
                "nonfinite_steps": float(len(rows)),
                "variables_with_nonfinite_gradient": float(len(gradients.at(step))),
                "variables_with_nonfinite_weights": float(len(weights.at(step))),
                "loss": float(scalar(run, "loss", np.array([step]))[0]),
                "learning_rate": float(scalar(run, "learning_rate", np.array([step]))[0]),
            },
            remedy=remedy,
        ),
    )


def _place(series: Series, is_bad: Callable[[Floats], Flags]) -> _Place:
    return _Place(series.names, series.steps, np.asarray(is_bad(series.values), bool))


def _gradients(run: RunView) -> _Place:
    """Non-finite gradients, without those whose update a loss scaler skipped on purpose."""
    counts = read(run, "nonfinite_count")
    with np.errstate(invalid="ignore"):
        bad = counts.values > 0
    if not bad.any():
        return _Place(counts.names, counts.steps, bad)
    updates = read(run, "update_norm").at(counts.steps)
    skipped = (
        bad.any(axis=1)
        & (updates == 0).any(axis=1)
        & ((updates == 0) | np.isnan(updates)).all(axis=1)
        & np.isfinite(scalar(run, "loss", counts.steps))
        & (scalar(run, "loss_scale", counts.steps) > 1)
    )
    stuck = len(skipped) > MOST_SKIPS and skipped[-MOST_SKIPS - 1 :].all()
    if not stuck:
        bad = bad & ~skipped[:, None]
    return _Place(counts.names, counts.steps, bad)


def _weights(run: RunView, loss: _Place) -> _Place:
    """Non-finite weights. An infinite norm beside a finite loss is an overflow of the norm."""
    series = read(run, "weight_norm")
    broken = np.isin(series.steps, loss.steps[loss.bad.any(axis=1)])
    bad = np.isnan(series.values) | (np.isinf(series.values) & broken[:, None])
    return _Place(series.names, series.steps, bad)


def _activations(run: RunView, step: int) -> tuple[str, ...]:
    """The layers whose output is bad at a step, in forward order.

    Left out are layers that put out such values, a mask of −Inf say, while the loss is finite.
    """
    means = read(run, "activation_mean")
    if not len(means):
        means = read(run, "activation_rms")
    bad = ~np.isfinite(means.values)
    fine = np.isfinite(scalar(run, "loss", means.steps))
    place = _Place(means.names, means.steps, bad & ~bad[fine].any(axis=0))
    return place.at(step)


def _origin(
    run: RunView, step: int, loss: _Place, gradients: _Place, weights: _Place
) -> tuple[str | None, str, Remedy]:
    """The layer, the summary and the remedy, from what comes first within a step."""
    inputs = read(run, "input_max_abs")
    outputs = _activations(run, step)
    if len(inputs) and not np.isfinite(inputs.at(np.array([step]))).all() and step in inputs.steps:
        where = f"; the first layer that shows it is {outputs[0]}" if outputs else ""
        return (
            outputs[0] if outputs else None,
            f"The input batch of step {step} itself holds NaN or Inf{where}.",
            _CLEAN_INPUT,
        )
    if weights.at(step):
        layer = weights.at(step)[0]
        return layer, f"{layer} holds NaN or Inf at the beginning of step {step}.", _slower(run)
    if outputs:
        layer = outputs[0]
        return (
            layer,
            f"{layer} is the first layer to put out NaN or Inf, at step {step}; the outputs of the "
            "layers before it are finite.",
            _TAME_LAYER,
        )
    if loss.at(step):
        return (
            None,
            f"The loss turns NaN or Inf at step {step} while inputs, weights and recorded layer "
            "outputs are finite: it arises in the loss function.",
            _SAFE_LOSS,
        )
    if gradients.at(step):
        layer = gradients.at(step)[-1]
        return (
            layer,
            f"The gradient turns NaN or Inf at step {step} although the loss is finite; on the way "
            f"back it shows first in {layer}.",
            _SAFE_GRADIENT,
        )
    updates = _place(read(run, "update_norm"), np.isnan).at(step)
    layer = updates[0]
    return layer, f"The update of {layer} at step {step} is NaN.", _slower(run)


_REFERENCE = "https://www.tensorflow.org/api_docs/python/tf/debugging/check_numerics"

_CLEAN_INPUT = Remedy(
    "Drop or repair the examples that hold NaN or Inf before they reach the model.",
    "dataset = dataset.filter(lambda x, y: tf.reduce_all(tf.math.is_finite(x)))",
    "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#filter",
)
_TAME_LAYER = Remedy(
    "Look for exp, division, log or sqrt in this layer, and bound what goes in.",
    "x = keras.ops.clip(x, -20.0, 20.0)  # before keras.ops.exp(x)",
    _REFERENCE,
)
_SAFE_LOSS = Remedy(
    "Let the loss work on logits, or keep log and division away from 0.",
    "loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
    "https://keras.io/api/losses/probabilistic_losses/",
)
_SAFE_GRADIENT = Remedy(
    "Look for sqrt, norm, log, division or where(…) at 0: finite itself, its derivative isn't.",
    "x = keras.ops.sqrt(keras.ops.maximum(x, 1e-12))",
    "https://github.com/tensorflow/probability/blob/main/discussion/where-nan.pdf",
)


def _slower(run: RunView) -> Remedy:
    return Remedy(
        "The last update before it was too far: a smaller learning rate and a clipped gradient.",
        gentler_optimizer(run, clip=1.0),
        "Pascanu et al. 2013, On the difficulty of training recurrent neural networks",
    )
