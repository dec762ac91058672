"""The check that runs after every test, in tests/conftest.py, does see what is left behind."""

import threading

import keras
import pytest
import tensorflow as tf
from keras.src.backend.tensorflow import nn

from gradscope import catalog
from tests.conftest import left_behind, patchable


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (keras.layers.Layer, "__call__"),
        (keras.layers.Layer, "losses"),
        (keras.layers.Dense, "call"),
        (keras.losses.Loss, "__call__"),
        (keras.losses, "mean_squared_error"),
        (tf.keras.losses, "binary_crossentropy"),
        (nn, "categorical_crossentropy"),
        (keras.optimizers.Optimizer, "apply_gradients"),
        (keras.optimizers.Adam, "update_step"),
        (tf.GradientTape, "__enter__"),
        (tf.GradientTape, "gradient"),
        (tf.nn, "relu"),
        (tf, "clip_by_global_norm"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_it_sees_a_replaced_function(owner, name):
    before, threads = patchable(), set(threading.enumerate())
    original = getattr(owner, name)
    inherited = name not in vars(owner)
    setattr(owner, name, lambda *args: None)
    try:
        assert any(entry.endswith(f".{name}") for entry in left_behind(before, threads))
    finally:
        if inherited:
            delattr(owner, name)
        else:
            setattr(owner, name, original)
    assert left_behind(before, threads) == []


def test_it_sees_a_thread():
    before, threads = patchable(), set(threading.enumerate())
    over = threading.Event()
    thread = threading.Thread(target=over.wait, name="gradscope-drain")
    thread.start()
    assert left_behind(before, threads) == ["thread gradscope-drain"]
    over.set()
    thread.join()
    assert left_behind(before, threads) == []


def test_it_sees_our_functions_though_it_never_saw_the_originals(monkeypatch):
    """As when the test that leaks is the first to import TensorFlow."""
    monkeypatch.setattr(tf.nn, "relu", catalog.names)
    assert any(entry.endswith(".relu") for entry in left_behind({}, set(threading.enumerate())))
