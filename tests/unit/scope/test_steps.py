"""Steps that are out of the ordinary."""

import gc
import weakref
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope
from gradscope.errors import UsageError
from tests.unit.scope.training import X, Y, sgd_step, small_model


def test_random_numbers_do_not_repeat_when_the_program_changes(tmp_path: Path) -> None:
    keras.utils.set_random_seed(11)
    model = small_model()
    train = sgd_step(model)

    def noisy(x: Any, y: Any) -> Any:
        train(x, y)
        return tf.random.normal([])

    with gradscope.Scope(model, tmp_path, every=3) as scope:
        step = scope.step(noisy, jit_compile=False)
        drawn = [float(step(X, Y)) for _ in range(12)]
    assert len(set(drawn)) == 12


def test_random_numbers_of_a_run_that_records_each_step_are_the_plain_ones(tmp_path: Path) -> None:
    def draws(wrap: Any) -> list[float]:
        keras.utils.set_random_seed(11)
        model = small_model()
        train = sgd_step(model)

        def noisy(x: Any, y: Any) -> Any:
            noise = tf.random.normal([])
            train(x, y + noise)
            return noise

        step = wrap(model, noisy)
        return [float(step(X, Y)) for _ in range(4)]

    plain = draws(lambda _, noisy: tf.function(noisy))
    with_scope: list[gradscope.Scope] = []

    def wrap(model: Any, noisy: Any) -> Any:
        with_scope.append(gradscope.Scope(model, tmp_path, every=1))
        return with_scope[0].step(noisy, jit_compile=False)

    recorded = draws(wrap)
    with_scope[0].close()
    assert recorded == plain


def test_gradients_of_a_jacobian_do_not_count(tmp_path: Path) -> None:
    model = small_model()
    weights = model.trainable_variables

    with gradscope.Scope(model, tmp_path, every=1) as scope:

        @scope.step(jit_compile=False)
        def train_step(x: Any, y: Any) -> Any:
            with tf.GradientTape(persistent=True) as tape:
                outputs = model(x)
                loss = tf.reduce_mean((outputs - y) ** 2)
            tape.jacobian(outputs, weights)
            return tape.gradient(loss, weights), loss

        grads, loss = train_step(X, Y)
    run = gradscope.open_run(tmp_path)
    assert run.series("loss")[1][0, 0] == pytest.approx(float(loss), rel=1e-6)
    np.testing.assert_allclose(
        run.series("grad_norm")[1][0], [np.linalg.norm(g) for g in grads], rtol=1e-5
    )


def test_a_step_that_loops_is_told_so(tmp_path: Path) -> None:
    model = small_model()
    train = sgd_step(model)
    with gradscope.Scope(model, tmp_path, every=1) as scope:

        @scope.step(jit_compile=False)
        def many_steps(x: Any, y: Any) -> Any:
            for _ in tf.range(3):
                train(x, y)
            return x

        with pytest.raises(UsageError, match="inside a loop, a branch, another tf.function"):
            many_steps(X, Y)


def test_an_input_signature_is_kept(tmp_path: Path) -> None:
    model = small_model()
    train = sgd_step(model)
    traced = []

    @tf.function(
        input_signature=[tf.TensorSpec((None, 4)), tf.TensorSpec((None, 1))], jit_compile=False
    )
    def train_step(x: Any, y: Any) -> Any:
        traced.append(1)
        return train(x, y)

    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(train_step, jit_compile=False)
        for size in (16, 7, 3):
            step(X[:size], Y[:size])
    assert len(traced) == 1
    assert len(gradscope.open_run(tmp_path).steps) == 3


def test_a_step_defined_as_a_method(tmp_path: Path) -> None:
    model = small_model()
    scope = gradscope.Scope(model, tmp_path, every=1)
    train = sgd_step(model)

    class Trainer:
        factor = 2.0

        @scope.step(jit_compile=False)
        def train(self, x: Any, y: Any) -> Any:
            return self.factor * train(x, y)

    with scope:
        loss = Trainer().train(X, Y)
    assert gradscope.open_run(tmp_path).series("loss")[1][0, 0] == pytest.approx(float(loss) / 2)


def test_what_xla_cannot_compile_comes_with_a_note(tmp_path: Path) -> None:
    model = small_model()
    train = sgd_step(model)

    def talkative(x: Any, y: Any) -> Any:
        tf.print("a step")
        return train(x, y)

    with gradscope.Scope(model, tmp_path, every=1) as scope:
        with pytest.raises(tf.errors.OpError) as caught:
            scope.step(talkative)(X, Y)
    notes = getattr(caught.value, "__notes__", [])
    assert any("@scope.step(jit_compile=False)" in note for note in notes)


@pytest.mark.parametrize("logdir", ["", None, 3, b"runs"])
def test_logdir_that_is_no_path(logdir: Any) -> None:
    with pytest.raises(UsageError, match="expected the path of a directory for this run"):
        gradscope.Scope(small_model(), logdir)


@pytest.mark.parametrize("sinks", [5, [object()]])
def test_sinks_that_are_none(tmp_path: Path, sinks: Any) -> None:
    with pytest.raises(UsageError, match="expected objects with the methods write, flush and"):
        gradscope.Scope(small_model(), tmp_path, sinks=sinks)
    gradscope.Scope(small_model(), tmp_path).close()


def test_an_abandoned_scope_closes_itself(tmp_path: Path) -> None:
    model = small_model()
    scope = gradscope.Scope(model, tmp_path, every=1)
    step = scope.step(sgd_step(model), jit_compile=False)
    for _ in range(3):
        step(X, Y)
    gone = weakref.ref(scope)
    del scope, step
    gc.collect()
    assert gone() is None
    assert len(gradscope.open_run(tmp_path).steps) == 3


def test_units_along_an_axis_that_varies_leave_the_rest_recorded(tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((None, 4)), layers.Permute((2, 1)), layers.ReLU(), layers.Permute((2, 1)),
         layers.Dense(1)]
    )  # fmt: skip
    with gradscope.Scope(model, tmp_path, every=1, console=False) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        for length in (4, 5, 1, 4):
            step(tf.ones([2, length, 4]), tf.zeros([2, length, 1]))
    run = gradscope.open_run(tmp_path)
    steps, losses = run.series("loss")
    assert steps.tolist() == [0, 1, 2, 3] and np.isfinite(losses).all()
    dead = run.series("dead_fraction")[1][:, 0]
    assert np.isnan(dead).tolist() == [False, True, True, False]
