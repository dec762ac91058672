"""TensorFlow's Debugger V2: each tensor of the step described on disk."""

from pathlib import Path

import tensorflow as tf

from benchmarks.rivals.arm import Arm, Loop
from benchmarks.rivals.tensorflow_net import net, wait


def arm(workload: str, logdir: Path) -> Arm:
    """The graph step under FULL_HEALTH; changes the whole process."""
    # Without a ring buffer, as TensorBoard's guide has it: with one only the last 1,000 are kept.
    writer = tf.debugging.experimental.enable_dump_debug_info(
        str(logdir), tensor_debug_mode="FULL_HEALTH", circular_buffer_size=-1
    )
    it = net(workload)

    def end() -> None:
        writer.FlushNonExecutionFiles()
        writer.FlushExecutionFiles()

    return Loop(tf.function(it.step), it.batch, wait, end)
