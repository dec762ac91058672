"""A GAN of points in the plane; once its discriminator is watched, once its generator."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.verdicts.controls.pictures import HEALTHY
from benchmarks.verdicts.program import Program, Training
from benchmarks.verdicts.training import Epochs, predictions

NOISE = 8
GOOD = 0.8
"""Share of the way from points of a standard normal to the real ones, by energy distance."""


def gan(seed: int, watched: str) -> Training:
    """Both nets learn in every step; a batch is (real points, noise). watched: "d" or "g"."""
    keras.utils.set_random_seed(seed)
    generator = _net(NOISE, 2)
    discriminator = _net(2, 1)
    adams = [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)]
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    adams[0].build(discriminator.trainable_variables)
    adams[1].build(generator.trainable_variables)

    def step(real: Any, noise: Any) -> Any:
        with tf.GradientTape() as tape, tf.GradientTape() as other:
            fake = generator(noise, training=True)
            of_real, of_fake = (
                discriminator(real, training=True),
                discriminator(fake, training=True),
            )
            loss = cross_entropy(tf.ones_like(of_real), of_real)
            loss += cross_entropy(tf.zeros_like(of_fake), of_fake)
            fooled = cross_entropy(tf.ones_like(of_fake), of_fake)
        pairs = ((tape, loss, discriminator, adams[0]), (other, fooled, generator, adams[1]))
        for record, value, net, adam in pairs:
            gradients = record.gradient(value, net.trainable_variables)
            adam.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss if watched == "d" else fooled

    rng = np.random.default_rng(10)
    real, held_back = _points(rng, 2048), _points(rng, 1024)
    batches = Epochs(real, rng.normal(size=(2048, NOISE)).astype(np.float32), 64, 18, seed)
    noise = rng.normal(size=(1024, NOISE)).astype(np.float32)
    far = _energy_distance(rng.normal(size=(1024, 2)), held_back)

    def score() -> float:
        return 1 - _energy_distance(predictions(generator, noise), held_back) / far

    def validate() -> dict[str, float]:
        logits = discriminator(held_back, training=False)
        return {"loss": float(cross_entropy(tf.ones_like(logits), logits))}

    model = discriminator if watched == "d" else generator
    return Training(model, step, batches, batches.epoch, validate, score)


def _net(size: int, out: int) -> keras.Model:
    hidden = [layers.Dense(64, "leaky_relu") for _ in range(2)]
    return keras.Sequential([keras.Input((size,)), *hidden, layers.Dense(out)])


def _points(rng: np.random.Generator, count: int) -> np.ndarray:
    """A noisy arc, off the origin."""
    angle = rng.uniform(0, np.pi, count)
    arc = 2 * np.stack([np.cos(angle), np.sin(angle)], 1) + [1.0, 1.0]
    return (arc + 0.1 * rng.normal(size=arc.shape)).astype(np.float32)


def _energy_distance(a: np.ndarray, b: np.ndarray) -> float:
    """2 E|a - b| - E|a - a'| - E|b - b'|: 0 where both are alike (Székely & Rizzo 2013)."""

    def mean(u: np.ndarray, v: np.ndarray) -> float:
        return float(np.sqrt(((u[:, None] - v[None]) ** 2).sum(-1)).mean())

    return 2 * mean(a, b) - mean(a, a) - mean(b, b)


PROGRAMS = (
    Program("gan-discriminator", HEALTHY, lambda seed: gan(seed, "d"), GOOD, architecture="gan"),
    Program("gan-generator", HEALTHY, lambda seed: gan(seed, "g"), GOOD, architecture="gan"),
)
