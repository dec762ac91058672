"""Step sizes, clipping and noise out of the ordinary that do no harm."""

import keras
import numpy as np
from keras import layers

from benchmarks.verdicts.controls.pictures import GOOD, HEALTHY, cross_entropy, rows
from benchmarks.verdicts.program import Program, Training
from benchmarks.verdicts.training import Data, training


def clipped(seed: int) -> Training:
    """`clipnorm=1`, the usual guard: some 2 % of gradients are shortened, most of them early on."""
    model = _dense(seed, 64, 64, start="glorot_uniform")
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0)
    return training(model, optimizer, cross_entropy(), rows(), batch=64, epochs=16, seed=seed)


def fast(seed: int) -> Training:
    """SGD at 2, which BatchNormalization makes harmless."""
    model = _dense(seed, 64, 64, normalized=True)
    optimizer = keras.optimizers.SGD(2.0)
    return training(model, optimizer, cross_entropy(), rows(), batch=64, epochs=16, seed=seed)


def slow(seed: int) -> Training:
    """Adam at 2e-5, enough for 4,096 units."""
    model = _dense(seed, 4096)
    optimizer = keras.optimizers.Adam(2e-5)
    return training(model, optimizer, cross_entropy(), rows(), batch=32, epochs=14, seed=seed)


def small_batches(seed: int) -> Training:
    """Four samples a step: gradients are mostly noise, and the loss jumps about."""
    model = _dense(seed, 32)
    optimizer = keras.optimizers.SGD(0.03)
    return training(model, optimizer, cross_entropy(), rows(), batch=4, epochs=2, seed=seed)


def noise_floor(seed: int) -> Training:
    """Half of the targets' variance is noise, and dropout adds its own."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(9)
    x = rng.normal(size=(2400, 8)).astype(np.float32)
    clean = np.sin(x[:, :1]) + x[:, 1:2] * np.tanh(x[:, 2:3])
    clean = ((clean - clean.mean()) / clean.std()).astype(np.float32)
    y = (clean + rng.normal(size=clean.shape)).astype(np.float32)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(64, "relu"),
            layers.Dropout(0.1),
            layers.Dense(64, "relu"),
            layers.Dropout(0.1),
            layers.Dense(1),
        ]
    )
    data = Data(x[:2000], y[:2000], x[2000:], clean[2000:], x[2000:], y[2000:])
    loss, optimizer = keras.losses.MeanSquaredError(), keras.optimizers.Adam(2e-3)
    return training(model, optimizer, loss, data, batch=32, epochs=6, seed=seed)


def dropout(seed: int) -> Training:
    """Half of the units dropped, a little L2: in training the loss is higher than outside."""
    keras.utils.set_random_seed(seed)
    decay = keras.regularizers.L2(1e-4)
    parts = []
    for _ in range(2):
        parts += [layers.Dense(256, "relu", kernel_regularizer=decay), layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input((64,)), *parts, layers.Dense(10)])
    optimizer = keras.optimizers.Adam(1e-3)
    return training(model, optimizer, cross_entropy(), rows(), batch=32, epochs=10, seed=seed)


def _dense(
    seed: int, *sizes: int, start: str = "he_normal", normalized: bool = False
) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((64,))])
    for size in sizes:
        model.add(layers.Dense(size, kernel_initializer=start))
        if normalized:
            model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.Dense(10))
    return model


PROGRAMS = (
    Program("clipnorm-one", HEALTHY, clipped, GOOD),
    Program("sgd-at-two", HEALTHY, fast, GOOD),
    Program("adam-at-2e-5", HEALTHY, slow, GOOD),
    Program("batches-of-four", HEALTHY, small_batches, GOOD),
    Program("noise-floor", HEALTHY, noise_floor, 0.6),
    Program("dropout-half", HEALTHY, dropout, GOOD),
)
