"""A closer look within a training: when it begins, what it stores, that it disturbs nothing."""

import io
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope
from gradscope import detail
from gradscope.diagnosis.engine import Engine
from gradscope.errors import GradscopeWarning
from gradscope.records import Verdict
from gradscope.sinks.console import ConsoleSink
from tests.oracles import detail as oracle
from tests.unit.scope.training import X, Y, sgd_step

LAYER = "net/a"
KERNEL = f"{LAYER}/kernel"
SICK = (Verdict("vanishing-gradient", "critical", KERNEL, 0, 0.9, "It vanishes."),)
ELSEWHERE = (Verdict("dead-units", "warning", "net/b", 0, 0.9, "They are dead."),)


def sigmoids() -> keras.Model:
    """Two layers of sigmoids before one output: 4, 5, 6, 1."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(5, "sigmoid", name="a"),
        keras.layers.Dense(6, "sigmoid", name="b"),
    ]
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)], name="net")


class Judge:
    """What the diagnosis says: whatever a test wants it to."""

    def __init__(self) -> None:
        self.verdicts: tuple[Verdict, ...] = ()

    def says(self, scope: gradscope.Scope, *verdicts: Verdict) -> None:
        """Has the run judged so, now."""
        self.verdicts = verdicts
        scope.report()


@pytest.fixture
def judge(monkeypatch) -> Judge:
    judge = Judge()
    monkeypatch.setattr(Engine, "judge", lambda self, run: judge.verdicts)
    # Where a test says nothing of money there is plenty of it, and no time passes by itself.
    monkeypatch.setattr("gradscope.budget.ESCALATION", 1e9)
    monkeypatch.setattr("gradscope.drain._LEAST_SECONDS", 1e9)
    return judge


def watched(logdir, **options) -> tuple[keras.Model, gradscope.Scope]:
    model = sigmoids()
    return model, gradscope.Scope(model, logdir, **{"every": 1, "console": False, **options})


@pytest.mark.parametrize("xla", [True, False])
def test_from_suspicion_to_calm(tmp_path, judge, xla):
    model, scope = watched(tmp_path)
    twin = sigmoids()
    step = scope.step(sgd_step(model), jit_compile=xla)
    alone = tf.function(sgd_step(twin), jit_compile=xla)
    gradients, losses = [], []
    with scope:
        for number in range(45):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(X) - Y) ** 2)
            gradients.append(tape.gradient(loss, model.trainable_variables[0]).numpy())
            losses.append((step(X, Y), alone(X, Y)))
            if number in (9, 30, 31):
                judge.says(scope, *(SICK if number == 9 else ()))
    run = gradscope.open_run(tmp_path)
    assert run.details.watched == (detail.Watched(LAYER, 10, 32),)
    assert set(run.details.keys) == {
        f"grad_histogram/{KERNEL}",
        f"grad_histogram/{LAYER}/bias",
        f"grad_unit_rms/{KERNEL}",
        f"unit_mean/{LAYER}",
        f"unit_rms/{LAYER}",
        f"unit_saturated/{LAYER}",
    }
    steps, histograms = run.details.series("grad_histogram", KERNEL)
    assert steps.tolist() == [10, 15, 20, 25, 30]
    for number, counts in zip(steps, histograms, strict=True):
        named = dict(zip(detail.bin_names(), counts, strict=True))
        assert {n: c for n, c in named.items() if c} == oracle.grad_histogram(gradients[number])
    _, sizes = run.details.series("grad_unit_rms", KERNEL)
    want = [oracle.grad_unit_rms(gradients[number]) for number in steps]
    np.testing.assert_allclose(sizes, want, rtol=1e-4)
    # The run and the training are what they are without.
    assert run.steps.tolist() == list(range(45)) and not run.notes
    assert not np.isnan(run.series("grad_norm")[1]).any()
    np.testing.assert_allclose(run.series("loss")[1][:, 0], [one for one, _ in losses], rtol=1e-6)
    for one, other in zip(model.trainable_variables, twin.trainable_variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6 if xla else 0, atol=1e-7 if xla else 0)
    assert [program.experimental_get_tracing_count() for program in programs(step)] == [0, 1, 1]


def programs(step):
    return [step.plain, step.recorded, *step._detailed.values()]


def test_each_set_of_layers_is_compiled_once(tmp_path, judge):
    model, scope = watched(tmp_path)
    step = scope.step(sgd_step(model), jit_compile=False)
    seen = set()
    with scope:
        for number in range(40):
            step(X, Y)
            seen |= set(programs(step))
            if number in (4, 14, 15):
                judge.says(scope, *SICK, *(ELSEWHERE if number > 4 else ()))
    assert len(seen) == 4 and len(step._detailed) == 1, "the first set's program is let go"
    assert all(one.experimental_get_tracing_count() == 1 for one in seen - {step.plain})
    told = gradscope.open_run(tmp_path).details
    assert told.watched == (detail.Watched(LAYER, 5, None), detail.Watched("net/b", 16, None))
    assert told.series("unit_mean", "net/b")[0].tolist() == [16, 21, 26, 31, 36]
    assert told.series("unit_mean", LAYER)[0].tolist() == [5, 10, 15, 16, 21, 26, 31, 36]


def test_without_the_means_nothing_is_looked_at(tmp_path, judge, monkeypatch):
    monkeypatch.setattr("gradscope.budget.ESCALATION", 1e-9)
    model, scope = watched(tmp_path)
    step = scope.step(sgd_step(model), jit_compile=False)
    with scope:
        for number in range(20):
            step(X, Y)
            if number == 4:
                judge.says(scope, *SICK)
    assert not step._detailed
    assert gradscope.open_run(tmp_path).details.watched == ()


def test_what_it_costs_is_charged(tmp_path, judge):
    model, scope = watched(tmp_path)
    step = scope.step(sgd_step(model), jit_compile=False)
    with scope:
        for _ in range(4):
            step(X, Y)
        judge.says(scope, *SICK)
        assert scope._account.spent == 0
        step(X, Y)
        # Tracing takes a hundred times as long as a step.
        compiling = scope._account.spent
        assert compiling > 20 * scope._budget.usual > 0
        for _ in range(11):
            step(X, Y)
        assert compiling <= scope._account.spent < 2 * compiling
        before = scope._account.spent
        judge.says(scope)
        step(X, Y)  # looks at nothing
        assert scope._account.spent > before, "so is what the drain did"


def test_the_console_says_so(tmp_path, judge):
    stream = io.StringIO()
    model, scope = watched(tmp_path, sinks=[ConsoleSink(stream)])
    step = scope.step(sgd_step(model), jit_compile=False)
    with scope:
        for number in range(6):
            step(X, Y)
            if number == 3:
                judge.says(scope, *SICK)
    assert f"gradscope: watching {LAYER} closely from step 4 on.\n" in stream.getvalue()


def test_a_probe_that_fails_costs_the_details_alone(tmp_path, judge, monkeypatch):
    def broken(*_):
        raise ValueError("broken probe")

    monkeypatch.setattr("gradscope.probes.detail.grad_histogram", broken)
    assert_survived(tmp_path, judge, "ValueError: broken probe", xla=False)


def not_for_xla(grad, scale=None):
    return tf.py_function(lambda: tf.zeros([84]), [], tf.float32)


def test_a_program_that_does_not_compile_costs_the_details_alone(tmp_path, judge, monkeypatch):
    monkeypatch.setattr("gradscope.probes.detail.grad_histogram", not_for_xla)
    assert_survived(tmp_path, judge, "InvalidArgumentError", xla=True)


def assert_survived(tmp_path, judge, told, xla):
    model, scope = watched(tmp_path)
    twin = sigmoids()
    step = scope.step(sgd_step(model), jit_compile=xla)
    alone = tf.function(sgd_step(twin), jit_compile=xla)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with scope:
            for number in range(20):
                step(X, Y)
                alone(X, Y)
                if number in (4, 9):
                    judge.says(scope, *SICK)
    (warning,) = [one for one in said if issubclass(one.category, GradscopeWarning)]
    assert "Looking closely at suspicious layers failed with" in str(warning.message)
    assert told in str(warning.message) and "recorded as before" in str(warning.message)
    run = gradscope.open_run(tmp_path)
    assert run.steps.tolist() == list(range(20)) and run.details.keys == ()
    assert [(one.since, one.layer) for one in run.details.watched] == [(5, LAYER)]
    assert run.details.watched[0].until is not None
    for one, other in zip(model.trainable_variables, twin.trainable_variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


class Watching(keras.callbacks.Callback):
    """Says that the run is sick after some batches, and well after others."""

    def __init__(self, callback, judge, sick, well):
        super().__init__()
        self.callback, self.judge, self.sick, self.well = callback, judge, sick, well

    def on_train_batch_end(self, batch, logs=None):
        if batch in (self.sick, *self.well):
            self.judge.says(self.callback.scope, *(SICK if batch == self.sick else ()))


@pytest.mark.parametrize("executions", [1, 4])
def test_model_fit_looks_closely_too(tmp_path, judge, executions):
    model = sigmoids()
    xla = executions > 1
    model.compile("sgd", "mse", jit_compile=xla, steps_per_execution=executions)
    callback = gradscope.Callback(tmp_path, every=1, console=False)
    x, y = np.tile(X, (20, 1)), np.tile(Y, (20, 1))
    told = Watching(callback, judge, 7, [31, 35])
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[callback, told])
    twin = sigmoids()
    twin.compile("sgd", "mse", jit_compile=xla, steps_per_execution=executions)
    twin.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    for one, other in zip(model.trainable_variables, twin.trainable_variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    run = gradscope.open_run(tmp_path)
    assert run.steps.tolist() == list(range(40))
    steps, values = run.details.series("unit_mean", LAYER)
    looks = [8, 13, 18, 23, 28, 33] if executions == 1 else [8, 9, 10, 11, 28, 29, 30, 31]
    assert steps.tolist() == looks
    assert np.isfinite(values).all() and values.shape == (len(looks), 5)


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_model_fit_survives_a_look_that_does_not_compile(tmp_path, judge, monkeypatch):
    monkeypatch.setattr("gradscope.probes.detail.grad_histogram", not_for_xla)
    model = sigmoids()
    model.compile("sgd", "mse", jit_compile=True)
    callback = gradscope.Callback(tmp_path, every=1, console=False)
    x, y = np.tile(X, (10, 1)), np.tile(Y, (10, 1))
    told = Watching(callback, judge, 7, [])
    with pytest.warns(GradscopeWarning, match="One batch was not trained on"):
        model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[callback, told])
    run = gradscope.open_run(tmp_path)
    assert run.details.keys == ()
    assert int(model.optimizer.iterations) == 39, "of 40 batches"
    assert run.steps.tolist() == list(range(39))
