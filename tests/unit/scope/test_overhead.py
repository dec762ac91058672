"""A scope keeps to its budget in a real training, and says what it cost."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscope
from gradscope import budget
from gradscope.budget import Budget
from gradscope.cadence import CALIBRATING_EVERY, DENSE_STEPS
from gradscope.cli.main import main
from tests.unit.scope.training import X, Y, sgd_step, small_model

STEP = 1.0
"""Seconds of a step on the made-up clock: of such steps the drain's real CPU time is nothing."""


class Clock:
    """In place of the module `time`: steps take what the test says, however busy the machine is.

    extra: what a recorded step takes more.
    """

    def __init__(self) -> None:
        self.now = self.extra = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made, began, stop = Clock(), Budget.begin, Budget.stop
    due = False

    def begin(self: Budget, step: int, steps: int) -> bool:
        nonlocal due
        due = began(self, step, steps)
        return due

    def stopped(self: Budget) -> None:
        made.now += STEP + due * made.extra
        stop(self)

    monkeypatch.setattr(budget, "time", made)
    monkeypatch.setattr(Budget, "begin", begin)
    monkeypatch.setattr(Budget, "stop", stopped)
    return made


@pytest.mark.parametrize("jit_compile", [True, False])
def test_recorded_are_the_first_steps_and_then_those_that_the_budget_allows(
    tmp_path: Path, clock: Clock, jit_compile: bool
) -> None:
    model = small_model()
    clock.extra = 0.14
    with gradscope.Scope(model, tmp_path, console=False) as scope:
        step = scope.step(sgd_step(model), jit_compile=jit_compile)
        for _ in range(900):
            step(X, Y)
        changed = next(
            now for now in itertools.count(DENSE_STEPS) if now % 20 == 10 and now not in seen(scope)
        )
    recorded = gradscope.open_run(tmp_path).steps.tolist()
    dense, tenth = list(range(DENSE_STEPS)), range(DENSE_STEPS, changed, CALIBRATING_EVERY)
    assert recorded == [*dense, *tenth, *range(changed + 10, 900, 20)]


def seen(scope: gradscope.Scope) -> set[int]:
    scope.report()
    return set(gradscope.open_run(scope.logdir).steps.tolist())


def test_the_cadence_follows_the_cost_up_and_down(tmp_path: Path, clock: Clock) -> None:
    model = small_model()
    every: list[int] = []
    with gradscope.Scope(model, tmp_path, console=False, overhead=0.1) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        for extra, steps in ((0.1, 600), (1.5, 600), (0.1, 2400)):
            clock.extra = extra
            for _ in range(steps):
                step(X, Y)
            every.append(scope.report().overhead.every)
    assert every == [2, 50, 2]


def test_report_run_and_command_line_say_the_same(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    model = small_model()
    clock.extra = 0.14
    with gradscope.Scope(model, tmp_path, console=False) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        for _ in range(600):
            step(X, Y)
    report = scope.report()
    found = report.overhead
    assert found is not None and found.every == 20 and found.budget == 0.01
    # 0.14 / 20, and judging within its quarter of the budget.
    assert found.share == pytest.approx(0.007 + found.judging, abs=5e-4)
    assert found.judging <= 0.0025
    assert found.low is not None and found.share is not None and found.low <= found.share
    recorded = report.steps
    assert found.whole == pytest.approx(0.14 * recorded / 600, rel=0.1)
    assert gradscope.open_run(tmp_path).overhead == found
    assert f"\n{found.sentence}" in str(report)
    assert main(["report", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["overhead"] == found.to_dict()
    assert main(["report", str(tmp_path), "--format", "markdown"]) == 0
    assert found.sentence in capsys.readouterr().out
    assert main(["report", str(tmp_path)]) == 0
    assert "Recording cost 0." in capsys.readouterr().out


def test_a_run_that_records_each_step_says_that_the_cost_is_unknown(tmp_path: Path) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=1, console=False) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        for _ in range(70):
            step(X, Y)
    found = scope.report().overhead
    assert found is not None and found.share is None
    assert found.background is not None and found.background > 0
    assert found.one_off_seconds > 0
    assert "each step was recorded, so that there is no plain one" in str(scope.report())


def test_before_the_first_step_there_is_nothing_to_say(tmp_path: Path) -> None:
    with gradscope.Scope(small_model(), tmp_path, console=False) as scope:
        assert scope.report().overhead is None


def test_steps_that_are_traced_anew_are_no_part_of_the_figure(tmp_path: Path, clock: Clock) -> None:
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=5, console=False) as scope:
        train = scope.step(sgd_step(model), jit_compile=False)

        def step(rows: int) -> None:
            now = clock.now
            train(X[:rows], Y[:rows])
            clock.now = now + STEP

        before = scope._budget
        for rows in (16, 16, 16, 16, 16, 8, 8, 8):
            step(rows)
        meter = before._meter
        assert meter is not None
        # Calls 0 and 5 compiled the recorded program, 1 and 6 the plain one.
        assert meter.trained == pytest.approx(4 * STEP)
        assert meter.one_off == pytest.approx(2 * STEP)


@pytest.mark.parametrize("executions", [1, 4])
def test_fit_is_measured_too(tmp_path: Path, clock: Clock, executions: int) -> None:
    clock.extra = 0.14
    model = small_model()
    model.compile("sgd", "mse", jit_compile=False, steps_per_execution=executions)
    x, y = np.tile(X, (100, 1)), np.tile(Y, (100, 1))
    watch = gradscope.Callback(tmp_path, console=False)
    calls = 800
    model.fit(
        x, y, batch_size=1, epochs=calls * executions // 1600 or 1, verbose=0, callbacks=[watch],
        steps_per_epoch=min(1600, calls * executions), shuffle=False,
    )  # fmt: skip
    found = watch.report().overhead
    assert found is not None and (found.every, found.group) == (20, executions)
    assert found.share == pytest.approx(0.007 + found.judging, abs=1e-3)
    recorded = gradscope.open_run(tmp_path).steps
    late = recorded[recorded >= 600 * executions]
    assert len(late) and set(late // executions % 20) == {0}
    whole = np.arange(late[0], late[-1] + 1)
    assert late.tolist() == [step for step in whole if step // executions % 20 == 0]


@pytest.mark.parametrize("ahead", [False, True])
def test_devices_are_waited_for_only_where_they_work_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: bool
) -> None:
    waited: list[Any] = []
    wait = budget.tf.test.experimental.sync_devices
    monkeypatch.setattr(budget.tf.test.experimental, "sync_devices", lambda: waited.append(wait()))
    if ahead:
        monkeypatch.setattr(budget, "_devices_work_ahead", lambda: True)
    model = small_model()
    with gradscope.Scope(model, tmp_path, every=10, console=False) as scope:
        step = scope.step(sgd_step(model), jit_compile=False)
        for _ in range(200):
            step(X, Y)
    assert bool(waited) is ahead
    found = scope.report().overhead
    assert found is not None and found.share is not None and found.pairs >= 10
