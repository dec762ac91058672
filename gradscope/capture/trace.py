"""What one traced (or eagerly run) training step computes, gathered while it runs."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from gradscope.capture import variables as var
from gradscope.capture.ancestry import Ancestry, reads_any
from gradscope.errors import GradscopeError, GradscopeWarning


@dataclass
class Output:
    """A layer's output, or a tensor named by `Scope.tap`.

    kind: its activation function, None where it is linear or unknown.
    units: the tensor on which silence and saturation are judged.
    tapes: ids of the tapes that watch it.
    grads: ∂loss/∂tensor, one for each gradient call that gave one.
    """

    path: str
    tensor: tf.Tensor
    layer_class: str = ""
    kind: str | None = None
    units: tf.Tensor | None = None
    tapes: set[int] = field(default_factory=set)
    grads: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Applied:
    """One call of an activation function: out = kind(x), inside the layer at `owner`."""

    kind: str
    x: Any
    out: tf.Tensor
    owner: str


@dataclass(frozen=True)
class Clip:
    """One clipping of gradients by hand.

    kind: "norm", "global" or "value". limit: the bound. norm: the global norm, for "global".
    """

    kind: str
    grads: tuple[Any, ...]
    limit: Any
    norm: Any = None


@dataclass(frozen=True)
class Apply:
    """One call of `optimizer.apply`: the optimizer, its learning rate then, its variables."""

    optimizer: Any
    learning_rate: Any
    variables: tuple[Any, ...]


@dataclass(frozen=True)
class Labels:
    """Labels and predictions as a loss function got them; see probes.data.label_entropy."""

    tensor: Any
    kind: str
    classes: int | None


class Trace:
    """What one step computes for one scope. Filled by the hooks, read by `measure`."""

    def __init__(self, owner: Any, model: Any) -> None:
        self.owner, self.model = owner, model
        self.graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        self.variables: list[Any] = []
        self.before: dict[int, tf.Tensor] = {}
        self.grads: dict[int, list[Any]] = {}
        self._trains: Ancestry | None = None
        self.refresh()
        self.outputs: list[Output] = []
        self.by_tensor: dict[int, Output] = {}
        self.applied: list[Applied] = []
        self.targets: list[tf.Tensor] = []
        self.scaled: dict[int, tuple[tf.Tensor, Any]] = {}
        self.scale: Any = None
        self.clips: list[Clip] = []
        self.applies: list[Apply] = []
        self.labels: Labels | None = None
        self.inputs: list[tf.Tensor] | None = None
        self.extra_losses: list[tf.Tensor] = []
        self.tapes: list[Any] = []
        self.layers: list[Any] = []
        self.opaque = 0
        self.applying = 0
        self.explicit = False
        self.gradient_calls = 0
        self.failure: Exception | None = None
        self._calls: dict[str, int] = {}
        self._eager_trained = False
        self._owned = {id(layer) for layer in _layers(model)}

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Keeps gradscope's own errors out of the user's step: the first one is kept."""
        try:
            yield
        except GradscopeError:
            raise
        except Exception as error:
            self.failure = self.failure or error

    def refresh(self) -> None:
        """Takes in the variables that the model has by now.

        A model may build itself while the step runs. What it creates is read here, before the
        step updates it.
        """
        present = var.trainable(self.model)
        if self.variables and len(present) == len(self.variables):
            return
        self.variables = present
        resources = [var.resource(v) for v in present]
        for resource in resources:
            if id(resource) not in self.before:
                self.before[id(resource)] = var.read(resource)
                self.grads[id(resource)] = []
        if self.graph is not None:
            self._trains = Ancestry(reads_any(self.graph, resources))

    def knows(self, variable: Any) -> bool:
        """True for the model's trainable variables."""
        return id(var.resource(variable)) in self.grads

    def grads_of(self, variable: Any) -> list[Any]:
        """The gradients of one variable, one for each gradient call that reached it."""
        return self.grads[id(var.resource(variable))]

    def before_values(self) -> list[tf.Tensor]:
        """The values of `variables` when the step began."""
        return [self.before[id(var.resource(v))] for v in self.variables]

    def count_only(self, scope: Any) -> None:
        """Lets only explicit tapes count, where `scope` is this trace's: also for what came before."""
        if self.explicit or scope is not self.owner:
            return
        self.explicit = True
        self.gradient_calls = 0
        self.targets.clear()
        for parts in (*self.grads.values(), *(output.grads for output in self.outputs)):
            parts.clear()

    def owns(self, layer: Any) -> bool:
        """True for layers of the model, and for whatever they call."""
        return bool(self.layers) or id(layer) in self._owned

    def here(self, tensor: Any) -> bool:
        """True for float tensors that can be used where the step ends."""
        if not isinstance(tensor, tf.Tensor) or not tensor.dtype.is_floating:
            return False
        return self.graph is None or tensor.graph is self.graph

    def trains(self, tensor: tf.Tensor) -> bool:
        """True where a trainable variable of the model is among the tensor's ancestors.

        Eager tensors have no ancestors to look at: there it is True from the first layer on that
        has trainable variables.
        """
        return self._trains(tensor) if self._trains is not None else self._eager_trained

    def saw_layer(self, layer: Any) -> None:
        """Notes that a layer returned, for `trains` where there is no graph."""
        if self.graph is None and not self._eager_trained:
            own = getattr(layer, "trainable_variables", ())
            self._eager_trained = any(self.knows(v) for v in own)

    def name(self, layer: Any) -> str:
        """The layer's path, or its parent's path and its name where it has none of its own."""
        path = getattr(layer, "path", None)
        if path:
            return path
        parent = getattr(self.layers[-1], "path", None) if self.layers else None
        return f"{parent}/{layer.name}" if parent else layer.name

    def add_output(self, path: str, tensor: tf.Tensor, layer_class: str) -> None:
        """Adds a tensor under a path, unless the same tensor has one already; starts watching."""
        if id(tensor) in self.by_tensor or not self.here(tensor):
            return
        self._calls[path] = count = self._calls.get(path, 0) + 1
        output = Output(path if count == 1 else f"{path}@{count}", tensor, layer_class)
        self.outputs.append(output)
        self.by_tensor[id(tensor)] = output
        if not self.trains(tensor):
            # Differentiating down to here would be a backward pass the plain step never does.
            return
        for tape in self.tapes:
            if self.listens(tape):
                tape.watch(tensor)
                output.tapes.add(id(tape))

    def listens(self, tape: Any) -> bool:
        """True for tapes whose gradients count: all, or the explicit ones where there are any."""
        scope = getattr(tape, "scope", None)
        return scope is self.owner if scope is not None else not self.explicit

    def warn(self, message: str) -> None:
        """Warns the user, naming no line: there is none to blame at trace time."""
        warnings.warn(message, GradscopeWarning, stacklevel=2)


def _layers(model: Any) -> list[Any]:
    flatten = getattr(model, "_flatten_layers", None)
    return [model] if flatten is None else list(flatten(include_self=True, recursive=True))
