"""The nets of the injected programs: small ones of each common kind."""

from collections.abc import Sequence
from typing import Any

import keras

L = keras.layers


def mlp(
    features: int,
    hidden: Sequence[int],
    outputs: int,
    activation: Any = "relu",
    output: Any = None,
    init: Any = "glorot_uniform",
    penalty: Any = None,
    dropout: float = 0.0,
) -> keras.Model:
    """Dense layers; `init` and `penalty` (a regularizer) hold for the hidden ones."""
    layers: list[Any] = [keras.Input((features,))]
    for units in hidden:
        layers.append(
            L.Dense(units, activation, kernel_initializer=init, kernel_regularizer=penalty)
        )
        if dropout:
            layers.append(L.Dropout(dropout))
    return keras.Sequential([*layers, L.Dense(outputs, output)])


def cnn(
    shape: tuple[int, ...],
    channels: Sequence[int],
    outputs: int,
    activation: Any = "relu",
    output: Any = None,
    init: Any = "glorot_uniform",
    norm: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """3×3 (or length 3) convolutions, every second one with stride 2, then one dense layer."""
    conv = L.Conv2D if len(shape) == 3 else L.Conv1D
    layers: list[Any] = [keras.Input(shape)]
    for i, filters in enumerate(channels):
        layers.append(conv(filters, 3, strides=1 + i % 2, padding="same", kernel_initializer=init))
        layers += [L.BatchNormalization()] if norm else []
        layers += [L.Activation(activation)]
    layers += [L.Flatten()] + ([L.Dropout(dropout)] if dropout else [])
    return keras.Sequential([*layers, L.Dense(outputs, output)])


def recurrent(
    inputs: keras.KerasTensor, cell: Any, outputs: int, output: Any = None, tokens: int = 0
) -> keras.Model:
    """One recurrent layer and a dense one; token ids are embedded in 16 dimensions first."""
    x = L.Embedding(tokens, 16)(inputs) if tokens else inputs
    return keras.Model(inputs, L.Dense(outputs, output)(cell(x)))


class Positions(L.Layer):
    """Adds a learned vector to each place of a sequence."""

    def build(self, input_shape: Any) -> None:
        """Makes the vectors, as small as Keras' embeddings."""
        self.table = self.add_weight(shape=tuple(input_shape[1:]), initializer="uniform")

    def call(self, x: Any) -> Any:
        """The inputs with their places."""
        return x + self.table


def transformer(
    length: int,
    tokens: int,
    outputs: int,
    blocks: int = 2,
    width: int = 32,
    per_token: bool = True,
    places: bool = True,
    output: Any = None,
    init: Any = "glorot_uniform",
    dropout: float = 0.0,
) -> keras.Model:
    """A pre-LayerNorm encoder with two heads; it answers per token or once a sequence."""
    ids = keras.Input((length,), dtype="int32")
    x = L.Embedding(tokens, width)(ids)
    x = Positions()(x) if places else x
    for _ in range(blocks):
        y = L.LayerNormalization()(x)
        y = L.MultiHeadAttention(2, width // 2, kernel_initializer=init)(y, y)
        x = x + (L.Dropout(dropout)(y) if dropout else y)
        y = L.Dense(2 * width, "gelu", kernel_initializer=init)(L.LayerNormalization()(x))
        x = x + L.Dense(width, kernel_initializer=init)(y)
    x = L.LayerNormalization()(x)
    x = x if per_token else L.GlobalAveragePooling1D()(x)
    return keras.Model(ids, L.Dense(outputs, output)(x))


def residual(
    features: int, blocks: int, outputs: int, width: int = 32, norm: bool = True
) -> keras.Model:
    """Blocks x + f(x) of dense layers, with or without LayerNormalization before each f."""
    inputs = keras.Input((features,))
    x = L.Dense(width)(inputs)
    for _ in range(blocks):
        y = L.LayerNormalization()(x) if norm else x
        y = L.Dense(width, "relu", kernel_initializer="he_normal")(y)
        x = x + L.Dense(width, kernel_initializer="he_normal")(y)
    return keras.Model(inputs, L.Dense(outputs)(L.LayerNormalization()(x) if norm else x))


def bag(length: int, words: int, outputs: int, width: int = 16, output: Any = None) -> keras.Model:
    """The mean of word vectors, then one dense layer."""
    ids = keras.Input((length,), dtype="int32")
    mean = L.GlobalAveragePooling1D()(L.Embedding(words, width)(ids))
    return keras.Model(ids, L.Dense(outputs, output)(mean))


def autoencoder(
    widths: Sequence[int], activation: Any = "relu", output: Any = None, init: Any = "he_normal"
) -> keras.Model:
    """Dense layers from widths[0] down to widths[-1] and back up again."""
    hidden = [*widths[1:], *reversed(widths[1:-1])]
    return mlp(widths[0], hidden, widths[0], activation, output, init)
