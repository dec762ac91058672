"""A loop that one writes by hand: norms and histograms of each variable with `tf.summary`."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks.rivals.arm import Arm, Loop
from benchmarks.rivals.tensorflow_net import net, wait


def inside(workload: str, logdir: Path) -> Arm:
    """Summaries written by the step itself, which XLA would refuse."""
    it = net(workload)
    writer = tf.summary.create_file_writer(str(logdir))

    @tf.function
    def step(x: Any, y: Any) -> Any:
        loss, gradients = it.gradients(x, y)
        with writer.as_default():
            _write(it.optimizer.iterations, loss, it.model.trainable_variables, gradients)
        it.apply(gradients)
        return loss

    return Loop(step, it.batch, wait, writer.close)


def outside(workload: str, logdir: Path) -> Arm:
    """Summaries written from Python, of gradients that an XLA step returns."""
    it = net(workload)
    writer = tf.summary.create_file_writer(str(logdir))

    @tf.function(jit_compile=True)
    def compiled(x: Any, y: Any) -> Any:
        loss, gradients = it.gradients(x, y)
        it.apply(gradients)
        return loss, gradients

    def step(x: Any, y: Any) -> Any:
        loss, gradients = compiled(x, y)
        with writer.as_default():
            _write(it.optimizer.iterations, loss, it.model.trainable_variables, gradients)
        return loss

    return Loop(step, it.batch, wait, writer.close)


def _write(iterations: Any, loss: Any, variables: list[Any], gradients: list[Any]) -> None:
    step = tf.cast(iterations, tf.int64)
    tf.summary.scalar("loss", loss, step=step)
    for variable, gradient in zip(variables, gradients, strict=True):
        tf.summary.scalar(f"gradient_norm/{variable.path}", tf.norm(gradient), step=step)
        tf.summary.histogram(f"gradient/{variable.path}", gradient, step=step)
        tf.summary.histogram(f"weight/{variable.path}", variable.value, step=step)
