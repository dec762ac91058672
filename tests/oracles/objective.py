"""Statistics of the whole step: its loss, all gradients together, clipping, the optimizer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tests.oracles.gradients import float64, grad_norm

Gradients = Sequence[ArrayLike | None]


def loss(targets: Sequence[ArrayLike], scale: float = 1.0) -> float:
    """The sum of all elements of all targets of `tape.gradient`, the loss scale divided out."""
    return float(sum(float64(target).sum() for target in targets)) / scale


def global_grad_norm(gradients: Gradients) -> float:
    """√ Σ ‖g‖² over all gradients but None; NaN where all are None."""
    reached = [grad_norm(g) for g in gradients if g is not None]
    return float(np.sqrt(np.sum(np.square(reached)))) if reached else np.nan


def regularization_grad_share(total: Gradients, regularization: Gradients) -> float:
    """‖∇R‖ / (‖∇R‖ + ‖g − ∇R‖) over all variables with a gradient; 0 without regularization.

    total, regularization: g and ∇R of each variable, in the same order; None for none.
    """
    pairs = [
        (float64(g), np.zeros(np.shape(g)) if r is None else float64(r))
        for g, r in zip(total, regularization, strict=True)
        if g is not None
    ]
    penalty = global_grad_norm([r for _, r in pairs])
    rest = global_grad_norm([g - r for g, r in pairs])
    return 0.0 if penalty == 0 or not pairs else penalty / (penalty + rest)


def regularization_loss(
    weights: Sequence[ArrayLike], l1: Sequence[float], l2: Sequence[float]
) -> float:
    """Σ l1 Σ |w| + l2 Σ w² over all weights."""
    parts = [
        a * np.abs(float64(w)).sum() + b * (float64(w) ** 2).sum()
        for w, a, b in zip(weights, l1, l2, strict=True)
    ]
    return float(sum(parts))


def grad_underflow_share(scaled: Gradients) -> float:
    """Share of all elements, of the scaled gradients, that are under 2⁻¹⁴; NaN without any."""
    flat = [float64(g).ravel() for g in scaled if g is not None]
    return float(np.mean(np.abs(np.concatenate(flat)) < 2.0**-14)) if flat else np.nan


def clipped(
    gradients: Gradients,
    clipnorm: float | None = None,
    global_clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> list[NDArray[np.float64] | None]:
    """The gradients as a Keras optimizer with these settings clips them; 0 and None are off."""
    arrays = [None if g is None else float64(g) for g in gradients]
    if clipnorm:
        return [None if g is None else g * min(1.0, _ratio(clipnorm, grad_norm(g))) for g in arrays]
    if global_clipnorm:
        factor = min(1.0, _ratio(global_clipnorm, global_grad_norm(arrays)))
        return [None if g is None else g * factor for g in arrays]
    if clipvalue:
        return [None if g is None else np.clip(g, -clipvalue, clipvalue) for g in arrays]
    return arrays


def _ratio(limit: float, norm: float) -> float:
    return np.inf if norm == 0 else limit / norm


def clip_fraction(before: Gradients, after: Gradients) -> float:
    """Share of the variables with a gradient whose gradient is shorter after than before.

    A loss of less than 1e-5 of the length is rounding, not clipping.
    """
    pairs = [
        (grad_norm(b), grad_norm(a)) for b, a in zip(before, after, strict=True) if b is not None
    ]
    shortened = [float(short < long * (1 - 1e-5)) for long, short in pairs]
    return float(np.mean(shortened)) if pairs else 0.0


def learning_rate(rate: ArrayLike | None) -> float:
    """The optimizer's learning rate at this step; NaN without a Keras optimizer."""
    return np.nan if rate is None else float(float64(rate))


def loss_scale(scale: ArrayLike | None) -> float:
    """The factor on the loss; 1 where there is none."""
    return 1.0 if scale is None else float(float64(scale))
