"""What every test stands on: a quiet CPU, fixed seeds, and proof that gradscope left nothing."""

import os

# Before the first import of TensorFlow; set them outside to test on a GPU.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import random
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import gradscope

PACKAGE = str(Path(gradscope.__file__).parent)
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


@pytest.fixture
def chromium_path() -> str:
    """Path of the Chromium that a test marked `browser` drives."""
    path = chromium()
    assert path, "tests that use chromium_path are marked with @pytest.mark.browser"
    return path


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and not chromium():
        pytest.skip(f"no browser: none of {', '.join(CHROMIUMS)} is on the PATH")


@pytest.fixture(autouse=True)
def same_start() -> Iterator[None]:
    """The same seeds, layer names and float type at the start of each test."""
    random.seed(0)
    np.random.seed(0)
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.utils.set_random_seed(0)
        keras.backend.clear_session(free_memory=False)
    yield
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.config.set_dtype_policy("float32")


def _patchable() -> dict[str, object]:
    """Every function that a trace may have replaced, by its name; empty without TensorFlow."""
    if "tensorflow" not in sys.modules or "keras" not in sys.modules:
        return {}
    import keras
    import tensorflow as tf

    homes = {
        "Layer": keras.layers.Layer,
        "Operation": keras.Operation,
        "Model": keras.Model,
        "Optimizer": keras.optimizers.Optimizer,
        "tf.keras optimizer base": keras.optimizers.Optimizer.__mro__[1],
        "GradientTape": tf.GradientTape,
        "Variable": tf.Variable,
        "keras.Variable": keras.Variable,
        "keras.ops": keras.ops,
        "keras.activations": keras.activations,
        "tf": tf,
        "tf.nn": tf.nn,
        "tf.math": tf.math,
        "tf.Module": tf.Module,
    }
    return {
        f"{home}.{name}": value
        for home, owner in homes.items()
        for name, value in list(vars(owner).items())
        if callable(value)
    }


def _left_behind(before: dict[str, object]) -> list[str]:
    """The names of functions and threads of gradscope that are still in place."""
    after = _patchable()
    replaced = [name for name, value in before.items() if after.get(name, value) is not value]
    ours = [
        name
        for name, value in after.items()
        if getattr(getattr(value, "__code__", None), "co_filename", "").startswith(PACKAGE)
    ]
    threads = [f"thread {t.name}" for t in threading.enumerate() if t.name.startswith("gradscope")]
    return sorted({*replaced, *ours, *threads})


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test after which a patched function or a thread of gradscope remains."""
    before = _patchable()
    yield
    left = _left_behind(before)
    assert not left, f"gradscope left behind: {', '.join(left)}"
