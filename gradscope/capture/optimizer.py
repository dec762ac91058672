"""Hooks on optimizers and on clipping by hand."""

from typing import Any

import keras
import tensorflow as tf

from gradscope.capture.hooks import Hook
from gradscope.capture.trace import Apply, Clip, Trace


def around_apply(
    trace: Trace, call: Any, optimizer: Any, grads: Any, trainable_variables: Any = None
) -> Any:
    """Applies the gradients after noting who does so and with which learning rate."""
    grads = list(grads)
    variables = None if trainable_variables is None else list(trainable_variables)
    if not trace.applying:
        with trace.noting():
            _note_apply(trace, optimizer, grads, variables)
    trace.applying += 1
    try:
        return call(optimizer, grads, variables)
    finally:
        trace.applying -= 1


def _note_apply(
    trace: Trace, optimizer: Any, grads: list[Any], variables: list[Any] | None
) -> None:
    updated = variables if variables is not None else optimizer._trainable_variables
    mine = tuple((g, v) for g, v in zip(grads, updated, strict=False) if trace.knows(v))
    if not mine or trace.elsewhere():
        return
    # Read before the step count moves on, as the update itself does.
    rate = tf.cast(tf.convert_to_tensor(optimizer.learning_rate), tf.float32)
    trace.applies.append(Apply(optimizer, rate, mine))


def around_scale_loss(trace: Trace, call: Any, optimizer: Any, loss: Any) -> Any:
    """The scaled loss, after noting the loss and the factor."""
    scaled = call(optimizer, loss)
    with trace.noting():
        if not trace.elsewhere() and isinstance(scaled, tf.Tensor) and scaled is not loss:
            trace.scaled[id(scaled)] = (tf.convert_to_tensor(loss), _factor(optimizer))
    return scaled


def _factor(optimizer: Any) -> tf.Tensor:
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        factor = optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale
    else:
        factor = optimizer.loss_scale_factor
    return tf.cast(tf.convert_to_tensor(factor), tf.float32)


def around_clip_by_norm(trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The clipped tensor."""
    return _clipping(trace, "norm", call, args, kwargs, ("t", "clip_norm"))


def around_clip_by_global_norm(trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The clipped tensors and their norm."""
    return _clipping(trace, "global", call, args, kwargs, ("t_list", "clip_norm"))


def around_clip_by_value(trace: Trace, call: Any, *args: Any, **kwargs: Any) -> Any:
    """The clipped tensor."""
    return _clipping(trace, "value", call, args, kwargs, ("t", "clip_value_max"))


def _clipping(
    trace: Trace,
    kind: str,
    call: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    names: tuple[str, str],
) -> Any:
    clipped = call(*args, **kwargs)
    if trace.applying or trace.elsewhere():
        return clipped
    with trace.noting():
        tensors = args[0] if args else kwargs[names[0]]
        place = 2 if kind == "value" else 1
        limit = args[place] if len(args) > place else kwargs[names[1]]
        known = {id(grad) for grads in trace.grads.values() for grad in grads}
        group = list(tensors) if kind == "global" else [tensors]
        made = list(clipped[0]) if kind == "global" else [clipped]
        mine = [(g, c) for g, c in zip(group, made, strict=True) if id(g) in known]
        if mine:
            norm = clipped[1] if kind == "global" else None
            went_in, came_out = zip(*mine, strict=True)
            trace.clips.append(Clip(kind, went_in, came_out, limit, norm))
    return clipped


def _definer(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in vars(base))


def _optimizer_hooks() -> tuple[Hook, ...]:
    hooks = []
    for name, around in (("apply", around_apply), ("scale_loss", around_scale_loss)):
        classes = [keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer]
        owners = dict.fromkeys(_definer(cls, name) for cls in classes)
        hooks.extend(Hook(owner, name, around) for owner in owners)
    return tuple(hooks)


HOOKS = (
    *_optimizer_hooks(),
    Hook(tf, "clip_by_norm", around_clip_by_norm),
    Hook(tf, "clip_by_global_norm", around_clip_by_global_norm),
    Hook(tf, "clip_by_value", around_clip_by_value),
)
