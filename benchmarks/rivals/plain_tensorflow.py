"""The plain steps that TensorFlow's rivals are compared with."""

from pathlib import Path

import tensorflow as tf

from benchmarks.rivals.arm import Arm, Loop
from benchmarks.rivals.tensorflow_net import net, wait


def compiled(workload: str, _: Path) -> Arm:
    """The step as one XLA program."""
    it = net(workload)
    return Loop(tf.function(it.step, jit_compile=True), it.batch, wait)


def graph(workload: str, _: Path) -> Arm:
    """The step as a graph of TensorFlow's own kernels."""
    it = net(workload)
    return Loop(tf.function(it.step), it.batch, wait)
