"""What one animal of the zoo is, and the usual way to write its step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

Batch = tuple[Any, ...]
"""The arguments of one call of a step."""

OF_PAIRS = frozenset(
    """
    batch_size label_entropy class_share class_loss accuracy residual_rms target_mean target_std
    target_min target_max output_mean output_std output_min output_max output_spread
    """.split()
)
"""Statistics of labels and predictions, left open where a step has several of them."""

Step = Callable[..., Any]


@dataclass(frozen=True)
class Part:
    """One model with the step that trains it. A GAN has two.

    optimizers: those that the step applies, () where it updates the weights by itself.
    regularized: whether the weight regularizers are part of the loss.
    """

    model: keras.Model
    step: Step
    optimizers: tuple[keras.optimizers.Optimizer, ...] = ()
    regularized: bool = False


@dataclass(frozen=True)
class Entry:
    """One kind of training step.

    build: makes the parts anew, weights equal each time. Called after the seed is set.
    batches: the arguments of three calls, the same for every part.
    labels: a batch -> its labels, or None where they are no classes.
    onehot: whether the labels are rows with a single 1.
    prediction: which of the model's outputs the labels belong to.
    probabilities: whether the loss is told that they are probabilities, not logits.
    rtol: how far a statistic may be from its float64 twin.
    why_rtol: the reason for an rtol above 1e-4.
    atol: absolute slack of norms, as a share of the largest value of the same statistic: a sum
        that cancels to 0 in exact arithmetic leaves rounding of that size.
    unspecified: statistics whose value the definitions leave open for this step.
    random: whether the step draws random numbers, which differ between XLA and the rest.
    slow: not part of a quick run of the suite.
    """

    name: str
    build: Callable[[], tuple[Part, ...]]
    batches: Callable[[], Sequence[Batch]]
    labels: Callable[[Batch], Any] | None = None
    onehot: bool = False
    prediction: int = 0
    probabilities: bool = False
    rtol: float = 1e-4
    why_rtol: str = ""
    atol: float = 1e-6
    unspecified: frozenset[str] = field(default_factory=frozenset)
    random: bool = False
    slow: bool = False

    def fresh(self) -> tuple[Part, ...]:
        """The parts with their first weights, names as in a new process."""
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(7)
        return self.build()


def second(batch: Batch) -> Any:
    """The labels of a batch (x, y)."""
    return batch[1]


def plain_step(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, loss_fn: Callable[[Any, Any], Any]
) -> Step:
    """The usual step: forward, gradient, apply; returns the loss."""

    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    return train_step


def plain(
    model: keras.Model,
    loss_fn: Callable[[Any, Any], Any],
    optimizer: keras.optimizers.Optimizer | None = None,
) -> tuple[Part, ...]:
    """One part that is trained by the usual step."""
    optimizer = optimizer or keras.optimizers.SGD(0.1)
    return (Part(model, plain_step(model, optimizer, loss_fn), (optimizer,)),)


def vectors(
    features: int,
    labels: int | Literal["onehot", "real"] = 3,
    sizes: tuple[int, ...] = (6, 6, 6),
    dtype: str = "float32",
) -> Callable[[], list[Batch]]:
    """Batches (x [n, features], y): y class numbers < labels, one-hot rows, or real [n, 1]."""

    def batches() -> list[Batch]:
        rng = np.random.default_rng(3)
        return [(rng.normal(0.2, 1.0, (n, features)).astype(dtype), targets(rng, n)) for n in sizes]

    def targets(rng: np.random.Generator, n: int) -> Any:
        if labels == "real":
            return rng.normal(size=(n, 1)).astype(dtype)
        if labels == "onehot":
            return np.eye(3, dtype=dtype)[rng.integers(0, 3, n)]
        return rng.integers(0, labels, n)

    return batches


def mean_squared(y: Any, prediction: Any) -> Any:
    """Mean squared error over all elements."""
    return tf.reduce_mean(tf.square(tf.cast(y, prediction.dtype) - prediction))


def from_probabilities(y: Any, probabilities: Any) -> Any:
    """Keras' mean cross-entropy of class numbers against a softmax output."""
    return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, probabilities))


def from_logits(y: Any, logits: Any) -> Any:
    """Keras' mean cross-entropy of class numbers against logits."""
    return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True))
