"""Nets for sequences: transformers, recurrent nets, embeddings; the sequences are made."""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from benchmarks.verdicts.controls.pictures import HEALTHY, cross_entropy, rows
from benchmarks.verdicts.program import Program, Training
from benchmarks.verdicts.training import Data, Epochs, predictions, training, usual_step

TOKENS = 24
LENGTH = 16


def transformer(seed: int) -> Training:
    """Which of four groups of tokens is the commonest; AdamW, warm-up, smoothed labels."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = _Positions(TOKENS, LENGTH, 32)(inputs)
    for _ in range(2):
        x = _block(x, 32)
    outputs = layers.Dense(4)(layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x)))
    model = keras.Model(inputs, outputs)
    schedule = keras.optimizers.schedules.CosineDecay(0.0, 400, warmup_target=2e-3, warmup_steps=50)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    return training(model, optimizer, loss, _groups(), batch=64, epochs=14, seed=seed)


def language_model(seed: int) -> Training:
    """The next token of a random chain: the loss can't fall below the chain's entropy."""
    keras.utils.set_random_seed(seed)
    chain, sequences = _chain()
    inputs = keras.Input((LENGTH,), dtype="int32")
    x = _Positions(TOKENS, LENGTH, 32)(inputs)
    for _ in range(2):
        x = _block(x, 32, causal=True)
    model = keras.Model(inputs, layers.Dense(TOKENS)(layers.LayerNormalization()(x)))
    optimizer, loss = keras.optimizers.Adam(3e-3, global_clipnorm=1.0), cross_entropy()
    optimizer.build(model.trainable_variables)
    texts, held_back = sequences[:2048], sequences[2048:]
    batches = Epochs(texts[:, :-1], texts[:, 1:], 64, 12, seed)
    entropy = -np.sum(chain * np.log(chain), 1)[held_back[:, :-1]].mean()

    def validate() -> dict[str, float]:
        return {"loss": float(loss(held_back[:, 1:], predictions(model, held_back[:, :-1])))}

    def score() -> float:
        """1 at the chain's own entropy, 0 at that of guessing."""
        return float((np.log(TOKENS) - validate()["loss"]) / (np.log(TOKENS) - entropy))

    step = usual_step(model, optimizer, loss)
    return Training(model, step, batches, batches.epoch, validate, score)


def lstm(seed: int) -> Training:
    """Two LSTMs on the rows of the digits."""
    keras.utils.set_random_seed(seed)
    data = rows()
    lines = Data(data.x.reshape(-1, 8, 8), data.y, data.x_test.reshape(-1, 8, 8), data.y_test)
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.LSTM(32, return_sequences=True),
            layers.LSTM(32),
            layers.Dense(10),
        ]
    )
    optimizer = keras.optimizers.Adam(5e-3)
    return training(model, optimizer, cross_entropy(), lines, batch=32, epochs=12, seed=seed)


def forecast(seed: int) -> Training:
    """A GRU on noisy waves: the next value, known up to the noise."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(7)
    start, pace = rng.uniform(0, 2 * np.pi, (2048, 1)), rng.uniform(0.3, 0.8, (2048, 1))
    waves = np.sin(start + pace * np.arange(21)) + rng.normal(0, 0.2, (2048, 21))
    x, y = waves[:, :20, None].astype(np.float32), waves[:, 20:].astype(np.float32)
    model = keras.Sequential([keras.Input((20, 1)), layers.GRU(24), layers.Dense(1)])
    data = Data(x[:1600], y[:1600], x[1600:], y[1600:])
    loss, optimizer = keras.losses.MeanSquaredError(), keras.optimizers.Adam(5e-3)
    return training(model, optimizer, loss, data, batch=32, epochs=8, seed=seed)


def embedding(seed: int) -> Training:
    """Texts of 30 words out of 1,000: in each step most rows of the table get no gradient."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(8)
    y = rng.integers(0, 8, 2400)
    common = rng.integers(0, 1000, (2400, 30))
    own = 100 * y[:, None] + rng.integers(0, 100, (2400, 30))
    x = np.where(rng.random((2400, 30)) < 0.3, own, common).astype(np.int32)
    model = keras.Sequential(
        [
            keras.Input((30,), dtype="int32"),
            layers.Embedding(1000, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, "relu"),
            layers.Dense(8),
        ]
    )
    y = y.astype(np.int32)
    data = Data(x[:2000], y[:2000], x[2000:], y[2000:])
    optimizer = keras.optimizers.Adam(5e-3)
    return training(model, optimizer, cross_entropy(), data, batch=32, epochs=8, seed=seed)


@keras.saving.register_keras_serializable("gradscope_bench")
class _Positions(layers.Layer):
    """The sum of a token's embedding and its place's."""

    def __init__(self, tokens: int, length: int, width: int) -> None:
        super().__init__()
        self._length = length
        self._token = layers.Embedding(tokens, width)
        self._place = layers.Embedding(length, width)

    def call(self, inputs: Any) -> Any:
        return self._token(inputs) + self._place(ops.arange(self._length))


def _block(x: Any, width: int, causal: bool = False) -> Any:
    """Attention and a dense layer, each behind a LayerNormalization and beside a shortcut."""
    normed = layers.LayerNormalization()(x)
    attention = layers.MultiHeadAttention(4, width // 4, dropout=0.1)
    x = layers.Add()([x, attention(normed, normed, use_causal_mask=causal)])
    normed = layers.LayerNormalization()(x)
    return layers.Add()([x, layers.Dense(width)(layers.Dense(4 * width, "gelu")(normed))])


def _groups() -> Data:
    rng = np.random.default_rng(5)
    y = rng.integers(0, 4, 2400)
    x = rng.integers(0, TOKENS, (2400, LENGTH))
    own = 6 * y[:, None] + rng.integers(0, 6, (2400, LENGTH))
    x = np.where(rng.random((2400, LENGTH)) < 0.35, own, x).astype(np.int32)
    labels = np.eye(4, dtype=np.float32)[y]
    return Data(x[:1900], labels[:1900], x[1900:], labels[1900:])


def _chain() -> tuple[np.ndarray, np.ndarray]:
    """(transition probabilities [TOKENS, TOKENS], sequences int32[2400, LENGTH + 1])."""
    rng = np.random.default_rng(6)
    chain = rng.dirichlet(np.full(TOKENS, 0.15), TOKENS) * 0.98 + 0.02 / TOKENS
    steps = np.cumsum(chain, 1)
    sequences = [rng.integers(0, TOKENS, 2400)]
    for _ in range(LENGTH):
        draws = rng.random((2400, 1))
        sequences.append(np.minimum((draws > steps[sequences[-1]]).sum(1), TOKENS - 1))
    return chain, np.stack(sequences, 1).astype(np.int32)


PROGRAMS = (
    Program("transformer-prenorm", HEALTHY, transformer, 0.7, architecture="transformer"),
    Program("language-model", HEALTHY, language_model, 0.8, architecture="transformer"),
    Program("lstm", HEALTHY, lstm, 0.8, architecture="rnn"),
    Program("gru-forecast", HEALTHY, forecast, 0.8, architecture="rnn"),
    Program("embedding", HEALTHY, embedding, 0.8, architecture="embedding"),
)
