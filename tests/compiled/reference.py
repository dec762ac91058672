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
        pair = _Pair(self.entry, batch, seen)
        values = _of_variables(facts) | self._of_layers(facts) | self._of_step(facts, pair)
        values |= pair.of_classes()
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

    def _of_step(self, facts: "_Facts", pair: "_Pair") -> Values:
        gradients = facts.gradients()
        inputs = [x.numpy() for x in facts.seen.inputs]
        penalty = facts.regularization() if self.part.regularized else [None] * len(gradients)
        numbers = {
            "loss": oracles.loss([target.numpy() for target in facts.seen.targets], facts.scale),
            "global_grad_norm": oracles.global_grad_norm(gradients),
            "regularization_grad_share": oracles.regularization_grad_share(gradients, penalty),
            "clip_fraction": oracles.clip_fraction(gradients, facts.applied()),
            "learning_rate": oracles.learning_rate(next(iter(facts.seen.rates), None)),
            "loss_scale": oracles.loss_scale(facts.scale),
            "regularization_loss": facts.penalty() if self.part.regularized else 0.0,
            "grad_underflow_share": facts.underflow() if facts.half() else np.nan,
            "batch_size": oracles.batch_size(inputs[0] if pair.labels is None else pair.labels),
            "input_feature_rms_max": oracles.input_feature_rms_max(inputs),
            "input_feature_rms_min": oracles.input_feature_rms_min(inputs),
            "input_feature_max": oracles.input_feature_max(inputs),
            "input_mean": oracles.input_mean(inputs),
            "input_std": oracles.input_std(inputs),
            "input_max_abs": oracles.input_max_abs(inputs),
            **pair.of_step(),
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

    def penalty(self) -> float:
        """The sum of all weight regularizers."""
        held = [v for v in self.variables if v.regularizer is not None]
        l1, l2 = ([float(getattr(v.regularizer, name, 0.0)) for v in held] for name in ("l1", "l2"))
        return oracles.regularization_loss([self.before(v) for v in held], l1, l2)

    def half(self) -> bool:
        """Whether a layer with weights computes in float16."""
        return any(x.compute_dtype == "float16" and x.weights for x in self.seen.model.layers)

    def underflow(self) -> float:
        """The share of gradient elements under float16's normal numbers."""
        return oracles.grad_underflow_share(
            [None if g is None else g * self.scale for g in self.gradients()]
        )


class _Pair:
    """Labels and predictions of an observed step.

    Where an entry has no class labels, the second part of a batch are the targets if they have the
    shape of the prediction.
    """

    def __init__(self, entry: Entry, batch: tuple[Any, ...], seen: Observation) -> None:
        output = seen.returned[entry.prediction].numpy()
        self.output = np.asarray(output).astype(np.float64)
        self.kind: Any = None if entry.labels is None else "onehot" if entry.onehot else "sparse"
        self.logits = not entry.probabilities
        self.labels = None if entry.labels is None else np.asarray(entry.labels(batch))
        self.targets = None
        if self.labels is None and len(batch) > 1 and np.shape(batch[1]) == np.shape(output):
            self.labels = self.targets = np.asarray(batch[1])

    def of_step(self) -> dict[str, float]:
        """The statistics per step."""
        kinds: Any = {"sparse": "classes", None: "none"}
        return {
            "label_entropy": oracles.label_entropy(
                self.labels if self.kind else [], kinds.get(self.kind, self.kind)
            ),
            "target_mean": oracles.target_mean(self.targets),
            "target_std": oracles.target_std(self.targets),
            "target_min": oracles.target_min(self.labels),
            "target_max": oracles.target_max(self.labels),
            "output_mean": oracles.output_mean(self.output),
            "output_std": oracles.output_std(self.output),
            "output_min": oracles.output_min(self.output),
            "output_max": oracles.output_max(self.output),
            "output_spread": oracles.output_spread(self.output),
            "accuracy": oracles.accuracy(
                [] if self.labels is None else self.labels, self.output, self.kind, self.logits
            ),
            "residual_rms": oracles.residual_rms(self.targets, self.output),
        }

    def of_classes(self) -> Values:
        """The statistics per class; empty where there are none."""
        if self.labels is None or self.kind is None:
            return {"class_share": {}, "class_loss": {}}
        count = self.output.shape[-1]
        columns = {
            "class_share": oracles.class_share(self.labels, count, self.kind),
            "class_loss": oracles.class_loss(
                self.labels, self.output, count, self.kind, self.logits
            ),
        }
        return {
            name: {str(number): value for number, value in enumerate(column)}
            for name, column in columns.items()
        }


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
