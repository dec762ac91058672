"""Nets for the 8x8 digits: residual, mixed precision, frozen backbone, autoencoder, converged."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.verdicts.program import Program, Training
from benchmarks.verdicts.training import Data, training
from gradscope.data import digits

GOOD = 0.85
"""Mean recall of ten digits; usual nets reach 0.9 to 0.97 on these held-back rows."""

HEALTHY: frozenset[str] = frozenset()


def rows() -> Data:
    """The digits as [n, 64] from 0 to 1, labels int32[n]."""
    x, y, x_test, y_test = digits()
    return Data(x, y.astype(np.int32), x_test, y_test.astype(np.int32))


def images() -> Data:
    """The digits as [n, 8, 8, 1]."""
    data = rows()
    shape = (-1, 8, 8, 1)
    return Data(data.x.reshape(shape), data.y, data.x_test.reshape(shape), data.y_test)


def cross_entropy() -> Any:
    """On logits, of integer labels."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def resnet(seed: int) -> Training:
    """Two residual stages with BatchNormalization; SGD with momentum and a cosine schedule."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 1))
    x = layers.ReLU()(layers.BatchNormalization()(_conv(16)(inputs)))
    for filters, stride in ((16, 1), (16, 1), (32, 2), (32, 1)):
        y = layers.ReLU()(layers.BatchNormalization()(_conv(filters, stride)(x)))
        y = layers.BatchNormalization()(_conv(filters)(y))
        if stride > 1:
            x = layers.BatchNormalization()(_conv(filters, stride, size=1)(x))
        x = layers.ReLU()(layers.Add()([x, y]))
    outputs = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, outputs)
    schedule = keras.optimizers.schedules.CosineDecay(0.05, 352)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
    return training(model, optimizer, cross_entropy(), images(), batch=32, epochs=8, seed=seed)


def _conv(filters: int, stride: int = 1, size: int = 3) -> Any:
    return layers.Conv2D(
        filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )


def mixed_precision(seed: int) -> Training:
    """float16 layers, float32 logits, a dynamic loss scale that starts too high."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(128, "relu", dtype="mixed_float16"),
            layers.Dense(128, "relu", dtype="mixed_float16"),
            layers.Dense(10, dtype="float32"),
        ]
    )
    inner = keras.optimizers.Adam(1e-3)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, 2.0**20, dynamic_growth_steps=200)
    loss = cross_entropy()

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
            scaled = optimizer.scale_loss(value)
        gradients = tape.gradient(scaled, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    return training(model, optimizer, loss, rows(), batch=32, epochs=8, seed=seed, step=step)


def frozen_backbone(seed: int) -> Training:
    """Convolutions learnt on the digits 0 to 4 and frozen, a new head for all ten."""
    keras.utils.set_random_seed(seed)
    data = images()
    backbone = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
        ]
    )
    first = keras.Sequential([backbone, layers.Dense(5)])
    first.compile("adam", cross_entropy())
    known = data.y < 5
    first.fit(data.x[known], data.y[known], batch_size=32, epochs=3, verbose=0)
    backbone.trainable = False
    model = keras.Sequential([keras.Input((8, 8, 1)), backbone, layers.Dense(10)])
    optimizer = keras.optimizers.Adam(3e-3)
    return training(model, optimizer, cross_entropy(), data, batch=32, epochs=8, seed=seed)


def autoencoder(seed: int) -> Training:
    """64-32-12-32-64 with a sigmoid: its cross-entropy on grey pixels can't fall near 0."""
    keras.utils.set_random_seed(seed)
    data = rows()
    pictures = Data(data.x, data.x, data.x_test, data.x_test)
    sizes = [layers.Dense(size, "relu") for size in (32, 12, 32)]
    model = keras.Sequential([keras.Input((64,)), *sizes, layers.Dense(64, "sigmoid")])
    loss, optimizer = keras.losses.BinaryCrossentropy(), keras.optimizers.Adam(3e-3)
    return training(model, optimizer, loss, pictures, batch=32, epochs=12, seed=seed)


def converged(seed: int) -> Training:
    """Zeros against ones, solved within a few dozen steps and trained on for hundreds."""
    keras.utils.set_random_seed(seed)
    data = rows()
    kept, kept_test = data.y < 2, data.y_test < 2
    y, y_test = (labels.astype(np.float32)[:, None] for labels in (data.y, data.y_test))
    pair = Data(data.x[kept], y[kept], data.x_test[kept_test], y_test[kept_test])
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(32, "tanh"), layers.Dense(1, "sigmoid")]
    )
    loss, optimizer = keras.losses.BinaryCrossentropy(), keras.optimizers.Adam(1e-2)
    return training(model, optimizer, loss, pair, batch=32, epochs=60, seed=seed)


PROGRAMS = (
    Program("resnet-batchnorm", HEALTHY, resnet, GOOD, architecture="cnn"),
    Program("mixed-precision", HEALTHY, mixed_precision, GOOD),
    Program("frozen-backbone", HEALTHY, frozen_backbone, GOOD, architecture="cnn"),
    Program("autoencoder", HEALTHY, autoencoder, 0.6, architecture="autoencoder"),
    Program("converged", HEALTHY, converged, 0.95),
)
