"""Verdicts reach the user's callback while he trains, and go when their cause is gone."""

import threading
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import gradscope
from gradscope import budget, drain
from gradscope.errors import ScopeClosedError, UsageError
from gradscope.scope import ROWS_PER_DRAIN
from tests.unit.scope.training import X, Y, sgd_step, small_model

MANY = 5000
"""More steps than any test takes before it is told."""


class StopError(Exception):
    """What a user raises to stop."""


@pytest.fixture(autouse=True)
def judged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(budget, "JUDGING", 1e9)


def broken_model() -> keras.Model:
    model = small_model()
    model.layers[-1].kernel.assign(np.full((8, 1), np.nan))
    return model


def train(step: Any, steps: int = MANY, y: Any = Y) -> None:
    for _ in range(steps):
        step(X, y)
        time.sleep(0.001)  # a step of the size of real ones, for the drain's thread to keep up


def test_it_is_called_between_steps_on_the_training_thread_and_what_it_raises_goes_through(
    tmp_path: Path,
) -> None:
    model, told = broken_model(), []
    scope = gradscope.Scope(model, tmp_path, every=1, console=False)

    @scope.on_verdict
    def stop(verdict: gradscope.Verdict) -> None:
        told.append((verdict, threading.current_thread()))
        raise StopError(verdict.cause)

    assert callable(stop), "a decorator leaves the function as it was"
    step = scope.step(sgd_step(model), jit_compile=False)
    with pytest.raises(StopError), scope:
        train(step)
    ((verdict, thread),) = told
    assert thread is threading.main_thread()
    assert verdict.severity == "critical"
    recorded = gradscope.open_run(tmp_path).steps
    assert 0 < len(recorded) < MANY, "stopped early, and all before it was written"
    assert verdict.cause in [one.cause for one in scope.report().verdicts]


def test_one_that_does_not_raise_hears_of_each_cause_once(tmp_path: Path) -> None:
    model, told = broken_model(), []
    with gradscope.Scope(model, tmp_path, every=1, console=False) as scope:
        scope.on_verdict(told.append)
        step = scope.step(sgd_step(model), jit_compile=False)
        for _ in range(5):
            train(step, ROWS_PER_DRAIN)
            scope.report()
    causes = [verdict.cause for verdict in told]
    assert causes
    assert len(set(causes)) == len(causes)


def test_a_run_that_ends_before_it_was_judged_is_told_when_it_closes(tmp_path: Path) -> None:
    model, told = broken_model(), []
    with gradscope.Scope(model, tmp_path, every=1, console=False) as scope:
        scope.on_verdict(told.append)
        scope.step(sgd_step(model), jit_compile=False)(X, Y)
        assert not told
    assert told
    before = list(told)
    scope.close()
    assert told == before


def test_an_error_of_the_training_is_not_hidden_by_one_of_the_callback(tmp_path: Path) -> None:
    model = broken_model()
    with pytest.raises(ZeroDivisionError), gradscope.Scope(model, tmp_path, every=1) as scope:

        @scope.on_verdict
        def stop(verdict: gradscope.Verdict) -> None:
            raise StopError(verdict.cause)

        scope.step(sgd_step(model), jit_compile=False)(X, Y)
        raise ZeroDivisionError


def test_of_two_scopes_each_counts_its_step_before_anybody_is_told(tmp_path: Path) -> None:
    model, healthy = broken_model(), small_model()
    a = gradscope.Scope(model, tmp_path / "a", every=1, console=False)
    b = gradscope.Scope(healthy, tmp_path / "b", every=1, console=False)

    @a.on_verdict
    def stop(verdict: gradscope.Verdict) -> None:
        raise StopError(verdict.cause)

    one, other = sgd_step(model), sgd_step(healthy)
    first = a.step(lambda x, y: (one(x, y), other(x, y)), jit_compile=False)
    step = b.step(first, jit_compile=False)
    with a, b:
        with pytest.raises(StopError):
            train(step)
        a.validate(loss=1.0)
        b.validate(loss=1.0)
    runs = [gradscope.open_run(tmp_path / name) for name in "ab"]
    assert runs[0].validation["loss"][0].tolist() == runs[1].validation["loss"][0].tolist()
    assert runs[0].steps.tolist() == runs[1].steps.tolist()


def test_bad_use(tmp_path: Path) -> None:
    with gradscope.Scope(small_model(), tmp_path) as scope:
        with pytest.raises(UsageError, match="Scope.on_verdict: expected a function .*, got int"):
            scope.on_verdict(3)
    with pytest.raises(ScopeClosedError, match="Scope.on_verdict: this scope was closed"):
        scope.on_verdict(print)
    with pytest.raises(UsageError, match="Callback: on_verdict: expected a function .*, got bool"):
        gradscope.Callback(tmp_path, on_verdict=True)


def test_model_fit_is_stopped_by_its_model_or_by_an_error(tmp_path: Path) -> None:
    model = broken_model()
    model.compile("sgd", "mse", jit_compile=False)

    def ask_to_stop(verdict: gradscope.Verdict) -> None:
        model.stop_training = True

    def fail(verdict: gradscope.Verdict) -> None:
        raise StopError(verdict.cause)

    x, y = (np.tile(array, (25, 1)) for array in (X, Y))
    settings = {"batch_size": 4, "verbose": 0, "epochs": 40}
    watch = gradscope.Callback(tmp_path / "a", every=1, console=False, on_verdict=ask_to_stop)
    model.fit(x, y, callbacks=[watch], **settings)
    assert watch.report().steps < 40 * 100
    watch = gradscope.Callback(tmp_path / "b", every=1, console=False, on_verdict=fail)
    with pytest.raises(StopError):
        model.fit(x, y, callbacks=[watch], **settings)
    assert gradscope.open_run(tmp_path / "b").verdicts, "closed, with its verdicts"


def test_a_run_that_recovers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(16, "relu") for _ in range(3)]
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)])
    good = model.get_weights()
    centred = Y - Y.mean()  # so that the last bias alone can't lower the loss
    model.set_weights([1e-4 * weight for weight in good])
    told: list[gradscope.Verdict] = []
    with gradscope.Scope(model, tmp_path, every=1) as scope:
        scope.on_verdict(told.append)
        step = scope.step(sgd_step(model), jit_compile=False)
        train(step, 64, centred)
        sick = scope.report()
        model.set_weights(good)
        train(step, 300, centred)
        well = scope.report()
    assert not sick.healthy
    cause = sick.primary.cause
    assert [verdict.cause for verdict in told].count(cause) == 1
    assert well.healthy, str(well)
    assert cause not in [verdict.cause for verdict in well.verdicts]
    said = capsys.readouterr().err.splitlines()
    named = [line for line in said if cause in line]
    assert len(named) == 2, said
    assert named[0].startswith("gradscope: critical: "), said
    assert named[1].startswith(f"gradscope: {cause} no longer holds at step "), said
    assert gradscope.open_run(tmp_path).verdicts == well.verdicts
    shown = verdict_texts(tmp_path)
    assert any(f"### {cause}" in text for text in shown[:-1])
    assert "###" not in shown[-1] and "gradscope: healthy" in shown[-1]


def verdict_texts(logdir: Path) -> list[str]:
    """What TensorBoard's Text dashboard shows, oldest first."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    events = EventAccumulator(str(logdir / "gradscope"), size_guidance={"tensors": 0})
    events.Reload()
    texts = events.Tensors("gradscope/verdicts")
    return [tensor_util.make_ndarray(text.tensor_proto).item().decode() for text in texts]
