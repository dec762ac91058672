"""The training steps that the benchmarks run: models, optimizers and batches, seeded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

L = keras.layers


@dataclass(frozen=True)
class Workload:
    """A model and a batch for it.

    build: makes the model anew; weights are seeded by the caller.
    batch: (inputs, integer labels).
    """

    name: str
    build: Callable[[], keras.Model]
    batch: tuple[np.ndarray, np.ndarray]


def train_step(model: keras.Model, optimizer: Any) -> Callable[[Any, Any], Any]:
    """A plain training step: cross-entropy on the model's logits."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    return step


def mlp() -> Workload:
    """784, 6 × 512, 10 on 128 samples: memory-bound, hardly any work to hide behind."""

    def build() -> keras.Model:
        hidden = [L.Dense(512, "relu") for _ in range(6)]
        return keras.Sequential([keras.Input((784,)), *hidden, L.Dense(10)])

    return Workload("mlp", build, _images((128, 784), 10))


def cnn() -> Workload:
    """Five 3×3 convolutions, 32 to 128 channels, on 32 images of 32×32×3."""

    def build() -> keras.Model:
        blocks = []
        for channels in (32, 64, 128):
            blocks += [L.Conv2D(channels, 3, padding="same", activation="relu"), L.MaxPooling2D()]
        return keras.Sequential(
            [
                keras.Input((32, 32, 3)),
                L.Conv2D(32, 3, padding="same", activation="relu"),
                *blocks,
                L.Conv2D(128, 3, padding="same", activation="relu"),
                L.GlobalAveragePooling2D(),
                L.Dense(10),
            ]
        )

    return Workload("cnn", build, _images((32, 32, 32, 3), 10))


def transformer() -> Workload:
    """A pre-LayerNorm encoder: 4 blocks, width 128, 4 heads, 16 sequences of 64 tokens."""

    def build() -> keras.Model:
        tokens = keras.Input((64,), dtype="int32")
        x = L.Embedding(1000, 128)(tokens)
        for _ in range(4):
            normed = L.LayerNormalization()(x)
            x = L.Add()([x, L.MultiHeadAttention(4, 32)(normed, normed)])
            normed = L.LayerNormalization()(x)
            x = L.Add()([x, L.Dense(128)(L.Dense(512, "gelu")(normed))])
        return keras.Model(tokens, L.Dense(10)(L.GlobalAveragePooling1D()(x)))

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 16)
    return Workload("transformer", build, (rng.integers(0, 1000, (16, 64)), labels))


def lstm() -> Workload:
    """Two LSTMs of 128 units on 32 sequences of 50 steps of 32 features."""

    def build() -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((50, 32)),
                L.LSTM(128, return_sequences=True),
                L.LSTM(128),
                L.Dense(10),
            ]
        )

    return Workload("lstm", build, _images((32, 50, 32), 10))


WORKLOADS = {"mlp": mlp, "cnn": cnn, "transformer": transformer, "lstm": lstm}


def _images(shape: tuple[int, ...], classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=shape).astype("float32"), rng.integers(0, classes, shape[0])
