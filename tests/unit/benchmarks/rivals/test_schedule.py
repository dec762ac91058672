"""Rounds: who runs when, how often, and what becomes of the seconds."""

import json

import pytest

from benchmarks.rivals.processes import ArmError
from benchmarks.rivals.rivals import GRAPH, RIVALS, XLA
from benchmarks.rivals.schedule import LEAST_ROUNDS, measured, rounds
from tests.unit.benchmarks.rivals import canned


class Machine:
    """Runs arms at given speeds on a clock of its own."""

    def __init__(self, **milliseconds: float) -> None:
        self.milliseconds = milliseconds
        self.now = 0.0
        self.calls: list[tuple[str, int]] = []
        self.closed = False

    def run(self, name: str, steps: int) -> float:
        self.calls.append((name, steps))
        seconds = steps * self.milliseconds.get(name, 10) / 1e3
        self.now += seconds
        return seconds

    def clock(self) -> float:
        return self.now

    def arm(self, rival, name):
        return self, {f"version of {name}": "1"}

    def ask(self, command, name, steps):
        return {"seconds": self.run(name, steps)}

    def close(self, rival) -> int:
        self.closed = True
        return 600


def test_every_second_round_runs_in_reverse_and_seconds_are_those_of_a_step():
    machine = Machine(summaries=50)
    times = rounds(canned.RIVAL, machine.run, 3, 1e9, machine.clock)
    names = [GRAPH, XLA, "summaries"]
    assert machine.calls == [(name, 10) for name in names + names[::-1] + names]
    assert times == {
        GRAPH: [pytest.approx(0.01)] * 3,
        XLA: [pytest.approx(0.01)] * 3,
        "summaries": [pytest.approx(0.05)] * 3,
    }


def test_a_slow_rival_ends_early_but_not_before_the_least_rounds():
    machine = Machine(summaries=1e6)
    assert len(rounds(canned.RIVAL, machine.run, 50, 1.0, machine.clock)[XLA]) == LEAST_ROUNDS
    # A round takes 0.1 + 0.1 + 0.8 s: the sixth begins at 5 s, the seventh would after 5.5 s.
    machine = Machine(summaries=80)
    assert len(rounds(canned.RIVAL, machine.run, 50, 5.5, machine.clock)[XLA]) == 6


def test_warming_up_is_run_but_not_timed():
    machine = Machine(summaries=20)
    row = measured(canned.RIVAL, "mlp", machine, 4, 1e9)
    warm_up = [(name, canned.RIVAL.warm_up) for name in (GRAPH, XLA, "summaries")]
    assert machine.calls[:3] == warm_up
    assert len(machine.calls) == 3 + 4 * 3
    assert row.ratio(GRAPH) == (pytest.approx(2), pytest.approx(2), pytest.approx(2))
    # Bytes are those of all its steps, the ones of the warm-up included.
    assert row.written == 600 / (20 + 4 * 10)
    assert set(row.versions) == {f"version of {name}" for name in (GRAPH, XLA, "summaries")}
    assert machine.closed


def test_a_rival_that_fails_costs_its_row_alone():
    class Broken(Machine):
        def ask(self, command, name, steps):
            if name == "summaries":
                raise ArmError("NotImplementedError: not with XLA")
            return super().ask(command, name, steps)

    row = measured(canned.RIVAL, "mlp", Broken(), 4, 1e9)
    assert row.missing == "NotImplementedError: not with XLA"
    assert row.to_json() == {
        "workload": "mlp",
        "rival": "summaries",
        "missing": "NotImplementedError: not with XLA",
    }


def test_the_ratio_is_the_median_over_rounds_not_of_the_medians():
    row = canned.row()
    low, middle, high = row.ratio(GRAPH)  # of 3, 3, 4
    assert (low, middle, high) == (pytest.approx(3), pytest.approx(3), pytest.approx(3.5))
    assert row.milliseconds("summaries") == pytest.approx(36)
    stored = json.loads(json.dumps(row.to_json()))
    assert stored["ratios"][XLA] == pytest.approx([6, 6, 6])
    assert stored["seconds_per_step"] == row.rounds
    assert stored["steps_per_block"] == 10


def test_blocks_hold_whole_periods_of_what_a_rival_records():
    names = {rival.name: rival for rival in RIVALS}
    assert len(names) == len(RIVALS)
    for name, period in (("every 10th", 10), ("every 16th", 16), ("every 100th", 100)):
        found = [rival for rival in RIVALS if name in rival.name]
        assert found and all(rival.block % period == 0 for rival in found)
        assert all(rival.warm_up % period == 0 for rival in found)
