"""One compiled training step on the batch: what it shows at first, and how it learns."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import tensorflow as tf

from gradscope.capture import autograph
from gradscope.capture import variables as var
from gradscope.capture.arguments import note_arguments, settle
from gradscope.capture.facts import facts
from gradscope.capture.trace import Trace
from gradscope.capture.watch import watch
from gradscope.errors import UsageError
from gradscope.preflight_checks.subject import Subject
from gradscope.preflight_checks.untouched import Values

_PRODUCTS = frozenset(
    "MatMul BatchMatMul BatchMatMulV2 BatchMatMulV3 Einsum Conv2D Conv3D "
    "DepthwiseConv2dNative".split()
)
"""Operations by which a layer weighs its input."""

_PASSING = frozenset("ReadVariableOp Identity Cast Reshape Transpose ExpandDims Squeeze".split())
"""Operations between a weight and the product that it goes into."""


class LossFailedError(Exception):
    """The loss can't be computed from these labels and this output."""


class StepFailedError(Exception):
    """The step fails when it runs, as for a class without an output.

    objective: see `First`. units: of the output's last axis, None for several outputs.
    """

    def __init__(self, said: str, objective: dict[str, Any], units: int | None) -> None:
        super().__init__(said)
        self.objective, self.units = objective, units


@dataclass(frozen=True)
class Fed:
    """What the first layers with weights are fed: the inputs after any scaling in the model.

    name: path of the weight, or "the inputs" where no product was seen. values: [..., features].
    """

    name: str
    values: np.ndarray


@dataclass(frozen=True)
class First:
    """What the first step shows, before it changes any weight.

    loss: its data part, a number. predictions: a nest of arrays.
    grad_norms: path -> norm, None where no gradient arrives.
    fed: what the first weights are fed; empty where a layer that normalizes comes first.
    objective: the fact of that name in `records.Start.info`, as far as it is known.
    """

    loss: float
    predictions: Any
    grad_norms: dict[str, float | None]
    fed: tuple[Fed, ...]
    objective: dict[str, Any]


@dataclass
class _Traced:
    """What tracing the step told; tensors of it come out in the same order."""

    paths: list[str] = field(default_factory=list)
    reached: list[bool] = field(default_factory=list)
    fed: list[str] = field(default_factory=list)
    objective: dict[str, Any] = field(default_factory=dict)


class Rehearsal:
    """A training step of the subject, with a fresh copy of its optimizer.

    values: keeps what the step changes, to begin anew from it.
    """

    def __init__(self, subject: Subject, values: Values) -> None:
        self._subject, self._values = subject, values
        self._optimizer = copy_of(subject.optimizer)
        self._variables = var.trainable(subject.model)
        self._optimizer.build(self._variables)
        values.keep(self._optimizer.variables)
        self._x, self._y = subject.part(subject.x), subject.part(subject.y)
        self._traced, self._doing = _Traced(), ""
        # What is gradscope's own AutoGraph leaves as it is; the user's loss it converts as usual.
        self._note, self._apply = autograph.leave(self._observe), autograph.leave(self._update)
        self._step = tf.function(self._train)
        self.step_seconds = 0.0

    def first(self) -> First:
        """What the first step shows.

        Raises UsageError where the model can't take the inputs, LossFailedError where the loss
        can't take labels and output, StepFailedError where they fail together.
        """
        self.set_rate(0.0)
        try:
            concrete = self._step.get_concrete_function(self._x, self._y)
        except Exception as error:
            self._fail(error)
        self._values.keep(concrete.graph.variables)
        traced = self._traced
        try:
            loss, predictions, norms, fed = self._step(self._x, self._y)
        except tf.errors.OpError as error:
            shape = getattr(concrete.structured_outputs[1], "shape", None)
            units = None if shape is None else (shape[-1] if shape.rank else 1)
            raise StepFailedError(_last_words(error), traced.objective, units) from None
        self._values.put_back()
        return First(
            loss=float(loss),
            predictions=tf.nest.map_structure(lambda p: np.asarray(p, np.float32), predictions),
            grad_norms={
                path: float(norm) if there else None
                for path, norm, there in zip(traced.paths, norms, traced.reached, strict=True)
            },
            fed=tuple(
                Fed(name, np.asarray(tensor, np.float64))
                for name, tensor in zip(traced.fed, fed, strict=True)
            ),
            objective=traced.objective,
        )

    def set_rate(self, rate: float) -> None:
        """Sets the copy's learning rate."""
        self._optimizer.learning_rate = rate

    def train(self, rate: float, steps: int) -> Iterator[float]:
        """The losses of so many steps from the first weights on, each before its update."""
        self._values.put_back()
        self.set_rate(rate)
        for _ in range(steps):
            began = time.monotonic()
            loss = float(self._step(self._x, self._y)[0])
            self.step_seconds = time.monotonic() - began
            yield loss

    def _train(self, x: Any, y: Any) -> tuple[Any, ...]:
        subject, variables = self._subject, self._variables
        with watch(self, subject.model) as trace:
            note_arguments((x, y))
            with tf.GradientTape() as tape:
                self._doing = "model"
                predictions = subject.model(x, training=True)
                self._doing = "loss"
                loss = _scalar(subject.loss(y, predictions))
                self._doing = ""
                scaled = self._optimizer.scale_loss(loss)
            grads = tape.gradient(scaled, variables)
        fed = self._note(trace, grads)
        norms = [_norm(grad, trace.scale) for grad in grads]
        self._apply(grads)
        return loss, predictions, tf.stack(norms), fed

    def _observe(self, trace: Trace, grads: list[Any]) -> list[tf.Tensor]:
        """Notes what tracing tells; what the first weights are fed."""
        settle(trace)
        fed = _fed(trace)
        self._traced = _Traced(
            list(var.paths(self._variables)),
            [grad is not None for grad in grads],
            [name for name, _ in fed],
            facts(trace).get("objective") or {},
        )
        return [tensor for _, tensor in fed]

    def _update(self, grads: list[Any]) -> None:
        """Applies the gradients that there are."""
        pairs = [(g, v) for g, v in zip(grads, self._variables, strict=True) if g is not None]
        if pairs:
            self._optimizer.apply([g for g, _ in pairs], [v for _, v in pairs])

    def _fail(self, error: Exception) -> NoReturn:
        """Raises what it means that tracing the step failed."""
        said = _first_words(error)
        if self._doing == "loss":
            raise LossFailedError(said) from None
        if self._doing == "model":
            shapes = [tuple(x.shape) for x in tf.nest.flatten(self._x)]
            raise UsageError(
                f"preflight: the model can't take the inputs of this batch, of shape "
                f"{', '.join(map(str, shapes))}: {said}. Pass x as the training step passes it to "
                "the model."
            ) from None
        raise error


def copy_of(optimizer: Any) -> Any:
    """A fresh optimizer with the settings of this one, of plain learning rate.

    Accumulated gradients and averaged weights are left out: each step is to show its effect.

    Raises UsageError where its class can't be made from its settings.
    """
    try:
        config = optimizer.get_config()
        inner = config.get("inner_optimizer", {}).get("config", config)
        inner["learning_rate"] = 0.0
        inner["gradient_accumulation_steps"], inner["use_ema"] = None, False
        return type(optimizer).from_config(config)
    except Exception as error:
        raise UsageError(
            f"preflight: {type(optimizer).__name__} can't be made anew from its get_config() "
            f"({type(error).__name__}: {error}), so the training can't be tried without changing "
            "it. Let get_config return what its __init__ takes."
        ) from None


def _scalar(loss: Any) -> tf.Tensor:
    """The mean of a loss of any shape, float32."""
    return tf.reduce_mean(tf.cast(tf.convert_to_tensor(loss), tf.float32))


def _norm(grad: Any, scale: Any) -> tf.Tensor:
    """The norm of a gradient, loss scale divided out; 0 for None."""
    if grad is None:
        return tf.constant(0.0)
    dense = tf.cast(tf.convert_to_tensor(grad), tf.float32)
    largest = tf.reduce_max(tf.abs(dense))
    # By the largest first: the square of 1e-30 is 0 in float32.
    unit = tf.math.divide_no_nan(dense, largest)
    norm = largest * tf.sqrt(tf.reduce_sum(unit * unit))
    return norm if scale is None else norm / tf.cast(scale, tf.float32)


def _fed(trace: Trace) -> list[tuple[str, tf.Tensor]]:
    """(path, tensor) of what the first weights are multiplied with.

    Without any such product: the float inputs of a model whose layers loop over them, as an RNN's.
    """
    graph = trace.graph
    if graph is None:
        return []
    names = dict(zip(map(id, trace.variables), var.paths(trace.variables), strict=True))
    handles = {id(var.resource(v).handle): names[id(v)] for v in trace.variables}
    weights = {inside.op.name: handles.get(id(outside)) for outside, inside in graph.captures}
    found: dict[str, tuple[str, tf.Tensor]] = {}
    loops = False
    for op in graph.get_operations():
        loops |= op.type in ("While", "StatelessWhile")
        if op.type not in _PRODUCTS or len(op.inputs) < 2:
            continue
        for operand, weight in (op.inputs[:2], reversed(op.inputs[:2])):
            path = weights.get(_origin(weight).name)
            if path and operand.dtype.is_floating and not trace.trains(operand):
                found.setdefault(operand.name, (path, operand))
    if not found and loops:
        floats = [x for x in trace.inputs if x.dtype.is_floating]
        return [("the inputs", x) for x in floats]
    return list(found.values())


def _origin(tensor: tf.Tensor) -> tf.Operation:
    op = tensor.op
    while op.type in _PASSING and op.inputs:
        op = op.inputs[0].op
    return op


def _last_words(error: tf.errors.OpError) -> str:
    """What an operation complained of, without the account of where it was defined."""
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("File ", "[[", "Detected", "Graph "))]
    return (told[-1] if told else error.message)[:300]


def _first_words(error: Exception) -> str:
    """An error in one line, without TensorFlow's account of frames."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("File ", "in user code"))]
    text = next((line for line in told if re.match(r"\w*(Error|Exception): ", line)), "")
    text = text or (told[0] if told else "no message")
    return text if re.match(r"\w+Error: ", text) else f"{type(error).__name__}: {text}"[:400]
