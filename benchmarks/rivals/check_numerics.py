"""`tf.debugging.enable_check_numerics()`: stops at the first NaN or Inf."""

from pathlib import Path

import tensorflow as tf

from benchmarks.rivals.arm import Arm
from benchmarks.rivals.plain_tensorflow import graph


def arm(workload: str, logdir: Path) -> Arm:
    """The graph step with a check behind each operation; changes the whole process."""
    tf.debugging.enable_check_numerics()
    return graph(workload, logdir)
