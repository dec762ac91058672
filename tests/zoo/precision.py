"""float16, bfloat16 and float64 variables; mixed precision with loss scaling."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.zoo.entry import Batch, Entry, Part, from_logits, plain, second, vectors


def _model(policy: str, activation: str = "relu") -> keras.Model:
    def dense(*args: Any, name: str) -> keras.layers.Layer:
        return keras.layers.Dense(*args, name=name, dtype=policy)

    return keras.Sequential(
        [
            keras.Input((4,), dtype="float64" if policy == "float64" else "float32"),
            dense(6, activation, name="first"),
            dense(3, name="last"),
        ],
        name="precise",
    )


def _plain(policy: str) -> Callable[[], tuple[Part, ...]]:
    return lambda: plain(_model(policy), _in_float32, keras.optimizers.SGD(0.1))


def _smooth() -> tuple[Part, ...]:
    # Not a ReLU: its slope at NaN is 0 in an XLA program and NaN elsewhere.
    return plain(_model("float32", "tanh"), from_logits)


def _in_float32(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    wide = logits if logits.dtype == tf.float64 else tf.cast(logits, tf.float32)
    return from_logits(y, wide)


def _scaled(policy: str, **setting: float) -> Callable[[], tuple[Part, ...]]:
    def build() -> tuple[Part, ...]:
        model = _model(policy)
        optimizer = keras.optimizers.LossScaleOptimizer(
            keras.optimizers.SGD(0.1, **setting), initial_scale=1024.0, dynamic_growth_steps=2
        )

        def train_step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = _in_float32(y, model(x, training=True))
                scaled = optimizer.scale_loss(loss)
            grads = tape.gradient(scaled, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            return loss

        return (Part(model, train_step, (optimizer,)),)

    return build


def _overflowing() -> list[Batch]:
    """The second of three batches overflows float16."""
    batches = vectors(4)()
    batches[1] = (batches[1][0] * np.float32(6e4), batches[1][1])
    return batches


def _with_infinity() -> list[Batch]:
    """The second of three batches holds an infinite input."""
    batches = vectors(4)()
    batches[1][0][2, 1] = np.inf
    return batches


_HALF = "float16 rounds to 1 in 2048, and the two programs round at other places"
_BRAIN = "bfloat16 rounds to 1 in 256, and the two programs round at other places"

ENTRIES = (
    Entry("float64", _plain("float64"), vectors(4, dtype="float64"), labels=second),
    Entry("float16", _plain("float16"), vectors(4), second, rtol=1e-2, why_rtol=_HALF, atol=1e-3),
    Entry(
        "bfloat16", _plain("bfloat16"), vectors(4), second, rtol=6e-2, why_rtol=_BRAIN, atol=1e-2
    ),
    Entry(
        "mixed_float16_loss_scale",
        _scaled("mixed_float16"),
        _overflowing,
        second,
        rtol=1e-2,
        why_rtol=_HALF,
        atol=1e-3,
    ),
    Entry(
        "mixed_float16_clipped",
        _scaled("mixed_float16", clipnorm=0.05),
        vectors(4),
        second,
        rtol=1e-2,
        why_rtol=_HALF,
        atol=1e-3,
        slow=True,
    ),
    Entry(
        "mixed_bfloat16",
        _plain("mixed_bfloat16"),
        vectors(4),
        second,
        rtol=6e-2,
        why_rtol=_BRAIN,
        atol=1e-2,
        slow=True,
    ),
    Entry("infinite_input", _smooth, _with_infinity, labels=second),
)
