"""Looks over the shoulder of one plain eager step: what it computes, layer by layer.

Eager tensors are values, so nothing here is traced, compiled or written on a device: each layer
call, tape and optimizer is wrapped in Python while the step runs, and asked afterwards.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer

BARE = {
    "relu": [(tf.nn, "relu"), (keras.ops, "relu")],
    "elu": [(tf.nn, "elu")],
    "sigmoid": [(tf.nn, "sigmoid"), (keras.ops, "sigmoid")],
    "tanh": [(tf.nn, "tanh"), (keras.ops, "tanh")],
}
"""Activation -> where a zoo model finds it as a function."""

MOVING = (
    keras.layers.InputLayer,
    keras.layers.Identity,
    keras.layers.Flatten,
    keras.layers.Dropout,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalMaxPooling1D,
)
"""Layers that only move, mask or pool values."""


@dataclass
class Output:
    """One tensor that a layer gave.

    name: its column. loose: Keras has no path for the layer, so a prefix may come before.
    kind: the activation's name, or None.
    activated: the activation's output, `tensor` itself unless a bare activation follows.
    gradients: one for each gradient call whose variables lie below; another call's backward pass
        never comes down to here.
    """

    name: str
    tensor: Any
    loose: bool = False
    kind: str | None = None
    activated: Any = None
    gradients: list[Any] = field(default_factory=list)


@dataclass
class Observation:
    """All that one step did. Gradients still carry the loss scale."""

    model: keras.Model
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    returned: list[Any] = field(default_factory=list)
    targets: list[Any] = field(default_factory=list)
    gradients: dict[int, list[Any]] = field(default_factory=dict)
    before: dict[int, Any] = field(default_factory=dict)
    applied: dict[int, Any] = field(default_factory=dict)
    optimizers: list[Any] = field(default_factory=list)
    rates: list[Any] = field(default_factory=list)
    scales: list[Any] = field(default_factory=list)
    stack: list[keras.layers.Layer] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    tapes: list[Any] = field(default_factory=list)
    applying: bool = False

    def own(self, layer: keras.layers.Layer) -> bool:
        """Whether a layer is part of the observed model."""
        return any(layer is mine for mine in self.model._flatten_layers())

    def hidden(self) -> bool:
        """Whether the current call runs inside a recurrent layer or an attention's softmax."""
        inner_softmax = isinstance(self.stack[-1], keras.layers.Softmax) and len(self.stack) > 1
        return any(isinstance(layer, keras.layers.RNN) for layer in self.stack[:-1]) or (
            inner_softmax and isinstance(self.stack[-2], keras.layers.MultiHeadAttention)
        )

    def unique(self, name: str) -> str:
        """The name, with @2, @3, ... from its second use on."""
        self.calls[name] = self.calls.get(name, 0) + 1
        return name if self.calls[name] == 1 else f"{name}@{self.calls[name]}"

    def find(self, tensor: Any) -> Output | None:
        """The output that this very tensor is."""
        return next((out for out in self.outputs if out.tensor is tensor), None)

    def keep(self, output: Output) -> None:
        """Takes an output in and lets all open tapes watch it."""
        self.outputs.append(output)
        for tape in self.tapes:
            tape.watch(output.tensor)


def _recordable(tensor: Any) -> bool:
    return (
        isinstance(tensor, tf.Tensor)
        and not tf.is_symbolic_tensor(tensor)
        and tensor.dtype.is_floating
    )


def activation_of(layer: keras.layers.Layer) -> str | None:
    """The activation that a Keras layer ends in, or None."""
    if isinstance(layer, keras.layers.ReLU):
        return "leaky_relu" if layer.negative_slope else "relu6" if layer.max_value == 6 else "relu"
    for cls, kind in (
        (keras.layers.LeakyReLU, "leaky_relu"),
        (keras.layers.ELU, "elu"),
        (keras.layers.Softmax, "softmax"),
    ):
        if isinstance(layer, cls):
            return kind
    if isinstance(layer, (keras.layers.RNN, keras.layers.Wrapper)):
        return None
    kind = getattr(getattr(layer, "activation", None), "__name__", None)
    return None if kind == "linear" else kind


def _observed_call(seen: Observation, call: Callable[..., Any], random_compiled: bool) -> Any:
    @functools.wraps(call)
    def observed(layer: keras.layers.Layer, *args: Any, **kwargs: Any) -> Any:
        if not seen.own(layer):
            return call(layer, *args, **kwargs)
        if layer is seen.model:
            given = {key: kwargs[key] for key in kwargs if key not in ("training", "mask")}
            seen.inputs += tf.nest.flatten((args, given))
        seen.stack.append(layer)
        try:
            if random_compiled and isinstance(layer, keras.layers.Dropout):
                compiled = tf.function(functools.partial(call, layer, **kwargs), jit_compile=True)
                return compiled(*args)
            result = call(layer, *args, **kwargs)
            if not seen.hidden() and not isinstance(layer, MOVING):
                _note(seen, layer, result)
            if layer is seen.model and not seen.returned:
                seen.returned = tf.nest.flatten(result)
            return result
        finally:
            seen.stack.pop()

    return observed


def _note(seen: Observation, layer: keras.layers.Layer, result: Any) -> None:
    fresh = [(i, t) for i, t in enumerate(tf.nest.flatten(result)) if _recordable(t)]
    fresh = [(i, tensor) for i, tensor in fresh if seen.find(tensor) is None]
    if not fresh:
        return
    name = seen.unique(layer.path or layer.name)
    for position, tensor in fresh:
        full = f"{name}[{position}]" if position else name
        kind = activation_of(layer)
        seen.keep(Output(full, tensor, loose=layer.path is None, kind=kind, activated=tensor))


def _observed_activation(seen: Observation, kind: str, function: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    def observed(x: Any, *args: Any, **kwargs: Any) -> Any:
        result = function(x, *args, **kwargs)
        layer = seen.stack[-1] if seen.stack else None
        foreign = layer is None or type(layer).__module__.startswith("keras.")
        if foreign or not _recordable(result):
            return result
        direct = seen.find(x)
        if direct is not None:
            direct.kind, direct.activated = kind, result
        elif seen.find(result) is None:
            name = seen.unique(f"{layer.path}/{kind}")
            seen.keep(Output(name, result, kind=kind, activated=result))
        return result

    return observed


def _observed_tape(seen: Observation) -> type[tf.GradientTape]:
    plain_tape = tf.GradientTape

    class ObservedTape(plain_tape):
        """Records twice: with the layers' outputs watched, and as the step asked for."""

        def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
            super().__init__(True, watch_accessed_variables)
            self.plain = plain_tape(True, watch_accessed_variables)

        def __enter__(self) -> "ObservedTape":
            super().__enter__()
            self.plain.__enter__()
            seen.tapes.append(super())
            return self

        def __exit__(self, *exception: Any) -> None:
            seen.tapes.pop()
            self.plain.__exit__(*exception)
            super().__exit__(*exception)

        def watch(self, tensor: Any) -> None:
            super().watch(tensor)
            self.plain.watch(tensor)

        def gradient(self, target: Any, sources: Any, **kwargs: Any) -> Any:
            grads = self.plain.gradient(target, sources, **kwargs)
            mine = {id(v): v for v in seen.model.trainable_variables}
            pairs = list(zip(tf.nest.flatten(sources), tf.nest.flatten(grads), strict=True))
            if any(id(source) in mine for source, _ in pairs):
                self._remember(target, [pair for pair in pairs if id(pair[0]) in mine])
            return grads

        def _remember(self, target: Any, pairs: list[tuple[Any, Any]]) -> None:
            seen.targets += tf.nest.flatten(target)
            for variable, grad in pairs:
                seen.gradients.setdefault(id(variable), []).append(grad)
                seen.before.setdefault(id(variable), variable.numpy())
            tensors = [out.tensor for out in seen.outputs]
            variables = [variable for variable, _ in pairs]
            for out, grad in zip(seen.outputs, super().gradient(target, tensors), strict=True):
                below = self.plain.gradient(out.tensor, variables)
                if grad is not None and any(g is not None for g in below):
                    out.gradients.append(grad)

    return ObservedTape


def _observed_apply(seen: Observation, apply: Callable[..., Any]) -> Any:
    @functools.wraps(apply)
    def observed(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
        if seen.applying:  # the inner optimizer of a loss scale
            return apply(optimizer, grads, trainable_variables)
        seen.applying = True
        try:
            seen.optimizers.append(optimizer)
            seen.rates.append(float(optimizer.learning_rate))
            seen.scales.append(_scale(optimizer))
            for variable, grad in zip(trainable_variables, grads, strict=True):
                seen.applied[id(variable)] = grad
            return apply(optimizer, grads, trainable_variables)
        finally:
            seen.applying = False

    return observed


def _scale(optimizer: Any) -> float | None:
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return None
    return float(optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


@contextlib.contextmanager
def observed(model: keras.Model, random_compiled: bool = False) -> Iterator[Observation]:
    """What the eager step run inside does.

    random_compiled: draw dropout masks as XLA does; its generator gives other numbers on a CPU.
    """
    seen = Observation(model)
    call = keras.layers.Layer.__call__
    with contextlib.ExitStack() as patches:
        replace = lambda *args: patches.enter_context(_replaced(*args))  # noqa: E731
        replace(keras.layers.Layer, "__call__", _observed_call(seen, call, random_compiled))
        for cls in (BaseOptimizer, keras.optimizers.LossScaleOptimizer):
            replace(cls, "apply", _observed_apply(seen, cls.apply))
        for kind, places in BARE.items():
            for module, name in places:
                function = getattr(module, name)
                replace(module, name, _observed_activation(seen, kind, function))
        replace(tf, "GradientTape", _observed_tape(seen))
        yield seen
