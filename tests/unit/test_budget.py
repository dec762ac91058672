"""The budget is kept, whatever steps take: trainings with a made-up clock."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from gradscope import budget
from gradscope.budget import Budget
from gradscope.cadence import CALIBRATING_EVERY, DENSE_STEPS, SPARSEST
from gradscope.cost import Work
from gradscope.overhead import Overhead

HOST = 3e-6
"""Seconds of gradscope's own Python in each call."""


@dataclass
class Training:
    """A training whose steps take what it is told, watched by a Budget.

    plain: step -> seconds of the plain program; scatter and outliers come on top.
    extra: step -> what recording adds.
    drain: CPU seconds of the drain for each recorded step.
    """

    watched: Budget
    plain: Callable[[int], float]
    extra: Callable[[int], float]
    drain: float = 0.0
    scatter: float = 0.1
    outliers: float = 0.01
    group: int = 1
    now: float = 0.0
    step: int = 0
    recorded: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cadences: list[tuple[int, int]] = field(default_factory=list)
    work: Work = field(default_factory=lambda: Work(judgement=0.0))
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def run(self, steps: int) -> "Training":
        """Trains on for so many calls."""
        for _ in range(steps):
            self.call()
        return self

    def call(self) -> None:
        due = self.watched.begin(self.step, self.group)
        self.now += HOST
        self.watched_start()
        self.now += self.took(due)
        self.watched.stop()
        if due:
            self.recorded.append(self.step)
            rows = self.group
            self.work = Work(self.work.rows + rows, self.work.writing + self.drain * rows, 0.0, 0.0)
            if len(self.recorded) % 32 == 0 or self.step % 2000 == 0:
                self.watched.transferred(0.0)
                self.watched.settle(self.work)
        self.watched.finish(due, self.group, True)
        self.note_cadence()
        self.step += self.group

    def watched_start(self) -> None:
        """The budget's own `start` is the end of `begin`: what came since is gradscope's."""
        self.watched._started = self.now

    def took(self, due: bool) -> float:
        factor = self.rng.lognormal(0.0, self.scatter)
        if self.rng.random() < self.outliers:
            factor *= 4.0
        self.seconds.append(self.plain(self.step))
        return (self.plain(self.step) + due * self.extra(self.step)) * factor

    def note_cadence(self) -> None:
        every = self.watched.cadence._sparse
        if not self.cadences or self.cadences[-1][1] != every:
            self.cadences.append((self.step, every))

    def true_share(self, since: int) -> float:
        """What recording cost from a step on, as the training knows and the budget can't."""
        spent = sum(
            self.extra(step) + self.drain * self.group for step in self.recorded if step >= since
        )
        calls = self.seconds[since // self.group :]
        return (spent + HOST * len(calls)) / sum(calls)

    def figure(self) -> Overhead:
        found = self.watched.settle(self.work)
        assert found is not None
        return found


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Training]:
    class Clock:
        """In place of the module `time`."""

        training: Training

        def perf_counter(self) -> float:
            return self.training.now

    clock = Clock()
    monkeypatch.setattr(budget, "time", clock)
    monkeypatch.setattr(budget, "_devices_work_ahead", lambda: False)

    def make(
        plain: float | Callable[[int], float],
        extra: float | Callable[[int], float],
        *,
        every: int | str = "auto",
        overhead: float = 0.01,
        **options: float,
    ) -> Training:
        watched = Budget(every, overhead)
        watched.cadence.group = int(options.get("group", 1))
        clock.training = Training(watched, _function(plain), _function(extra), **options)
        return clock.training

    return make


def _function(value: float | Callable[[int], float]) -> Callable[[int], float]:
    return value if callable(value) else lambda step: value


SINCE = 600
"""Steps after which a cadence was chosen: the dense start and the calibration are over."""


@pytest.mark.parametrize(
    ("plain", "extra", "options"),
    [
        (0.01, 0.001, {}),
        (0.01, 0.001, {"drain": 3e-4}),
        (0.01, 1e-4, {}),
        (0.01, 0.0, {}),
        (0.01, 0.001, {"scatter": 0.3, "outliers": 0.05}),
        (0.01, 2e-4, {"scatter": 0.5, "outliers": 0.05}),
        (lambda step: 0.01 * (1 + step / 5000), 0.001, {}),
        (lambda step: 0.01 if step < 8000 else 0.1, 0.001, {}),
        (lambda step: 0.1 if step < 8000 else 0.01, 0.005, {}),
        (0.01, 0.002, {"group": 4}),
    ],
    ids=[
        *("usual", "drain", "cheap", "free", "scattered", "below the scatter"),
        *("drifting", "ten times slower", "ten times faster", "executions of four"),
    ],
)
def test_the_budget_is_kept_and_the_figure_is_true(train, plain, extra, options) -> None:
    training = train(plain, extra, **options).run(16_000)
    assert training.true_share(SINCE) <= 0.01
    figure = training.figure()
    assert figure.share is not None and figure.low is not None and figure.high is not None
    assert 0.0 <= figure.low <= figure.share <= figure.high
    # What it costs on and on, at the cadence that was reached.
    now = training.step - training.group
    true = (training.extra(now) / figure.every + HOST) / training.plain(now)
    true += training.drain / figure.every / training.plain(now)
    assert figure.low - 2e-4 <= true <= figure.high + 2e-4


def test_the_first_steps_are_recorded_one_by_one_then_each_tenth_until_the_cost_is_known(
    train,
) -> None:
    training = train(0.01, 0.001).run(3000)
    dense = list(range(DENSE_STEPS))
    chosen = training.cadences[1][0]
    calibrating = list(range(DENSE_STEPS, chosen + 1, CALIBRATING_EVERY))
    assert [step for step in training.recorded if step <= chosen] == dense + calibrating
    assert chosen < SINCE
    after = [step for step in training.recorded if step > chosen]
    assert after and all(step % 20 == 0 for step in after)


def test_a_cost_that_rises_thins_the_record_and_one_that_falls_fills_it_again(train) -> None:
    training = train(0.01, lambda step: 0.05 if 4000 <= step < 9000 else 5e-4)
    before = training.run(4000).cadences[-1][1]
    during = training.run(5000).cadences[-1][1]
    after = training.run(31_000).cadences[-1][1]
    assert before <= 20 and during >= 500 and after <= 20


def test_a_cost_near_the_budget_does_not_change_the_cadence_again_and_again(train) -> None:
    training = train(0.01, 0.0015).run(40_000)
    assert len(training.cadences) <= 4


def test_what_costs_too_much_however_rarely_is_told(train) -> None:
    training = train(1e-4, 1e-3, drain=1e-3).run(8000)
    figure = training.figure()
    assert figure.every == SPARSEST == training.cadences[-1][1]
    assert figure.share is not None and figure.share > 0.01
    assert "the budget of 1 % is not kept" in figure.sentence


def test_a_large_budget_records_each_step_but_a_few_that_tell_its_cost(train) -> None:
    training = train(0.01, 0.001, overhead=0.5).run(3000)
    left_out = sorted(set(range(1000, 3000)) - set(training.recorded))
    assert left_out == list(range(1010, 3000, 20))
    assert training.figure().share == pytest.approx(0.1, abs=0.03)
    assert training.figure().every == 1


def test_a_fixed_cadence_stays_and_is_told_what_it_costs(train) -> None:
    training = train(0.01, 0.001, every=10).run(3000)
    assert training.recorded == list(range(0, 3000, 10))
    figure = training.figure()
    assert figure.budget is None and "budget" not in figure.sentence
    assert figure.share == pytest.approx(0.01, abs=0.004)
    assert figure.whole == pytest.approx(0.01, abs=0.004)


def test_without_plain_steps_the_cost_is_not_known_and_it_says_why(train) -> None:
    training = train(0.01, 0.001, every=1, drain=1e-4).run(300)
    figure = training.figure()
    assert (figure.share, figure.low, figure.high, figure.whole) == (None, None, None, None)
    assert figure.background == pytest.approx(1e-4 / 0.011, rel=0.2)
    assert figure.sentence.startswith(
        "What recording cost is not known: each step was recorded, so that there is no plain one "
        "to compare with. Writing and judging took 0.8"
    )


def test_the_whole_run_counts_its_dense_start(train) -> None:
    training = train(0.01, 0.002).run(1000)
    spent = 0.002 * len(training.recorded) / (1000 * 0.01)
    assert training.figure().whole == pytest.approx(spent, rel=0.3)


def test_judging_and_closer_looks_leave_recording_what_they_do_not_take(train) -> None:
    alone = train(0.01, 0.0008).run(6000)
    beside = train(0.01, 0.0008)
    for _ in range(6000):
        beside.call()
        beside.watched.account.spent = 0.005 * beside.watched.trained
    assert beside.cadences[-1][1] > alone.cadences[-1][1]
    figure = beside.figure()
    assert figure.detail == pytest.approx(0.005, rel=0.1)
    assert figure.share is not None and 0.005 < figure.share <= 0.01


def test_it_remembers_no_more_of_a_long_run_than_of_a_short_one(train) -> None:
    training = train(0.01, 0.001)

    def held() -> int:
        meter = training.watched._meter
        sizes = [len(value) for value in vars(meter).values() if hasattr(value, "__len__")]
        sizes += [len(value) for value in meter._host.values()]
        return sum(sizes) + len(meter.pairs._window)

    short = training.run(30_000) and held()
    assert training.run(10_000) and held() == short


def test_a_device_that_works_ahead_is_waited_for_rarely(
    train, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    training = train(0.01, 0.002)
    monkeypatch.setattr(budget, "_devices_work_ahead", lambda: True)
    monkeypatch.setattr(Budget, "_wait", lambda self: waits.append(training.step) or True)
    training.run(40_000)
    figure = training.figure()
    assert figure.share is not None and figure.share <= 0.01
    assert training.true_share(2000) <= 0.01
    late = {step for step in waits if step >= 20_000}
    assert 0 < len(late) < 1000  # of 20,000
    assert training.watched.trained == pytest.approx(sum(training.seconds), rel=0.05)


def test_where_waiting_fails_the_training_goes_on_and_the_cost_is_not_known(
    train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise RuntimeError("no such thing")

    training = train(0.01, 0.002)
    monkeypatch.setattr(budget, "_devices_work_ahead", lambda: True)
    monkeypatch.setattr(budget.tf.test.experimental, "sync_devices", fails)
    training.run(2000)
    assert training.figure().share is None
    assert training.cadences == [(0, CALIBRATING_EVERY)]
