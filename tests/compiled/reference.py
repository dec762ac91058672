"""What every statistic of a zoo entry must be: plain eager steps, judged by the oracles.

Independent of gradscope: it shares neither its capture nor its probes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests import oracles
from tests.compiled.observer import Observation, Output, observed
from tests.zoo import Entry, Part

Values = dict[str, dict[str, float]]
"""statistic -> name -> value. A variable's name starts with its position, for paths may repeat."""


@dataclass(frozen=True)
class Expected:
    """What one part of an entry must record.

    variables: the paths of its trainable variables, in order.
    loose: layers for which Keras has no path; they may be named with a prefix.
    steps: the values of each step.
    returned: what each step gave back.
    weights: all variables of the model after the last step.
    """

    variables: tuple[str, ...]
    loose: frozenset[str]
    steps: tuple[Values, ...]
    returned: tuple[Any, ...]
    weights: tuple[np.ndarray, ...]


def tensors(batch: Any) -> Any:
    """The batch with each array as a tensor."""
    return tf.nest.map_structure(tf.constant, batch)


def expected(entry: Entry, window: int = 10**6, random_compiled: bool = False) -> list[Expected]:
    """What each part of an entry must record over its batches.

    window: the recorded steps that dead_fraction looks back on.
    random_compiled: draw random masks as an XLA program does.
    """
    journals = [_Journal(entry, part, window) for part in entry.fresh()]
    for batch in entry.batches():
        for journal in journals:
            journal.step(batch, random_compiled)
    return [journal.closed() for journal in journals]


class _Journal:
    """Takes one step after another and writes down what each must record."""

    def __init__(self, entry: Entry, part: Part, window: int) -> None:
        self.entry, self.part, self.window = entry, part, window
        self.history: dict[str, list[Any]] = {}
        self.loose: set[str] = set()
        self.steps: list[Values] = []
        self.returned: list[Any] = []

    def step(self, batch: tuple[Any, ...], random_compiled: bool) -> None:
        with observed(self.part.model, random_compiled) as seen:
            self.returned.append(self.part.step(*tensors(batch)))
        scale = next((scale for scale in seen.scales if scale is not None), 1.0)
        facts = _Facts(seen, scale)
        values = _of_variables(facts) | self._of_layers(facts) | self._of_step(facts, batch)
        self.steps.append(values)

    def _of_layers(self, facts: "_Facts") -> Values:
        values: Values = {name: {} for name in LAYER_STATISTICS}
        for out in facts.seen.outputs:
            if out.loose:
                self.loose.add(out.name)
            a = out.tensor.numpy()
            values["activation_mean"][out.name] = oracles.activation_mean(a)
            values["activation_rms"][out.name] = oracles.activation_rms(a)
            values["activation_grad_norm"][out.name] = oracles.activation_grad_norm(facts.of(out))
            if out.kind in DEADLY:
                outputs = self.history.setdefault(out.name, [])
                outputs.append(out.activated.numpy())
                dead = oracles.dead_fraction(outputs[-self.window :], out.kind)
                values["dead_fraction"][out.name] = dead
            if out.kind in DEADLY | SATURATING:
                share = oracles.saturated_fraction(out.activated.numpy(), out.kind)
                values["saturated_fraction"][out.name] = share
        return values

    def _of_step(self, facts: "_Facts", batch: tuple[Any, ...]) -> Values:
        gradients = facts.gradients()
        inputs = [x.numpy() for x in facts.seen.inputs]
        labels = None if self.entry.labels is None else self.entry.labels(batch)
        kind = "none" if labels is None else "onehot" if self.entry.onehot else "classes"
        penalty = facts.regularization() if self.part.regularized else [None] * len(gradients)
        numbers = {
            "loss": oracles.loss([target.numpy() for target in facts.seen.targets], facts.scale),
            "global_grad_norm": oracles.global_grad_norm(gradients),
            "regularization_grad_share": oracles.regularization_grad_share(gradients, penalty),
            "clip_fraction": oracles.clip_fraction(gradients, facts.applied()),
            "learning_rate": oracles.learning_rate(next(iter(facts.seen.rates), None)),
            "loss_scale": oracles.loss_scale(facts.scale),
            "input_mean": oracles.input_mean(inputs),
            "input_std": oracles.input_std(inputs),
            "input_max_abs": oracles.input_max_abs(inputs),
            "label_entropy": oracles.label_entropy(labels, kind),
        }
        return {name: {name: value} for name, value in numbers.items()}

    def closed(self) -> Expected:
        model = self.part.model
        return Expected(
            tuple(variable.path for variable in model.trainable_variables),
            frozenset(self.loose),
            tuple(self.steps),
            tuple(self.returned),
            tuple(variable.numpy() for variable in model.variables),
        )


LAYER_STATISTICS = (
    "activation_mean",
    "activation_rms",
    "dead_fraction",
    "saturated_fraction",
    "activation_grad_norm",
)
DEADLY = {"relu", "relu6", "elu", "selu", "gelu", "silu", "softplus"}
SATURATING = {"sigmoid", "hard_sigmoid", "softmax", "tanh", "softsign"}


class _Facts:
    """An observed step as float64 arrays, the loss scale divided out."""

    def __init__(self, seen: Observation, scale: float) -> None:
        self.seen, self.scale = seen, scale
        self.variables = seen.model.trainable_variables

    def of(self, out: Output) -> np.ndarray | None:
        """The gradient at a layer's output; None where none arrives or nothing below learns."""
        if not out.gradients:
            return None
        return np.sum([_dense(grad) for grad in out.gradients], axis=0) / self.scale

    def gradients(self) -> list[np.ndarray | None]:
        """The gradient of each trainable variable, summed over all of the step's losses."""
        return [self._summed(self.seen.gradients.get(id(v), [])) for v in self.variables]

    def _summed(self, grads: Sequence[Any]) -> np.ndarray | None:
        arrived = [_dense(grad) for grad in grads if grad is not None]
        return np.sum(arrived, axis=0) / self.scale if arrived else None

    def applied(self) -> list[np.ndarray | None]:
        """What the optimizers apply, clipped by their settings; without one, the gradients."""
        if not self.seen.optimizers:
            return self.gradients()
        given = [self._summed([self.seen.applied.get(id(v))]) for v in self.variables]
        optimizer = self.seen.optimizers[0]
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        return oracles.clipped(given, inner.clipnorm, inner.global_clipnorm, inner.clipvalue)

    def before(self, variable: Any) -> np.ndarray:
        """A variable's value before the update; its present one where no gradient was asked for."""
        return self.seen.before.get(id(variable), variable.numpy())

    def regularization(self) -> list[np.ndarray | None]:
        """The gradient of the sum of all weight regularizers, in closed form for L1 and L2."""
        return [_penalty_gradient(v.regularizer, self.before(v)) for v in self.variables]


def _penalty_gradient(regularizer: Any, w: np.ndarray) -> np.ndarray | None:
    if isinstance(regularizer, keras.regularizers.L2):
        return 2 * float(regularizer.l2) * w.astype(np.float64)
    if isinstance(regularizer, keras.regularizers.L1):
        return float(regularizer.l1) * np.sign(w.astype(np.float64))
    return None


def _dense(grad: Any) -> np.ndarray:
    if isinstance(grad, tf.IndexedSlices):
        shape = tuple(grad.dense_shape.numpy())
        return oracles.densified(grad.values.numpy(), grad.indices.numpy(), shape)
    return np.asarray(grad.numpy()).astype(np.float64)


def _of_variables(facts: _Facts) -> Values:
    values: Values = {}

    def put(statistic: str, number: Callable[[int], float]) -> None:
        values[statistic] = {f"{i} {v.path}": number(i) for i, v in enumerate(facts.variables)}

    grads = facts.gradients()
    after = [variable.numpy() for variable in facts.variables]
    before = [facts.before(variable) for variable in facts.variables]
    put("grad_norm", lambda i: oracles.grad_norm(grads[i]))
    put("grad_max_abs", lambda i: oracles.grad_max_abs(grads[i]))
    put("grad_zero_fraction", lambda i: oracles.grad_zero_fraction(grads[i]))
    put("nonfinite_count", lambda i: oracles.nonfinite_count(grads[i]))
    put("weight_norm", lambda i: oracles.weight_norm(before[i]))
    put("update_norm", lambda i: oracles.update_norm(before[i], after[i]))
    put("update_ratio", lambda i: oracles.update_ratio(before[i], after[i]))
    return values
