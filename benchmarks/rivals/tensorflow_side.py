"""The arms that run in TensorFlow."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import tensorflow as tf

from benchmarks.rivals import (
    check_numerics,
    debugger,
    fitting,
    plain_tensorflow,
    recording,
    summaries,
)
from benchmarks.rivals.arm import Maker
from benchmarks.rivals.rivals import FIT, GRAPH, XLA

ARMS: dict[str, Maker] = {
    XLA: plain_tensorflow.compiled,
    GRAPH: plain_tensorflow.graph,
    FIT: fitting.plain,
    "gradscope, every step": recording.maker(1),
    "gradscope, every 10th step": recording.maker(10),
    "gradscope, auto": recording.maker("auto"),
    "summaries inside the step": summaries.inside,
    "summaries outside the step": summaries.outside,
    "TensorBoard callback, each epoch": fitting.with_callback,
    "check_numerics": check_numerics.arm,
    "Debugger V2, FULL_HEALTH": debugger.arm,
}


def versions() -> dict[str, str]:
    """Name of a library -> its version."""
    return {"TensorFlow": tf.__version__, "Keras": keras.__version__}
