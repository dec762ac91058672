"""Hook on gradient tapes, and gradscope's own tape for code that wants to be explicit."""

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from gradscope.capture import variables as var
from gradscope.capture.hooks import Hook, watched_traces
from gradscope.capture.trace import Output, Trace
from gradscope.errors import UsageError

if TYPE_CHECKING:
    from gradscope.scope import Scope


class GradientTape(tf.GradientTape):
    """A tf.GradientTape whose gradients are the ones that a scope records.

    Only needed where a step has several tapes and not all of them count, as with a gradient
    penalty: once a step uses a `gradscope.GradientTape(scope)`, that scope ignores plain tapes.
    Outside a function decorated with `scope.step` it is a plain tape.

    scope: the `gradscope.Scope` that records.
    persistent, watch_accessed_variables: as in tf.GradientTape.

    Raises UsageError where `scope` is no Scope.

    >>> import tempfile, keras, tensorflow as tf, gradscope
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> optimizer = keras.optimizers.SGD(0.1)
    >>> scope = gradscope.Scope(model, tempfile.mkdtemp(), every=1)
    >>> @scope.step(jit_compile=False)
    ... def train_step(x):
    ...     with gradscope.GradientTape(scope) as tape:
    ...         loss = tf.reduce_mean(model(x) ** 2)
    ...     gradients = tape.gradient(loss, model.trainable_variables)
    ...     optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    ...     return loss
    >>> with scope:
    ...     loss = train_step(tf.ones([4, 2]))
    """

    def __init__(
        self, scope: "Scope", persistent: bool = False, watch_accessed_variables: bool = True
    ) -> None:
        if not callable(getattr(scope, "step", None)):
            raise UsageError(
                f"GradientTape: expected a gradscope.Scope as first argument, got "
                f"{type(scope).__name__}. Write gradscope.GradientTape(scope), or use "
                "tf.GradientTape, which scope.step sees as well."
            )
        super().__init__(persistent, watch_accessed_variables)
        self.scope = scope
        for trace in watched_traces():
            trace.count_only(scope)


def around_enter(trace: Trace, call: Any, tape: Any) -> Any:
    """The tape, entered; layer outputs are watched on it from here on."""
    entered = call(tape)
    trace.tapes.append(tape)
    return entered


def around_exit(trace: Trace, call: Any, tape: Any, *error: Any) -> Any:
    """Leaves the tape."""
    trace.tapes[:] = [other for other in trace.tapes if other is not tape]
    return call(tape, *error)


def around_gradient(
    trace: Trace,
    call: Any,
    tape: Any,
    target: Any,
    sources: Any,
    output_gradients: Any = None,
    unconnected_gradients: Any = tf.UnconnectedGradients.NONE,
) -> Any:
    """The gradients asked for; those of watched layer outputs come from the same backward pass."""
    flat = tf.nest.flatten(sources)
    wanted = [source if trace.knows(source) else None for source in flat]
    if trace.aside or all(v is None for v in wanted) or not trace.listens(tape):
        return call(tape, target, sources, output_gradients, unconnected_gradients)
    extra: list[Output] = []
    with trace.noting():
        own = [var.resource(source) for source in flat if trace.knows(source)]
        extra = _reached(trace, tape, own)
    grads = call(
        tape,
        target,
        [*flat, *(output.tensor for output in extra)],
        output_gradients,
        unconnected_gradients,
    )
    with trace.noting():
        _note_gradients(trace, target, wanted, grads, extra)
    return tf.nest.pack_sequence_as(sources, grads[: len(flat)])


def _reached(trace: Trace, tape: Any, sources: list[Any]) -> list[Output]:
    """The outputs that this tape watches and that depend on the variables asked for.

    The gradient of any other would be a backward pass of its own.
    """
    watched = [output for output in trace.outputs if id(tape) in output.tapes]
    return trace.reached_from(watched, sources)


def _note_gradients(
    trace: Trace, target: Any, wanted: list[Any], grads: list[Any], extra: list[Output]
) -> None:
    if trace.elsewhere():
        trace.gradient_elsewhere = True
        return
    trace.gradient_calls += 1
    for variable, grad in zip(wanted, grads, strict=False):
        if variable is not None and grad is not None:
            trace.grads_of(variable).append(grad)
    for output, grad in zip(extra, grads[len(wanted) :], strict=True):
        if grad is not None:
            output.grads.append(grad)
    for part in tf.nest.flatten(target):
        plain, scale = trace.scaled.get(id(part), (part, None))
        trace.targets.append(plain)
        trace.scale = trace.scale if scale is None else scale


def around_jacobian(trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The jacobian; the gradients that it is made of are no gradients of the loss."""
    trace.aside += 1
    try:
        return call(*args, **kwargs)
    finally:
        trace.aside -= 1


HOOKS = (
    Hook(tf.GradientTape, "jacobian", around_jacobian),
    Hook(tf.GradientTape, "batch_jacobian", around_jacobian),
    Hook(tf.GradientTape, "__enter__", around_enter),
    Hook(tf.GradientTape, "__exit__", around_exit),
    Hook(tf.GradientTape, "gradient", around_gradient),
)
