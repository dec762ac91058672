"""Convolution, normalization, dropout, embedding, recurrence and attention."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.zoo.entry import Batch, Entry, Part, from_logits, mean_squared, plain, second, vectors

layers = keras.layers
Dense = keras.layers.Dense


def images() -> list[Batch]:
    """Batches (x [4, 6, 6, 2], y class numbers)."""
    rng = np.random.default_rng(11)
    return [
        (rng.normal(size=(4, 6, 6, 2)).astype("float32"), rng.integers(0, 3, 4)) for _ in range(3)
    ]


def tokens() -> list[Batch]:
    """Batches (ids [4, 5] with many repeats, y class numbers)."""
    rng = np.random.default_rng(12)
    return [(rng.integers(0, 6, (4, 5)), rng.integers(0, 3, 4)) for _ in range(3)]


def sequences() -> list[Batch]:
    """Batches (x [4, 5, 4], y [4, 1])."""
    rng = np.random.default_rng(13)
    return [
        (rng.normal(size=(4, 5, 4)).astype("float32"), rng.normal(size=(4, 1)).astype("float32"))
        for _ in range(3)
    ]


def convnet() -> tuple[Part, ...]:
    """Convolutions, batch normalization, an activation layer, pooling."""
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, activation="relu", name="conv1"),
            layers.Conv2D(4, 3, use_bias=False, name="conv2"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            Dense(3, name="out"),
        ],
        name="convnet",
    )
    return plain(model, from_logits)


def _convolution() -> tuple[Part, ...]:
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, activation="relu", name="conv1"),
            layers.AveragePooling2D(2, name="pool"),
            layers.Conv2D(4, 2, activation="elu", name="conv2"),
            layers.Flatten(name="flat"),
            Dense(3, name="out"),
        ],
        name="convolved",
    )
    return plain(model, from_logits, keras.optimizers.SGD(0.05, momentum=0.9))


def _dropout() -> tuple[Part, ...]:
    model = keras.Sequential(
        [
            keras.Input((4,)),
            Dense(8, "relu", name="first"),
            layers.Dropout(0.5, seed=1, name="drop"),
            Dense(3, name="out"),
        ],
        name="dropping",
    )
    return plain(model, from_logits)


def embedding() -> tuple[Part, ...]:
    """An embedding whose ids repeat within a batch."""
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int64"),
            layers.Embedding(7, 4, embeddings_initializer="normal", name="embedding"),
            layers.GlobalAveragePooling1D(name="average"),
            Dense(3, name="out"),
        ],
        name="embedded",
    )
    return plain(model, from_logits, keras.optimizers.Adam(0.01))


def _recurrent() -> tuple[Part, ...]:
    model = keras.Sequential(
        [
            keras.Input((5, 4)),
            layers.LSTM(3, return_sequences=True, name="lstm"),
            layers.GRU(3, name="gru"),
            Dense(1, name="out"),
        ],
        name="recurrent",
    )
    return plain(model, mean_squared)


def lstm() -> tuple[Part, ...]:
    """One LSTM and a head."""
    model = keras.Sequential(
        [keras.Input((5, 4)), layers.LSTM(3, name="lstm"), Dense(1, name="out")], name="remembering"
    )
    return plain(model, mean_squared)


def _wrapped() -> tuple[Part, ...]:
    x = keras.Input((5, 4))
    h = layers.Bidirectional(layers.LSTM(3, return_sequences=True, name="inner"), name="both")(x)
    h = layers.TimeDistributed(Dense(2, "relu", name="each"), name="timed")(h)
    h = layers.GlobalMaxPooling1D(name="peak")(h)
    return plain(keras.Model(x, Dense(1, name="out")(h), name="wrapped"), mean_squared)


class Block(layers.Layer):
    """A pre-norm transformer block."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.norm1 = layers.LayerNormalization(name="norm1")
        self.attention = layers.MultiHeadAttention(2, 2, name="attention")
        self.norm2 = layers.LayerNormalization(name="norm2")
        self.grow = Dense(8, "gelu", name="grow")
        self.shrink = Dense(4, name="shrink")

    def call(self, x: Any) -> Any:
        h = self.norm1(x)
        x = x + self.attention(h, h)
        return x + self.shrink(self.grow(self.norm2(x)))


class Transformer(keras.Model):
    """One block, averaged over time, and a head."""

    def __init__(self) -> None:
        super().__init__(name="transformer")
        self.block = Block("block")
        self.out = Dense(1, name="out")

    def call(self, x: Any) -> Any:
        return self.out(tf.reduce_mean(self.block(x), axis=1))


def transformer() -> tuple[Part, ...]:
    """A one-block transformer on vectors."""
    model = Transformer()
    model(np.zeros((1, 5, 4), "float32"))
    return plain(model, mean_squared)


OF_FEATURES = ("input_feature_rms_max", "input_feature_rms_min", "input_feature_max")
"""As mean and deviation, left open for inputs that are ids, which have no scale."""

_NOISE = frozenset({"grad_zero_fraction"})
"""A gradient that is 0 in exact arithmetic is rounding, exactly 0 or not by chance."""

ENTRIES = (
    Entry("convolution_batchnorm", convnet, images, labels=second, atol=1e-5),
    Entry("convolution", _convolution, images, labels=second, slow=True),
    Entry("dropout", _dropout, vectors(4), labels=second, random=True),
    Entry(
        "embedding_repeated_ids",
        embedding,
        tokens,
        labels=second,
        unspecified=frozenset({"input_mean", "input_std", "input_max_abs", *OF_FEATURES}),
    ),
    Entry("lstm_gru", _recurrent, sequences),
    Entry("attention_layernorm", transformer, sequences, atol=1e-5, unspecified=_NOISE),
    Entry("bidirectional_time_distributed", _wrapped, sequences, slow=True),
)
