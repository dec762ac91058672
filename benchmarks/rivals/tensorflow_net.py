"""A workload's network, seeded, its training step and its batch: the same for all arms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from gradscope.bench import workloads


@dataclass(frozen=True)
class Net:
    """batch: (inputs, integer labels), on the device."""

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    loss_fn: Callable[[Any, Any], Any]
    batch: tuple[tf.Tensor, tf.Tensor]

    def gradients(self, x: Any, y: Any) -> tuple[Any, list[Any]]:
        """(loss, gradients in the order of `model.trainable_variables`)."""
        with tf.GradientTape() as tape:
            loss = self.loss_fn(y, self.model(x, training=True))
        return loss, tape.gradient(loss, self.model.trainable_variables)

    def apply(self, gradients: list[Any]) -> None:
        """Lets the optimizer step."""
        variables = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def step(self, x: Any, y: Any) -> Any:
        """The plain training step; returns the loss."""
        loss, gradients = self.gradients(x, y)
        self.apply(gradients)
        return loss


def net(workload: str) -> Net:
    """The network of a workload, with the same weights in each process.

    workload: of `gradscope.bench.plan.WORKLOADS`, as "mlp"; "mlp:tiny" is small, for tests.
    """
    name, _, size = workload.partition(":")
    chosen = workloads.build(name, "tiny" if size == "tiny" else "cpu")
    keras.utils.set_random_seed(0)
    model = chosen.build()
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = chosen.batch
    return Net(model, workloads.optimizer(), loss_fn, (tf.constant(x), tf.constant(y)))


def wait(loss: Any) -> float:
    """The loss, once the device has it."""
    return float(loss.numpy())
