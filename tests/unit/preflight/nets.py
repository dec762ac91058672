"""Small nets and batches that the tests of preflight try."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

import gradscope

preflight = functools.partial(gradscope.preflight, seconds=600)
"""With time for everything, however slow the machine."""

SAMPLES = 48
FEATURES = 6
RNG = np.random.default_rng(0)
X = RNG.normal(size=(SAMPLES, FEATURES)).astype("float32")
SCORE = X[:, 0] - X[:, 1] + 0.5 * X[:, 2] * X[:, 3]
CLASSES = np.digitize(SCORE, [-0.8, 0.8]).astype("int64")
"""Three classes that the inputs tell."""
TWO = (SCORE > 0).astype("float32")[:, None]
TARGETS = ((SCORE - SCORE.mean()) / SCORE.std()).astype("float32")[:, None]


def net(
    units: int,
    activation: str | None = None,
    *before: Any,
    after: Sequence[Any] = (),
    **dense: Any,
) -> keras.Model:
    """A net of 32 ReLU units with an output layer; `before` are its first layers."""
    keras.utils.set_random_seed(0)
    keras.backend.clear_session(free_memory=False)
    hidden = keras.layers.Dense(32, "relu", name="hidden", **dense)
    out = keras.layers.Dense(units, activation, name="out", **dense)
    return keras.Sequential([keras.Input((FEATURES,)), *before, hidden, out, *after], name="net")
