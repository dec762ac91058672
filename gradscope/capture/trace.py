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
    units: the tensor on which silence and saturation are judged, None without a known kind.
    argument: what the activation function was applied to, None where that isn't known.
    stated: the name of the activation that its layer states, known to gradscope or not; "linear"
        for layers without one, None where nobody can tell.
    tapes: ids of the tapes that watch it.
    grads: ∂loss/∂tensor, one for each gradient call that gave one.
    """

    path: str
    tensor: tf.Tensor
    layer_class: str = ""
    kind: str | None = None
    units: Any = None
    argument: Any = None
    stated: str | None = None
    tapes: set[int] = field(default_factory=set)
    grads: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Applied:
    """One call of an activation function: out = kind(x)."""

    kind: str
    x: Any
    out: tf.Tensor


@dataclass(frozen=True)
class Clip:
    """One clipping of gradients by hand.

    kind: "norm", "global" or "value". limit: the bound. norm: the global norm, for "global".
    grads: what went in. clipped: what came out, in the same order.
    """

    kind: str
    grads: tuple[Any, ...]
    clipped: tuple[Any, ...]
    limit: Any
    norm: Any = None


@dataclass(frozen=True)
class Apply:
    """One call of `optimizer.apply`: the optimizer, its learning rate then, what it was given.

    given: (gradient or None, variable) for each of the model's variables in the call.
    """

    optimizer: Any
    learning_rate: Any
    given: tuple[tuple[Any, Any], ...]


@dataclass
class Pair:
    """Labels and predictions as a loss got them.

    labels, predictions: tensors; labels of any number type.
    loss: the loss function's name, None for one written by hand.
    kind: "sparse", "onehot", "binary", "regression" or None where that isn't known.
    from_logits: what a cross-entropy was told, None where nobody said.
    logits: whether it works on logits, None where that isn't known.
    scores: the logits, None where it works on probabilities.
    restored: whether Keras took the logits from before a softmax or sigmoid.
    """

    labels: Any
    predictions: tf.Tensor
    loss: str | None = None
    kind: str | None = None
    from_logits: bool | None = None
    logits: bool | None = None
    scores: Any = None
    restored: bool = False


class Trace:
    """What one step computes for one scope. Filled by the hooks, read by `measure`."""

    def __init__(self, owner: Any, model: Any) -> None:
        self.owner, self.model, self.xla = owner, model, False
        self.graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        self.variables: list[Any] = []
        self.before: dict[int, tf.Tensor] = {}
        self.grads: dict[int, list[Any]] = {}
        self._trained = 0
        self._trains: Ancestry | None = None
        self.refresh()
        self.outputs: list[Output] = []
        self.by_tensor: dict[int, Output] = {}
        self.targets: list[tf.Tensor] = []
        self.scaled: dict[int, tuple[tf.Tensor, Any]] = {}
        self.scale: Any = None
        self.clips: list[Clip] = []
        self.applies: list[Apply] = []
        self.pair: Pair | None = None
        self.judging: Pair | None = None
        self.arguments: list[Any] = []
        self.inputs: list[tf.Tensor] = []
        self.fed: list[tf.Tensor] = []
        self.returned: list[tf.Tensor] = []
        self.made_by: dict[int, Applied] = {}
        self.moved: dict[int, tuple[Any, Any]] = {}
        self.model_called = False
        self.extra_losses: list[tf.Tensor] = []
        self.tapes: list[Any] = []
        self.layers: list[Any] = []
        self._applied: list[list[Applied]] = []
        self.opaque = 0
        self.applying = 0
        self.explicit = False
        self.gradient_calls = 0
        self.gradient_elsewhere = False
        self.aside = 0
        self.failure: Exception | None = None
        self._calls: dict[str, int] = {}
        self._seen: set[int] = set()
        self._first_use: dict[int, int] = {}
        self._owned = {id(layer) for layer in layers(model)}

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
        if self.elsewhere():
            return
        self.variables = var.trainable(self.model)
        resources = [var.resource(v) for v in self.variables]
        for resource in resources:
            if id(resource) not in self.before:
                self.before[id(resource)] = var.read(resource)
                self.grads[id(resource)] = []
        if self.graph is not None and len(resources) != self._trained:
            self._trained = len(resources)
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
        """From now on explicit tapes alone count where `scope` is this trace's; drops the rest."""
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
        return isinstance(tensor, tf.Tensor) and tensor.dtype.is_floating and self.holds(tensor)

    def holds(self, tensor: tf.Tensor) -> bool:
        """True for tensors of the step itself: not of a loop body, a branch or a dry run."""
        if self.graph is None:
            return not tf.is_symbolic_tensor(tensor)
        return not tf.is_symbolic_tensor(tensor) or tensor.graph is self.graph

    def elsewhere(self) -> bool:
        """True while a loop body, a branch or a dry run is traced, out of the step's own reach."""
        if self.graph is None:
            return not tf.executing_eagerly()
        return tf.compat.v1.get_default_graph() is not self.graph

    def trains(self, tensor: tf.Tensor) -> bool:
        """True where a trainable variable of the model is among the tensor's ancestors.

        Eager tensors have no ancestors to look at: there it is True from the first layer on that
        has trainable variables.
        """
        return bool(self._first_use) if self._trains is None else self._trains(tensor)

    def reached_from(self, outputs: list[Output], sources: list[Any]) -> list[Output]:
        """Those of the outputs that depend on one of the tf.Variables.

        Without a graph: those that came after the first use of one.
        """
        if self.graph is not None:
            depends = Ancestry(reads_any(self.graph, sources))
            return [output for output in outputs if depends(output.tensor)]
        first = min((self._first_use.get(id(source), 0) for source in sources), default=0)
        late = {id(output) for output in self.outputs[first:]}
        return [output for output in outputs if id(output) in late]

    def saw_layer(self, layer: Any) -> None:
        """Notes that a layer returned: it may have built itself, or be the first that trains."""
        if id(layer) in self._seen or self.elsewhere():
            return
        self._seen.add(id(layer))
        own = getattr(layer, "trainable_variables", ())
        if not all(self.knows(v) for v in own):
            self.refresh()
        for variable in own:
            if self.knows(variable):
                self._first_use.setdefault(id(var.resource(variable)), len(self.outputs))

    def enter(self, layer: Any) -> None:
        """Notes that a layer is being called."""
        self.layers.append(layer)
        self._applied.append([])

    def leave(self) -> list[Applied]:
        """Notes that the layer returned or raised; the activations that it applied itself."""
        self.layers.pop()
        return self._applied.pop()

    def add_applied(self, applied: Applied) -> None:
        """Notes an activation function that the layer being called applies."""
        self._applied[-1].append(applied)

    def in_attention(self) -> bool:
        """True inside an attention layer, whose softmax is over positions, which are no units."""
        return any(type(layer).__name__.endswith("Attention") for layer in self.layers[-2:])

    def name(self, layer: Any) -> str:
        """The layer's path, or its parent's path and its name where it has none of its own."""
        path = getattr(layer, "path", None)
        if path:
            return path
        parent = getattr(self.layers[-1], "path", None) if self.layers else None
        return f"{parent}/{layer.name}" if parent else layer.name

    def add_output(
        self,
        path: str,
        tensor: tf.Tensor,
        layer_class: str,
        kind: str | None = None,
        stated: str | None = None,
    ) -> None:
        """Adds a tensor under a path, unless the same tensor has one already; starts watching.

        kind: its activation function, where that is known already.
        stated: see `Output`.
        """
        if id(tensor) in self.by_tensor or not self.here(tensor):
            return
        self._calls[path] = count = self._calls.get(path, 0) + 1
        output = Output(path if count == 1 else f"{path}@{count}", tensor, layer_class, kind)
        output.units, output.stated = tensor if kind else None, stated
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


def layers(model: Any) -> list[Any]:
    """The model and all layers in it; the model alone where it is not one of Keras."""
    flatten = getattr(model, "_flatten_layers", None)
    return [model] if flatten is None else list(flatten(include_self=True, recursive=True))
