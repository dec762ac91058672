"""Clipping by the optimizer and by hand. The limits lie far from every gradient's length."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tests.zoo.entry import Entry, Part, from_logits, plain, second, vectors

Gradients = list[Any]


def _model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, "relu", name="first"),
            keras.layers.Dense(3, name="last"),
        ],
        name="clipped",
    )


def _by_optimizer(**setting: float) -> Callable[[], tuple[Part, ...]]:
    return lambda: plain(_model(), from_logits, keras.optimizers.SGD(0.5, **setting))


def _by_hand(clip: Callable[[Gradients], Gradients]) -> Callable[[], tuple[Part, ...]]:
    def build() -> tuple[Part, ...]:
        model, optimizer = _model(), keras.optimizers.SGD(0.5)

        def train_step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = from_logits(y, model(x, training=True))
            grads = clip(tape.gradient(loss, model.trainable_variables))
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            return loss

        return (Part(model, train_step, (optimizer,)),)

    return build


def _global_norm(grads: Gradients) -> Gradients:
    return tf.clip_by_global_norm(grads, 0.05)[0]


def _each_norm(grads: Gradients) -> Gradients:
    return [tf.clip_by_norm(grad, 0.1) for grad in grads]


def _each_value(grads: Gradients) -> Gradients:
    return [tf.clip_by_value(grad, -0.02, 0.02) for grad in grads]


def _only_first(grads: Gradients) -> Gradients:
    return [tf.clip_by_norm(grads[0], 1e-3), *grads[1:]]


def _by_arithmetic(grads: Gradients) -> Gradients:
    norms = [tf.norm(grad) for grad in grads]
    return [
        grad * tf.minimum(1.0, 0.1 / (norm + 1e-9)) for grad, norm in zip(grads, norms, strict=True)
    ]


def _rescaled_first(grads: Gradients) -> Gradients:
    return tf.clip_by_global_norm([1.0 * grad for grad in grads], 0.05)[0]


def _entry(name: str, build: Callable[[], tuple[Part, ...]], slow: bool = False) -> Entry:
    return Entry(name, build, vectors(4), labels=second, slow=slow)


ENTRIES = (
    _entry("clipnorm", _by_optimizer(clipnorm=0.1)),
    _entry("global_clipnorm", _by_optimizer(global_clipnorm=0.05)),
    _entry("clipvalue", _by_optimizer(clipvalue=0.02)),
    _entry("clipnorm_of_0_is_off", _by_optimizer(clipnorm=0.0), slow=True),
    _entry("clipnorm_never_reached", _by_optimizer(clipnorm=1e3), slow=True),
    _entry("clip_by_global_norm", _by_hand(_global_norm), slow=True),
    _entry("clip_by_norm", _by_hand(_each_norm), slow=True),
    _entry("clip_by_value", _by_hand(_each_value), slow=True),
    _entry("clipped_by_arithmetic", _by_hand(_by_arithmetic), slow=True),
    _entry("clipped_after_another_operation", _by_hand(_rescaled_first), slow=True),
    _entry("one_of_four_clipped_by_hand", _by_hand(_only_first)),
)
