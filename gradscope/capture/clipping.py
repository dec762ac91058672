"""Which gradients were shortened between the tape and the update."""

from typing import Any

import tensorflow as tf

from gradscope.capture.trace import Apply, Clip, Trace
from gradscope.probes import gradients
from gradscope.probes import objective as objective_probe

_ROUNDING = 1e-5
"""Share of a norm by which two float32 sums of the same squares may differ."""

Numbers = dict[int, tuple[tf.Tensor, tf.Tensor]]
"""id of a variable -> (norm, largest element) of its gradient, loss scale divided out."""


def clipped(trace: Trace, numbers: Numbers) -> list[tf.Tensor]:
    """For each variable that a gradient reaches: a bool scalar, True where it was shortened.

    By TensorFlow's clipping functions, by the optimizer's settings, or by arithmetic of the step's
    own, which shows in what the optimizer is given.
    """
    scale = 1.0 if trace.scale is None else trace.scale
    flags = []
    for variable in trace.variables:
        if id(variable) not in numbers:
            continue
        norm, largest = numbers[id(variable)]
        own = trace.grads_of(variable)
        hits = [
            _exceeds(clip, norm * scale, largest * scale)
            for clip in trace.clips
            if _shares(own, clip.grads)
        ]
        for apply in trace.applies:
            hits += _by_arithmetic(trace, apply, variable, own, norm * scale)
            if any(v is variable for _, v in apply.given):
                hits += _by_optimizer(apply, numbers, norm, largest)
        flags.append(tf.reduce_any(tf.stack(hits)) if hits else tf.constant(False))
    return flags


def _shares(some: Any, others: Any) -> bool:
    return any(one is other for one in some for other in others)


def _exceeds(clip: Clip, norm: tf.Tensor, largest: tf.Tensor) -> tf.Tensor:
    size = {"norm": norm, "global": clip.norm, "value": largest}[clip.kind]
    return tf.cast(size, tf.float32) > tf.cast(clip.limit, tf.float32)


def _by_arithmetic(
    trace: Trace, apply: Apply, variable: Any, own: list[Any], norm: tf.Tensor
) -> list[tf.Tensor]:
    """Compares norms where the optimizer gets neither the tape's gradient nor a clipped one."""
    known = [*own, *(made for clip in trace.clips for made in clip.clipped)]
    return [
        gradients.gradient(given).grad_norm < norm * (1.0 - _ROUNDING)
        for given, v in apply.given
        if v is variable and given is not None and not _shares([given], known)
    ]


def _by_optimizer(
    apply: Apply, numbers: Numbers, norm: tf.Tensor, largest: tf.Tensor
) -> list[tf.Tensor]:
    optimizer = getattr(apply.optimizer, "inner_optimizer", apply.optimizer)
    if optimizer.gradient_accumulation_steps:
        # What is clipped there is a mean over steps that this step alone doesn't know.
        return []
    if optimizer.clipnorm and optimizer.clipnorm > 0:
        return [norm > optimizer.clipnorm]
    if optimizer.global_clipnorm and optimizer.global_clipnorm > 0:
        norms = [numbers[id(v)][0] for _, v in apply.given if id(v) in numbers]
        return [objective_probe.global_grad_norm(norms) > optimizer.global_clipnorm]
    if optimizer.clipvalue and optimizer.clipvalue > 0:
        return [largest > optimizer.clipvalue]
    return []
