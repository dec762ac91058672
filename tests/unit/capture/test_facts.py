"""What a run says of its model: first weights, regularizers, dropout, the dtype of its layers."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope

layers = keras.layers

X = np.random.default_rng(1).normal(size=(8, 4)).astype("float32")
Y = np.random.default_rng(2).integers(0, 3, 8)


class Later(keras.Model):
    """Built at its first call, inside the step."""

    def __init__(self) -> None:
        super().__init__(name="later")
        self.first = layers.Dense(5, "relu", name="first")
        self.last = layers.Dense(3, name="last")

    def call(self, x: Any) -> Any:
        return self.last(self.first(x))


def _net() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, kernel_regularizer=keras.regularizers.L1L2(0.25, 0.5), name="first"),
            layers.Dropout(0.25, name="drop"),
            layers.Dense(3, kernel_regularizer="l2", name="last"),
        ],
        name="net",
    )


def _step(scope: gradscope.Scope, model: keras.Model, jit_compile: bool) -> Any:
    optimizer = keras.optimizers.SGD(0.5)
    cross = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @scope.step(jit_compile=jit_compile)
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = cross(y, model(x, training=True)) + sum(model.losses)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    return train_step


def _summary(value: np.ndarray) -> dict[str, Any]:
    return {
        "mean": pytest.approx(value.mean(), abs=1e-6),
        "std": pytest.approx(value.std(), abs=1e-6),
        "max_abs": pytest.approx(np.abs(value).max()),
    }


def _initial(run: Any) -> dict[str, Any]:
    return {path: facts.get("initial") for path, facts in run.info["variables"].items()}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_first_weights_are_those_before_the_step(jit_compile: bool, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = _net()
    before = {v.path: _summary(v.numpy()) for v in model.trainable_variables}
    scope = gradscope.Scope(model, str(tmp_path), every=1, console=False)
    step = _step(scope, model, jit_compile)
    with scope:
        for _ in range(3):
            step(tf.constant(X), tf.constant(Y))
    assert step.traces == 1
    run = gradscope.open_run(str(tmp_path))
    assert _initial(run) == before
    assert run.info["regularizers"] == {
        "net/first/kernel": {"class": "L1L2", "l1": 0.25, "l2": 0.5},
        "net/last/kernel": {"class": "L2", "l1": 0.0, "l2": pytest.approx(0.01)},
    }
    assert run.info["dropout"] == {"drop": 0.25}
    assert run.info["compute_dtype"] == "float32"


def test_first_weights_of_an_eager_step(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = _net()
    before = {v.path: _summary(v.numpy()) for v in model.trainable_variables}
    tf.config.run_functions_eagerly(True)
    try:
        with gradscope.Scope(model, str(tmp_path), every=1, console=False) as scope:
            _step(scope, model, False)(tf.constant(X), tf.constant(Y))
    finally:
        tf.config.run_functions_eagerly(False)
    assert _initial(gradscope.open_run(str(tmp_path))) == before


def test_first_weights_of_a_model_built_inside_the_step(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    twin = Later()
    twin(X)
    keras.utils.set_random_seed(1)
    model = Later()
    with gradscope.Scope(model, str(tmp_path), every=1, console=False) as scope:
        _step(scope, model, False)(tf.constant(X), tf.constant(Y))
    want = [_summary(v.numpy()) for v in twin.trainable_variables]
    assert list(_initial(gradscope.open_run(str(tmp_path))).values()) == want


class HandWritten(keras.Model):
    """A loss that nobody has a name for, in `train_step`."""

    def __init__(self) -> None:
        super().__init__(name="hand")
        self.out = layers.Dense(1, name="out")

    def call(self, x: Any) -> Any:
        return self.out(x)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return {"loss": loss}


@pytest.mark.parametrize("steps", [1, 2])
def test_targets_of_a_loss_by_hand_in_fit(steps: int, tmp_path: Path) -> None:
    """Also within the while loop of several steps per execution."""
    model = HandWritten()
    model.compile("sgd", steps_per_execution=steps, jit_compile=False)
    y = X[:, :1] + 2.0
    callback = gradscope.Callback(str(tmp_path), every=1, console=False)
    model.fit(X, y, batch_size=4, shuffle=False, verbose=0, callbacks=[callback])
    run = gradscope.open_run(str(tmp_path))
    assert run.info["objective"]["kind"] == "regression"
    want = [y[:4].mean(), y[4:].mean()]
    np.testing.assert_allclose(run.series("target_mean")[1][:, 0], want, rtol=1e-5)
    assert all(facts is not None for facts in _initial(run).values())


def test_compiled_loss_in_mixed_precision(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, dtype="mixed_float16", name="half"),
            layers.Dense(3, "softmax", name="out"),
        ],
        name="mixed",
    )
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    callback = gradscope.Callback(str(tmp_path), every=1, console=False)
    model.fit(X, Y, batch_size=8, verbose=0, callbacks=[callback])
    run = gradscope.open_run(str(tmp_path))
    assert run.info["compute_dtype"] == "float16"
    assert "grad_underflow_share" in run.statistics
    assert run.info["objective"]["output"] == {
        "layer": "mixed/out",
        "activation": "softmax",
        "units": 3,
        "before": None,
    }
