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

import hypothesis
import numpy as np
import pytest

import gradscope

# The same examples each time, so that a change that breaks nothing fails nothing. To look for new
# ones: HYPOTHESIS_PROFILE=default make unit
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

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


def patchable() -> dict[tuple[object, str], object]:
    """Every function that a trace may replace, by its owner and name; empty without TensorFlow.

    `__module__` is among the names so that an owner without functions of its own is known, too.
    """
    if "tensorflow" not in sys.modules or "keras" not in sys.modules:
        return {}
    import keras
    import tensorflow as tf
    from keras._tf_keras.keras import losses
    from keras.src.backend.tensorflow import nn

    owners: list[object] = [
        *(losses, nn),
        *(tf, tf.nn, tf.math, keras.ops, keras.activations, keras.losses, tf.GradientTape),
        *(tf.Variable, tf.Module, keras.Variable, keras.Model),
        *_family(keras.Operation),
        *_family(keras.losses.Loss),
        *_family(keras.optimizers.Optimizer),
        *keras.optimizers.Optimizer.__mro__[1:-1],
    ]
    return {
        (owner, name): value
        for owner in owners
        for name, value in list(vars(owner).items())
        if callable(value) or isinstance(value, property) or name == "__module__"
    }


def _family(base: type) -> Iterator[type]:
    yield base
    for child in base.__subclasses__():
        yield from _family(child)


def _is_ours(value: object) -> bool:
    """True for a function that gradscope's code defines."""
    function = value.fget if isinstance(value, property) else value
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename.startswith(PACKAGE)


def left_behind(
    before: dict[tuple[object, str], object], threads_before: set[threading.Thread]
) -> list[str]:
    """The names of functions replaced and of gradscope's threads started since."""
    after = patchable()
    classes = {owner for owner, _ in before if isinstance(owner, type)}
    changed = [key for key, value in before.items() if after.get(key) is not value]
    added = [
        (owner, name)
        for (owner, name), value in after.items()
        if (owner, name) not in before
        and (owner in classes or _is_ours(value))
        and not getattr(owner, "__module__", "").startswith("gradscope")
    ]
    functions = {f"{getattr(owner, '__name__', owner)}.{name}" for owner, name in changed + added}
    started = set(threading.enumerate()) - threads_before
    threads = {f"thread {thread.name}" for thread in started if thread.name.startswith("gradscope")}
    return sorted(functions | threads)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test after which a patched function or a thread of gradscope remains.

    Only what this test left: one leak fails one test.
    """
    before, threads_before = patchable(), set(threading.enumerate())
    yield
    left = left_behind(before, threads_before)
    assert not left, f"gradscope left behind: {', '.join(left)}"
