"""Preflight leaves model, optimizer and every random state as they were, bit for bit."""

import random
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradscope.preflight_checks import rehearsal
from tests.unit.preflight.nets import CLASSES, TARGETS, TWO, X, net, preflight


def restless() -> keras.Model:
    """A net with everything that a step changes beside weights: means, seeds, dropout, noise."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((X.shape[1],)),
            layers.GaussianNoise(0.1),
            layers.Dense(16, "relu", activity_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Reshape((4, 4)),
            layers.LSTM(8, dropout=0.2, recurrent_dropout=0.1),
            layers.Dense(3, "softmax"),
        ]
    )


def bits(variables: Any) -> list[bytes]:
    return [np.asarray(v.numpy()).tobytes() for v in variables]


def state(model: keras.Model, optimizer: Any) -> dict[str, Any]:
    """All that a training could notice."""
    dropouts = [layer.rate for layer in model.layers if hasattr(layer, "rate")]
    cells = [
        (layer.cell.dropout, layer.cell.recurrent_dropout)
        for layer in model.layers
        if hasattr(layer, "cell")
    ]
    return {
        "model": bits(model.variables),
        "trainable": [v.path for v in model.trainable_variables],
        "losses": [float(one) for one in model.losses],
        "optimizer": bits(optimizer.variables),
        "settings": str(optimizer.get_config()),
        "built": optimizer.built,
        "dropout": (dropouts, cells),
        "python": random.getstate(),
        "numpy": [np.asarray(part).tobytes() for part in np.random.get_state()[1:]],
        "tensorflow": tf.random.get_global_generator().state.numpy().tobytes(),
    }


@pytest.mark.parametrize("trained", [False, True], ids=["fresh", "trained"])
def test_nothing_is_changed(trained: bool) -> None:
    model, optimizer = restless(), keras.optimizers.Adam(1e-2)
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    if trained:
        model.fit(X, CLASSES, epochs=2, verbose=0)
    model(X, training=True)
    before = state(model, optimizer)
    result = preflight(model, (X, CLASSES), "sparse_categorical_crossentropy", optimizer)
    assert all(check.passed is not None for check in result.checks)
    after = state(model, optimizer)
    assert {name for name in before if before[name] != after[name]} == set()


def test_draws_and_a_training_are_those_without_it() -> None:
    entropy = keras.losses.SparseCategoricalCrossentropy()

    def loss(y: Any, p: Any) -> Any:
        drawn = [random.random(), np.random.rand(), tf.random.uniform([])]
        drawn += [keras.random.uniform([]), tf.random.get_global_generator().uniform([])]
        return entropy(y, p) + 0.0 * sum(map(float, drawn[:2])) + 0.0 * tf.add_n(drawn[2:])

    def trained(tried: bool) -> list[Any]:
        keras.backend.clear_session(free_memory=False)
        tf.random.set_seed(5)
        tf.random.get_global_generator().reset_from_seed(5)
        model, optimizer = restless(), keras.optimizers.SGD(0.05, momentum=0.9)
        if tried:
            result = preflight(model, (X, CLASSES), loss, optimizer)
            assert all(check.passed is not None for check in result.checks)
        drawn = [
            *(random.random(), np.random.rand(), float(tf.random.uniform([]))),
            float(keras.random.uniform([])),
            float(tf.random.get_global_generator().uniform([])),
        ]
        model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(X, CLASSES, epochs=2, verbose=0)
        return [*drawn, bits(model.variables)]

    assert trained(tried=True) == trained(tried=False)


class Counting(keras.layers.Layer):
    """Counts its calls in a variable that Keras doesn't know of."""

    def __init__(self, calls: tf.Variable) -> None:
        super().__init__()
        self._call = lambda: calls

    def call(self, x: Any) -> Any:
        self._call().assign_add(1.0)
        return x


def test_variables_that_keras_does_not_track_are_put_back_too() -> None:
    calls = tf.Variable(7.0)
    preflight(net(1, None, Counting(calls)), (X, TARGETS), "mse", "adam")
    assert calls.numpy() == 7.0


def interrupt(*_: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "broken", [lambda m: m.setattr(rehearsal.Rehearsal, "train", interrupt), lambda m: None]
)
def test_an_interrupt_or_a_sick_training_leaves_all_as_it_was(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    model, optimizer = net(1, "sigmoid", keras.layers.Dropout(0.5)), keras.optimizers.SGD(1e30)
    before = state(model, optimizer)
    broken(monkeypatch)
    try:
        result = preflight(model, (X * 1e20, TWO), "mse", optimizer)
        assert not result.healthy
    except KeyboardInterrupt:
        pass
    after = state(model, optimizer)
    assert {name for name in before if before[name] != after[name]} == set()
