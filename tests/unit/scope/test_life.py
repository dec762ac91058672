"""A run from its first step to its last: what is recorded, when, and what a failure costs."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope
from gradscope import buffer
from gradscope.capture import measure
from gradscope.records import Item, Validation
from gradscope.scope import ROWS_PER_DRAIN
from tests.unit.scope.training import X, Y, sgd_step, small_model


def losses(logdir: Path) -> tuple[list[int], list[float]]:
    steps, values = gradscope.open_run(logdir).series("loss")
    return steps.tolist(), values[:, 0].tolist()


def test_decorator_with_and_without_arguments_and_plain_call(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        for step in (
            scope.step(sgd_step(model)),
            scope.step(jit_compile=False)(sgd_step(model)),
            scope.step(tf.function(sgd_step(model))),
        ):
            assert step.__name__ == "train_step"
            step(X, Y)
    assert losses(tmp_path)[0] == [0, 1, 2]


@pytest.mark.parametrize(
    ("every", "steps", "expected"),
    [
        (1, 5, [0, 1, 2, 3, 4]),
        (3, 8, [0, 3, 6]),
        ("auto", 125, [*range(100), 100, 110, 120]),
    ],
)
def test_cadence(tmp_path: Path, every: Any, steps: int, expected: list[int]) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=every) as scope:
        step = scope.step(sgd_step(model, 1e-3), jit_compile=False)
        returned = [float(step(X, Y)) for _ in range(steps)]
    recorded, values = losses(tmp_path)
    assert recorded == expected
    np.testing.assert_allclose(values, [returned[i] for i in expected], rtol=1e-6)


def test_resumed_run_goes_on_where_it_says(tmp_path: Path) -> None:
    model = small_model()
    for first in (0, 4):
        with gradscope.Scope(model, tmp_path, every=1, initial_step=first) as scope:
            step = scope.step(sgd_step(model), jit_compile=False)
            for _ in range(6):
                step(X, Y)
    assert losses(tmp_path)[0] == list(range(10))


def test_steps_beyond_what_float32_counts(tmp_path: Path) -> None:
    first = 2**24 + 1
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1, initial_step=first) as scope:
        step = scope.step(sgd_step(model))
        for _ in range(3):
            step(X, Y)
    assert losses(tmp_path)[0] == [first, first + 1, first + 2]


def test_report_at_any_time(tmp_path: Path) -> None:
    model = small_model()
    scope = gradscope.Scope(model, tmp_path, every=1)
    assert str(scope.report()) == (
        "gradscope: no step was recorded yet, so there is nothing to judge. Call the step that "
        "@scope.step returns."
    )
    step = scope.step(sgd_step(model), jit_compile=False)
    for done in range(1, 4):
        step(X, Y)
        assert scope.report().steps == done
    scope.close()
    assert scope.report().steps == 3


def test_validation_is_kept(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        for epoch in range(3):
            step(X, Y)
            scope.validate(loss=tf.constant(0.5 + epoch), accuracy=0.25)
    validation = gradscope.open_run(tmp_path).validation
    assert validation["loss"][0].tolist() == [0, 1, 2]
    assert validation["loss"][1].tolist() == [0.5, 1.5, 2.5]
    assert set(validation) == {"loss", "accuracy"}


def test_tap_names_a_tensor(tmp_path: Path) -> None:
    model = small_model()

    with gradscope.Scope(model, tmp_path, every=1) as scope:

        @scope.step
        def train_step(x: Any) -> Any:
            with tf.GradientTape() as tape:
                squared = model(x) ** 2
                assert scope.tap("squared", squared) is squared
                loss = tf.reduce_mean(squared)
            grads = tape.gradient(loss, model.trainable_variables)
            for v, g in zip(model.trainable_variables, grads, strict=True):
                v.assign_sub(0.01 * g)
            return loss

        loss = train_step(X)
        assert scope.tap("outside", 3) == 3
    run = gradscope.open_run(tmp_path)
    column = run.names("activation_mean").index("squared")
    assert run.series("activation_mean")[1][0, column] == pytest.approx(float(loss), rel=1e-5)
    grad = run.series("activation_grad_norm")[1][
        0, run.names("activation_grad_norm").index("squared")
    ]
    assert grad == pytest.approx(1 / 16 * 4, rel=1e-5)


def test_explicit_tape_is_the_one_that_counts(tmp_path: Path) -> None:
    model = small_model()
    weights = model.trainable_variables
    with gradscope.Scope(model, tmp_path, every=1) as scope:

        @scope.step(jit_compile=False)
        def train_step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as other:
                unrelated = 1000.0 * tf.reduce_sum(model(x))
            other.gradient(unrelated, weights)
            with gradscope.GradientTape(scope) as tape:
                loss = tf.reduce_mean((model(x) - y) ** 2)
            return tape.gradient(loss, weights)

        grads = train_step(X, Y)
    recorded = gradscope.open_run(tmp_path).series("grad_norm")[1][0]
    np.testing.assert_allclose(recorded, [np.linalg.norm(g) for g in grads], rtol=1e-5)


class Broken:
    """A sink whose disk is full."""

    def __init__(self) -> None:
        self.writes = 0

    def write(self, items: Sequence[Item]) -> None:
        self.writes += 1
        raise OSError(28, "No space left on device")

    def flush(self) -> None: ...

    def close(self) -> None: ...


def test_a_failing_sink_warns_once_and_training_goes_on(tmp_path: Path) -> None:
    model, sink = small_model(), Broken()
    scope = gradscope.Scope(model, tmp_path, every=1, sinks=[sink])
    step = scope.step(sgd_step(model), jit_compile=False)
    with pytest.warns(gradscope.GradscopeWarning, match="Broken failed .*No space left") as caught:
        for _ in range(70):
            step(X, Y)
        scope.report()
        scope.close()
    assert len(caught) == 1
    assert sink.writes == 1
    assert len(losses(tmp_path)[0]) == 70


def test_an_error_inside_gradscope_leaves_the_training_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(trace: Any) -> Any:
        raise ZeroDivisionError("a defect of gradscope")

    monkeypatch.setattr("gradscope.recorder.measure", fails)
    assert measure.measure is not fails
    model, twin = small_model(), small_model()
    twin.set_weights(model.get_weights())
    plain = tf.function(sgd_step(twin), jit_compile=True)
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(sgd_step(model))
        with pytest.warns(
            gradscope.GradscopeWarning, match="ZeroDivisionError: a defect"
        ) as caught:
            returned = [float(step(X, Y)) for _ in range(3)]
    assert len(caught) == 1
    assert returned == [float(plain(X, Y)) for _ in range(3)]


def test_a_program_that_does_not_compile_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown_to_xla(labels: Any, kind: Any, classes: Any) -> Any:
        return tf.cast(tf.strings.length(tf.strings.as_string(labels[0, 0])), tf.float32)

    monkeypatch.setattr("gradscope.probes.data.label_entropy", unknown_to_xla)
    model = small_model()
    optimizer = keras.optimizers.SGD(0.1)
    loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
    with gradscope.Scope(model, tmp_path, every=1) as scope:

        @scope.step
        def train_step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            return loss

        with pytest.warns(gradscope.GradscopeWarning, match="can't be compiled, so nothing is"):
            train_step(X, (Y > 0).astype("float32"))
        train_step(X, (Y > 0).astype("float32"))
    assert int(optimizer.iterations) == 2


def test_an_error_of_the_step_is_the_users(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        step(X, Y)
        with pytest.raises(Exception, match="(?i)shape|dimension|incompatible"):
            step(X[:, :3], Y)
        step(X, Y)
    assert losses(tmp_path)[0] == [0, 1]


def test_training_that_raises_still_closes_the_run(tmp_path: Path) -> None:
    model = small_model()
    scope = gradscope.Scope(model, tmp_path, every=1)
    step = scope.step(sgd_step(model), jit_compile=False)
    with pytest.raises(KeyboardInterrupt), scope:
        step(X, Y)
        raise KeyboardInterrupt
    assert losses(tmp_path)[0] == [0]
    assert not [t for t in threading.enumerate() if t.name.startswith("gradscope")]


def test_two_scopes_do_not_see_each_other(tmp_path: Path) -> None:
    first, second = small_model(), small_model()
    with (
        gradscope.Scope(first, tmp_path / "a", every=1) as a,
        gradscope.Scope(second, tmp_path / "b", every=1) as b,
    ):

        @b.step(jit_compile=False)
        @a.step(jit_compile=False)
        def train_step(x: Any, y: Any) -> Any:
            return sgd_step_on(first, x, y), sgd_step_on(second, x, -y)

        ours, theirs = train_step(X, Y)
    for logdir, model, loss in (("a", first, ours), ("b", second, theirs)):
        run = gradscope.open_run(tmp_path / logdir)
        assert run.names("grad_norm") == tuple(v.path for v in model.trainable_variables)
        assert all(model.name in name for name in run.names("activation_rms"))
        assert run.series("loss")[1][0, 0] == pytest.approx(float(loss), rel=1e-6)


def sgd_step_on(model: Any, x: Any, y: Any) -> Any:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    for v, g in zip(model.trainable_variables, grads, strict=True):
        v.assign_sub(0.01 * g)
    return loss


def test_one_transfer_for_many_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transfers = []
    read = buffer.read

    def counted(snapshot: Any, after: int) -> Any:
        transfers.append(threading.current_thread().name)
        return read(snapshot, after)

    monkeypatch.setattr(buffer, "read", counted)
    monkeypatch.setattr("gradscope.scope.SECONDS_PER_DRAIN", float("inf"))
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        for _ in range(2 * ROWS_PER_DRAIN + 5):
            step(X, Y)
    assert transfers == ["gradscope-drain"] * 3
    assert len(losses(tmp_path)[0]) == 2 * ROWS_PER_DRAIN + 5


def test_the_recorded_program_never_calls_the_host(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        step(X, Y)
        graph = step.recorded.get_concrete_function(X, Y).graph
    kinds = {op.type for op in graph.get_operations()}
    assert "ReadVariableOp" in kinds
    assert not {kind for kind in kinds if "PyFunc" in kind or "Print" in kind or "Summary" in kind}


_SCRIPT = """
import os, sys, time
import tensorflow as tf, gradscope
from tests.unit.scope.training import X, Y, sgd_step, small_model
model = small_model()
scope = gradscope.Scope(model, sys.argv[1], every=1)
step = scope.step(sgd_step(model), jit_compile=False)
for i in range(50):
    step(X, Y)
if sys.argv[2] == "kill":
    time.sleep(3)
    step(X, Y)
    while scope.report().steps < 51:
        pass
    print("ready", flush=True)
    time.sleep(60)
"""


def run_script(logdir: Path, ending: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(logdir), ending],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )


def test_a_script_that_never_closes_loses_nothing(tmp_path: Path) -> None:
    process = run_script(tmp_path, "end")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert losses(tmp_path)[0] == list(range(50))


def test_a_killed_process_leaves_what_was_written(tmp_path: Path) -> None:
    with run_script(tmp_path, "kill") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
    steps, values = losses(tmp_path)
    assert steps == list(range(len(steps)))
    assert len(steps) >= 32
    assert np.isfinite(values).all()
    # The lock went with the process: the directory can be continued.
    gradscope.Scope(small_model(), tmp_path, initial_step=60).close()


def test_scope_in_another_process_holds_the_logdir(tmp_path: Path) -> None:
    with run_script(tmp_path, "kill") as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            with pytest.raises(gradscope.GradscopeError, match="another scope in another process"):
                gradscope.Scope(small_model(), tmp_path)
        finally:
            process.kill()


def test_the_facts_of_a_run(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        scope.step(sgd_step(model, 0.125), jit_compile=False)(X, Y)
    info = gradscope.open_run(tmp_path).info
    json.dumps(info)
    assert info["versions"]["tensorflow"] == tf.__version__
    assert info["optimizers"][0]["class"] == "SGD"
    kernel = model.trainable_variables[0].path
    assert info["variables"][kernel]["shape"] == [4, 8]
    assert info["scope"]["every"] == 1
    assert gradscope.open_run(tmp_path).series("learning_rate")[1][0, 0] == 0.125


def test_validation_before_the_first_step(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        scope.validate(loss=3.0)
        scope.step(sgd_step(model), jit_compile=False)(X, Y)
    assert gradscope.open_run(tmp_path).validation["loss"][1].tolist() == [3.0]
    assert isinstance(Validation(0, 0.0, {}), Validation)
