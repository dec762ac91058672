"""The training steps that are measured: models, optimizers and batches, seeded. Keras alone.

Every workload is a function of a size: "cpu" and "gpu" for the machines they are measured on,
"tiny" for tests. What each is meant to show stands in plan.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gradscope.bench.plan import Size

L = keras.layers


@dataclass(frozen=True)
class Workload:
    """A model and a batch for it, for a step on cross-entropy with Adam.

    title: what it is, with its sizes.
    build: makes the model anew; its weights come from Keras' seed.
    batch: (inputs, integer labels); the labels have one number for each row of logits.
    """

    name: str
    title: str
    build: Callable[[], keras.Model]
    batch: tuple[np.ndarray, np.ndarray]


def build(name: str, size: Size) -> Workload:
    """The workload of a name in `plan.WORKLOADS`."""
    return BUILDERS[name](size)


def optimizer() -> Any:
    """A new optimizer; the same for all workloads."""
    return keras.optimizers.Adam(1e-3)


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


def mlp(size: Size) -> Workload:
    """784, 6 × 512, 10 on 128 samples."""
    width, rows = (512, 128) if size != "tiny" else (16, 8)

    def build() -> keras.Model:
        hidden = [L.Dense(width, "relu") for _ in range(6)]
        return keras.Sequential([keras.Input((784,)), *hidden, L.Dense(10)])

    title = f"MLP: 784, 6 × {width}, 10; batch {rows}"
    return Workload("mlp", title, build, _pictures((rows, 784), 10))


def cnn(size: Size) -> Workload:
    """Five 3×3 convolutions, 32 to 128 channels, on 32 images of 32×32×3."""
    first, rows = (32, 32) if size != "tiny" else (4, 2)

    def build() -> keras.Model:
        blocks = []
        for channels in (first, 2 * first, 4 * first):
            blocks += [L.Conv2D(channels, 3, padding="same", activation="relu"), L.MaxPooling2D()]
        return keras.Sequential(
            [
                keras.Input((32, 32, 3)),
                L.Conv2D(first, 3, padding="same", activation="relu"),
                *blocks,
                L.Conv2D(4 * first, 3, padding="same", activation="relu"),
                L.GlobalAveragePooling2D(),
                L.Dense(10),
            ]
        )

    title = f"CNN: five 3×3 convolutions, {first} to {4 * first} channels; {rows} images of 32×32"
    return Workload("cnn", title, build, _pictures((rows, 32, 32, 3), 10))


def transformer(size: Size) -> Workload:
    """A pre-LayerNorm encoder: 4 blocks, width 128, 4 heads, 16 sequences of 64 tokens."""
    blocks, width, rows, length = (4, 128, 16, 64) if size != "tiny" else (1, 16, 2, 8)

    def build() -> keras.Model:
        tokens = keras.Input((length,), dtype="int32")
        x = L.Embedding(1000, width)(tokens)
        for _ in range(blocks):
            normed = L.LayerNormalization()(x)
            x = L.Add()([x, L.MultiHeadAttention(4, width // 4)(normed, normed)])
            normed = L.LayerNormalization()(x)
            x = L.Add()([x, L.Dense(width)(L.Dense(4 * width, "gelu")(normed))])
        return keras.Model(tokens, L.Dense(10)(L.GlobalAveragePooling1D()(x)))

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, rows)
    batch = rng.integers(0, 1000, (rows, length)), labels
    title = f"Transformer: {blocks} blocks, width {width}; {rows} × {length} tokens"
    return Workload("transformer", title, build, batch)


def lstm(size: Size) -> Workload:
    """Two LSTMs of 128 units on 32 sequences of 50 steps of 32 features."""
    units, rows, length = (128, 32, 50) if size != "tiny" else (8, 2, 5)

    def build() -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((length, 32)),
                L.LSTM(units, return_sequences=True),
                L.LSTM(units),
                L.Dense(10),
            ]
        )

    title = f"LSTM: 2 × {units} units; {rows} × {length} steps"
    return Workload("lstm", title, build, _pictures((rows, length, 32), 10))


def resnet50(size: Size) -> Workload:
    """ResNet-50 with new weights: 8 images of 64×64 on a CPU, 64 of 224×224 on a GPU."""
    rows, edge = {"tiny": (1, 32), "cpu": (8, 64), "gpu": (64, 224)}[size]

    def build() -> keras.Model:
        return keras.applications.ResNet50(
            weights=None, input_shape=(edge, edge, 3), classes=1000, classifier_activation=None
        )

    title = f"ResNet-50; {rows} images of {edge}×{edge}"
    return Workload("resnet50", title, build, _pictures((rows, edge, edge, 3), 1000))


def decoder(size: Size) -> Workload:
    """12 blocks of width 768, 12 heads, 50,257 words, 1024 positions, as GPT-2 small.

    Unlike there, input and output share no weights. 4 × 1024 tokens on a GPU, 1 × 128 on a CPU.
    """
    rows, length = {"tiny": (1, 8), "cpu": (1, 128), "gpu": (4, 1024)}[size]
    blocks, width, heads, words = (1, 16, 2, 50) if size == "tiny" else (12, 768, 12, 50257)
    positions = 8 if size == "tiny" else 1024

    def build() -> keras.Model:
        tokens = keras.Input((length,), dtype="int32")
        x = _Positions(positions)(L.Embedding(words, width)(tokens))
        for _ in range(blocks):
            normed = L.LayerNormalization()(x)
            attention = L.MultiHeadAttention(heads, width // heads)
            x = L.Add()([x, attention(normed, normed, use_causal_mask=True)])
            normed = L.LayerNormalization()(x)
            x = L.Add()([x, L.Dense(width)(L.Dense(4 * width, "gelu")(normed))])
        return keras.Model(tokens, L.Dense(words, use_bias=False)(L.LayerNormalization()(x)))

    rng = np.random.default_rng(0)
    text = rng.integers(0, words, (rows, length + 1))
    title = f"Decoder: {blocks} blocks, width {width}, {words:,} words; {rows} × {length} tokens"
    return Workload("decoder", title, build, (text[:, :-1], text[:, 1:]))


class _Positions(L.Layer):
    """Adds a vector for each position, out of as many as a sequence may have."""

    def __init__(self, positions: int) -> None:
        super().__init__()
        self._positions = positions

    def build(self, input_shape: Any) -> None:
        shape = (self._positions, input_shape[-1])
        self._table = self.add_weight(shape=shape, initializer="random_normal", name="positions")

    def call(self, x: Any) -> Any:
        return x + self._table[: x.shape[1]]


def deep(size: Size, layers: int | None = None) -> Workload:
    """A residual stack of 500 Dense layers of 32 units on 32 samples.

    layers: another number of them.
    """
    depth = layers or (6 if size == "tiny" else 500)

    def build() -> keras.Model:
        inputs = keras.Input((32,))
        x = inputs
        for _ in range(depth):
            small = keras.initializers.VarianceScaling(1 / depth)
            x = L.Add()([x, L.Dense(32, "relu", kernel_initializer=small)(x)])
        return keras.Model(inputs, L.Dense(10)(x))

    title = f"Deep stack: {depth} residual layers of 32 units; batch 32"
    return Workload("deep", title, build, _pictures((32, 32), 10))


def embedding(size: Size) -> Workload:
    """256 bags of 32 words out of 100,000, in 64 dimensions: its gradients are IndexedSlices."""
    words, rows = (100_000, 256) if size != "tiny" else (100, 4)

    def build() -> keras.Model:
        tokens = keras.Input((32,), dtype="int32")
        mean = L.GlobalAveragePooling1D()(L.Embedding(words, 64)(tokens))
        return keras.Model(tokens, L.Dense(10)(L.Dense(64, "relu")(mean)))

    rng = np.random.default_rng(0)
    # few words are frequent, as in a text, so that indices repeat
    text = np.minimum(rng.zipf(1.3, (rows, 32)), words) - 1
    title = f"Embedding: {words:,} × 64; batch {rows} × 32 words"
    return Workload("embedding", title, build, (text, rng.integers(0, 10, rows)))


def finetuning(size: Size) -> Workload:
    """A frozen MobileNetV2 below two trainable layers; 16 images of 96×96, 64 of 224 on a GPU."""
    rows, edge = {"tiny": (2, 8), "cpu": (16, 96), "gpu": (64, 224)}[size]

    def build() -> keras.Model:
        if size == "tiny":
            layers = [L.Conv2D(4, 3), L.BatchNormalization(), L.ReLU(), L.Conv2D(4, 3)]
            layers.append(L.GlobalAveragePooling2D())
            backbone = keras.Sequential([keras.Input((edge, edge, 3)), *layers])
        else:
            backbone = keras.applications.MobileNetV2(
                weights=None, input_shape=(edge, edge, 3), include_top=False, pooling="avg"
            )
        backbone.trainable = False
        return keras.Sequential([backbone, L.Dense(128, "relu"), L.Dense(10)])

    name = "MobileNetV2" if size != "tiny" else "convolution"
    title = f"Fine-tuning on a frozen {name}; {rows} images of {edge}×{edge}"
    return Workload("finetuning", title, build, _pictures((rows, edge, edge, 3), 10))


BUILDERS: dict[str, Callable[[Size], Workload]] = {
    "mlp": mlp,
    "cnn": cnn,
    "transformer": transformer,
    "lstm": lstm,
    "resnet50": resnet50,
    "decoder": decoder,
    "deep": deep,
    "embedding": embedding,
    "finetuning": finetuning,
}
"""By the names of `plan.WORKLOADS`."""


def _pictures(shape: tuple[int, ...], classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=shape).astype("float32"), rng.integers(0, classes, shape[0])
