"""Each misuse gets an error that says what was got, what was expected, where, and what to do."""

import re
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

import gradscope
from gradscope.errors import LogdirError, ModelChangedError, ScopeClosedError, UsageError
from tests.unit.scope.training import X, Y, sgd_step, small_model


@pytest.mark.parametrize("every", [0, -1, 2.5, True, "always", None])
def test_every_must_be_a_count(tmp_path: Path, every: Any) -> None:
    message = (
        f'Scope: every={every!r}; expected a whole number from 1 on, or "auto". '
        "every=1 records each step, every=10 each tenth."
    )
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        gradscope.Scope(small_model(), tmp_path, every=every)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"overhead": 0}, "overhead=0; expected a share of step time above 0 and up to 1"),
        ({"overhead": 1.5}, "overhead=1.5; expected a share of step time above 0 and up to 1"),
        ({"window": 0}, "window=0; expected a whole number from 1 on"),
        ({"initial_step": -1}, "initial_step=-1; expected a whole number from 0 on"),
    ],
)
def test_numbers_out_of_range(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        gradscope.Scope(small_model(), tmp_path, **arguments)


def test_all_errors_are_gradscope_errors() -> None:
    for error in (UsageError, LogdirError, ModelChangedError, ScopeClosedError):
        assert issubclass(error, gradscope.GradscopeError)


def test_object_without_variables(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a Keras model .*, got dict. Pass the model"):
        gradscope.Scope({}, tmp_path)


def test_model_without_trainable_variables(tmp_path: Path) -> None:
    model = small_model()
    model.trainable = False
    with pytest.raises(
        UsageError, match="has no trainable variables, so there is nothing to watch"
    ):
        gradscope.Scope(model, tmp_path)
    assert not list(tmp_path.iterdir()), "a refused scope must leave nothing behind"


def test_logdir_that_cant_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LogdirError, match="can't be written: .*Choose a directory"):
        gradscope.Scope(small_model(), tmp_path / "file" / "run")


def test_second_scope_on_the_same_logdir(tmp_path: Path) -> None:
    first = gradscope.Scope(small_model(), tmp_path)
    with pytest.raises(LogdirError, match="another scope in this process is writing to"):
        gradscope.Scope(small_model(), tmp_path)
    first.close()
    gradscope.Scope(small_model(), tmp_path).close()


def test_step_without_gradient(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(lambda x: tf.reduce_sum(model(x)))
        with pytest.raises(UsageError, match="returned without calling tape.gradient"):
            step(X)


def test_gradient_of_another_model(tmp_path: Path) -> None:
    model, other = small_model(), small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(sgd_step(other), jit_compile=False)
        with pytest.raises(UsageError, match="with the same model that the Scope was given"):
            step(X, Y)


def test_unbuilt_model_without_variables(tmp_path: Path) -> None:
    class Nothing(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    model = Nothing()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        with pytest.raises(UsageError, match="has no trainable variables after the step ran"):
            scope.step(lambda x: model(x), jit_compile=False)(X)


def test_closed_scope(tmp_path: Path) -> None:
    model = small_model()
    scope = gradscope.Scope(model, tmp_path, every=1)
    step = scope.step(sgd_step(model), jit_compile=False)
    step(X, Y)
    scope.close()
    scope.close()
    weights = model.get_weights()
    with pytest.raises(ScopeClosedError, match="this scope was closed; its run .* is complete"):
        step(X, Y)
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))
    with pytest.raises(ScopeClosedError, match="Scope.validate"):
        scope.validate(loss=1.0)
    with pytest.raises(ScopeClosedError, match="Scope.step"):
        scope.step(sgd_step(model))
    assert scope.report().steps == 1


def test_model_that_grows_between_traces(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        step(X, Y)
        model.add(keras.layers.Dense(1))
        with pytest.raises(ModelChangedError, match="changed between two traces.*new: .*kernel"):
            step(X[:7], Y[:7])
        step(X, Y)
    assert len(gradscope.open_run(tmp_path).series("loss")[0]) == 2


def test_misuse_of_the_second_of_two_scopes_ends_the_first_ones_watch_too(tmp_path: Path) -> None:
    first, second = small_model(), small_model()
    with (
        gradscope.Scope(first, tmp_path / "a", every=1) as a,
        gradscope.Scope(second, tmp_path / "b", every=1) as b,
    ):
        train, other = sgd_step(first), sgd_step(second)

        @a.step(jit_compile=False)
        @b.step(jit_compile=False)
        def train_step(x: Any, y: Any) -> Any:
            return train(x, y), other(x, y)

        call = keras.layers.Layer.__call__
        train_step(X, Y)
        first.add(keras.layers.Dense(1))
        with pytest.raises(ModelChangedError):
            train_step(X[:7], Y[:7])
        assert keras.layers.Layer.__call__ is call


def test_step_inside_a_tf_function(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        outer = tf.function(scope.step(sgd_step(model), jit_compile=False))
        with pytest.raises(UsageError, match="Take the outer @tf.function away"):
            outer(X, Y)


def test_step_of_no_function(tmp_path: Path) -> None:
    with gradscope.Scope(small_model(), tmp_path) as scope:
        with pytest.raises(UsageError, match="expected a function, got int"):
            scope.step(3)


def test_tape_without_scope() -> None:
    with pytest.raises(UsageError, match="expected a gradscope.Scope as first argument, got bool"):
        gradscope.GradientTape(True)


def test_tap_without_name(tmp_path: Path) -> None:
    with gradscope.Scope(small_model(), tmp_path) as scope:
        with pytest.raises(UsageError, match="Scope.tap: expected a name, got ''"):
            scope.tap("", tf.zeros(3))


def test_validate_of_no_number(tmp_path: Path) -> None:
    with gradscope.Scope(small_model(), tmp_path) as scope:
        with pytest.raises(UsageError, match="loss=\\[1, 2\\] is no number"):
            scope.validate(loss=[1, 2])


def test_report_of_a_callback_before_fit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fit has not begun"):
        gradscope.Callback(tmp_path).report()
