"""TheDeepChecker's regression program, on diabetes, and DeepCrime's Reuters mutant."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from benchmarks.verdicts.program import Program, Training
from benchmarks.verdicts.published import causes as c
from benchmarks.verdicts.published.data import DIABETES_RANGE, TOPICS, WORDS, diabetes, topics
from benchmarks.verdicts.training import Data, training, usual_step

DIABETES_GOOD = 0.3
"""R². A linear fit reaches 0.48 on these held-back rows."""

TOPICS_GOOD = 0.8
"""Mean recall of 46 topics; the repaired program reaches 1."""


def regression(
    seed: int,
    data: Data,
    *,
    rate: float = 1e-3,
    decay: float = 1e-5,
    last: str | None = None,
    sign: float = 1.0,
) -> Training:
    """64-64-1 ReLU, he_normal, L2, Adam, squared error, batch 32.

    50 epochs instead of 100, after which it overfits these 354 rows.
    """
    keras.utils.set_random_seed(seed)
    settings = {
        "kernel_initializer": "he_normal",
        "kernel_regularizer": keras.regularizers.L2(decay),
    }
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(64, "relu", **settings),
            layers.Dense(64, "relu", **settings),
            layers.Dense(1, last, **settings),
        ]
    )
    optimizer = keras.optimizers.Adam(rate)
    loss = keras.losses.MeanSquaredError()
    step = usual_step(model, optimizer, loss, sign)
    return training(model, optimizer, loss, data, batch=32, epochs=50, seed=seed, step=step)


def _shuffled_features(data: Data) -> Data:
    rows = np.random.default_rng(1).permutation(len(data.x))
    return Data(data.x[rows], data.y, data.x_test, data.y_test)


def reuters(seed: int, regularizer: str | None = None) -> Training:
    """512 ReLU on a bag of words, Adam 1e-3, batch 32, 8 epochs; `regularizer`: of layer 0."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((WORDS,)),
            layers.Dense(512, "relu", kernel_regularizer=regularizer),
            layers.Dense(TOPICS, "softmax"),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy()
    optimizer = keras.optimizers.Adam(1e-3)
    return training(model, optimizer, loss, topics(), batch=32, epochs=8, seed=seed)


def _regr(
    name: str, expected: frozenset[str], start: Callable[[int], Training], twin: str = "tdc-regr"
) -> Program:
    return Program(name, expected, start, DIABETES_GOOD, twin, "mlp")


# fmt: off
PROGRAMS = (
    _regr("tdc-regr", frozenset(), lambda seed: regression(seed, diabetes()), twin=""),
    _regr("tdc-regr-low_lr", c.SLOW | c.UNDERFIT, lambda seed: regression(seed, diabetes(), rate=1e-5)),
    _regr("tdc-regr-miss_norm", c.RAW_INPUT, lambda seed: regression(seed, diabetes(scaled_x=False))),
    _regr("tdc-regr-inapp_act", c.SATURATED | c.UNDERFIT | c.OTHER, lambda seed: regression(seed, diabetes(low=-1.0), last="sigmoid")),
    _regr("tdc-regr-flip_sign", c.EXPLODING | c.FAST | c.OTHER, lambda seed: regression(seed, diabetes(), sign=-1.0)),
    _regr("tdc-regr-over_scaled_out", c.RAW_TARGET | c.EXPLODING | c.OTHER, lambda seed: regression(seed, diabetes(low=DIABETES_RANGE[0], high=DIABETES_RANGE[1]))),
    _regr("tdc-regr-over_reg", c.OVER_REGULARIZED | c.UNDERFIT, lambda seed: regression(seed, diabetes(), decay=0.1)),
    _regr("tdc-regr-wrong_act", c.VANISHING | c.SATURATED | c.DEAD, lambda seed: regression(seed, diabetes(), last="softmax")),
    _regr("tdc-regr-wrong_lbl", c.OVERFIT | c.UNDERFIT | c.OTHER, lambda seed: regression(seed, _shuffled_features(diabetes()))),
    Program("dc-R1", frozenset(), reuters, TOPICS_GOOD, "", "mlp"),
    Program("dc-R1-l1", c.OVER_REGULARIZED, lambda seed: reuters(seed, "l1"), TOPICS_GOOD, "dc-R1", "mlp"),
)
# fmt: on
