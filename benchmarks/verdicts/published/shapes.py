"""AUTOTRAINER's stacks of five-unit layers on two rings or three clouds."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from benchmarks.verdicts.program import Program, Training
from benchmarks.verdicts.published import causes as c
from benchmarks.verdicts.published.data import blob, circle
from benchmarks.verdicts.training import training

GOOD = 0.7
"""Mean recall. Repaired nets reach 0.72 to 0.86 on both; the classes overlap."""


def stack(
    seed: int,
    activations: Sequence[str],
    *,
    rings: bool = True,
    start: Any = "he_uniform",
    normalized: bool = False,
    last: str = "",
    batch: int = 0,
    epochs: int = 300,
    rate: float = 1e-3,
) -> Training:
    """Layers of five units, one for each activation, Adam.

    rings: two rings and batches of 128, else three clouds and 256, unless `batch` says otherwise.
    normalized: BatchNormalization before each activation. last: of the output layer.
    """
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((2,))])
    for activation in activations:
        if normalized:
            model.add(layers.Dense(5, kernel_initializer=start))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation(activation))
        else:
            model.add(layers.Dense(5, activation, kernel_initializer=start))
    if rings:
        model.add(layers.Dense(1, last or "sigmoid", kernel_initializer=start))
        loss, data = keras.losses.BinaryCrossentropy(), circle()
    else:
        model.add(layers.Dense(3, last or "softmax", kernel_initializer=start))
        loss, data = keras.losses.CategoricalCrossentropy(), blob()
    size = batch or (128 if rings else 256)
    optimizer = keras.optimizers.Adam(rate)
    return training(model, optimizer, loss, data, batch=size, epochs=epochs, seed=seed)


UNIFORM = keras.initializers.RandomUniform(-0.05, 0.05)


def _shape(name: str, expected: frozenset[str], start: Any, twin: str = "") -> Program:
    return Program(name, expected, start, GOOD, twin, "mlp")


# fmt: off
PROGRAMS = (
    _shape("at-circle-8e28bdef", c.DEAD | c.VANISHING, lambda seed: stack(seed, ["relu"] * 16), "at-circle-8e28bdef-selu"),
    _shape("at-circle-8e28bdef-selu", frozenset(), lambda seed: stack(seed, ["selu"] * 16, start="lecun_normal")),
    _shape("at-circle-46edb7df", c.DEAD | c.VANISHING, lambda seed: stack(seed, ["relu"] * 15), "at-circle-46edb7df-selu"),
    _shape("at-circle-46edb7df-selu", frozenset(), lambda seed: stack(seed, ["selu"] * 15, start="lecun_normal")),
    _shape("at-circle-0ae2cd88", c.EXPLODING, lambda seed: stack(seed, ["exponential"] * 8), "at-circle-0ae2cd88-tanh"),
    _shape("at-circle-0ae2cd88-tanh", frozenset(), lambda seed: stack(seed, ["tanh"] * 8)),
    _shape("at-blob-2569b90f", c.VANISHING, lambda seed: stack(seed, ["sigmoid"] * 11, rings=False), "at-blob-2569b90f-tanh"),
    _shape("at-blob-2569b90f-tanh", frozenset(), lambda seed: stack(seed, ["tanh"] * 11, rings=False, normalized=True)),
    _shape("at-demo-vanish", c.VANISHING, lambda seed: stack(seed, ["sigmoid"] * 8), "at-demo-vanish-relu"),
    _shape("at-demo-vanish-relu", frozenset(), lambda seed: stack(seed, ["relu"] * 8, normalized=True)),
    _shape("at-circle-8de47bdc", c.VANISHING | c.DEAD, lambda seed: stack(seed, ["relu"] * 8, start=UNIFORM), "at-circle-8de47bdc-normalized"),
    _shape("at-circle-8de47bdc-normalized", frozenset(), lambda seed: stack(seed, ["relu"] * 8, start=UNIFORM, normalized=True)),
    _shape("at-demo-activation", c.DEAD | c.OTHER, lambda seed: stack(seed, ["relu"] * 3, rings=False, last="relu"), "at-demo-activation-softmax"),
    _shape("at-demo-activation-softmax", frozenset(), lambda seed: stack(seed, ["relu"] * 3, rings=False)),
    _shape("atn-circle-84b9e92c", frozenset(), lambda seed: stack(seed, ["elu", "elu", "elu", "sigmoid"])),
    _shape("atn-circle-5057d0d1", frozenset(), lambda seed: stack(seed, ["tanh"] * 6 + ["sigmoid"])),
    _shape("atn-blob-a8640f1a", frozenset(), lambda seed: stack(seed, ["tanh"] * 4, rings=False, batch=64, epochs=120, rate=5e-3)),
    _shape("atn-blob-953b07b0", frozenset(), lambda seed: stack(seed, ["tanh"] * 4, rings=False)),
)
# fmt: on
