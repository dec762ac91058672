"""Processes of arms: what is asked of them, and what becomes of one that fails."""

import importlib.util
import sys

import pytest

from benchmarks.rivals import worker
from benchmarks.rivals.processes import ArmError, Process, Processes, interpreters
from benchmarks.rivals.rivals import GRAPH, RIVALS, Rival

DEBUGGER = next(rival for rival in RIVALS if rival.name.startswith("Debugger"))


def test_an_interpreter_that_is_not_there(tmp_path):
    with pytest.raises(ArmError, match="no/python can't be started: No such file"):
        Process("no/python", "torch", "mlp", tmp_path, tmp_path / "log")


def test_no_interpreter_with_torch_leaves_its_rows_open(tmp_path):
    rival = Rival("hooks", "torch", ("eager",))
    with Processes(interpreters(None), "mlp", tmp_path) as processes:
        with pytest.raises(ArmError, match="no interpreter with PyTorch was given"):
            processes.arm(rival, "eager")


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is here")
def test_an_interpreter_without_torch_says_so(tmp_path):
    rival = Rival("hooks", "torch", ("eager",))
    with Processes(interpreters(sys.executable), "mlp", tmp_path) as processes:
        for _ in range(2):  # and again, when the process is gone already
            with pytest.raises(ArmError, match="its process ended: .*No module named 'torch'"):
                processes.arm(rival, "eager")


@pytest.mark.slow
def test_a_process_trains_records_and_outlives_a_mistake(tmp_path):
    with Processes(interpreters(None), "mlp:tiny", tmp_path) as processes:
        process, versions = processes.arm(DEBUGGER, DEBUGGER.name)
        assert set(versions) == {"TensorFlow", "Keras"}
        with pytest.raises(ArmError, match="KeyError: 'no arm'"):
            process.ask("open", "no arm")
        assert process.ask("run", DEBUGGER.name, 2)["seconds"] > 0
        assert processes.close(DEBUGGER) > 1000

    from tensorflow.python.debug.lib.debug_events_reader import DebugDataReader

    [where] = (tmp_path / "mlp:tiny").glob("Debugger*")
    with DebugDataReader(str(where)) as reader:
        reader.update()
        traces = reader.graph_execution_traces()
        assert {trace.op_type for trace in traces} >= {"MatMul", "Relu"}
        value = reader.graph_execution_trace_to_tensor_value(traces[0])
    assert (
        len(value) == 11
    )  # of FULL_HEALTH: a tensor's id, device, type, rank, size, and six counts


def test_plain_and_recorded_arms_share_a_process_others_have_their_own(tmp_path, monkeypatch):
    made = []

    class Fake:
        def __init__(self, python, side, workload, directory, log):
            made.append(self)
            self.asked = []

        def ask(self, *line):
            self.asked.append(line)
            return {"versions": {}, "bytes": 7}

        def end(self):
            self.asked.append("end")

    monkeypatch.setattr("benchmarks.rivals.processes.Process", Fake)
    shared, alone = (
        Rival("a", "tensorflow", (GRAPH,)),
        Rival("b", "tensorflow", (GRAPH,), alone=True),
    )
    with Processes(interpreters(None), "mlp", tmp_path) as processes:
        for rival in (alone, shared):
            for name in (*rival.against, rival.name):
                processes.arm(rival, name)
        common, own = made
        assert processes.close(alone) == 7
        assert own.asked == [("open", "b"), ("close", "b"), "end"]
        assert common.asked == [("open", GRAPH), ("open", "a")]
    assert common.asked[2:] == ["end"]


def test_work_left_behind_counts_for_who_left_it(monkeypatch):
    spent = iter([5.0, 5.004, 5.008, 5.0081, 9.0])
    monkeypatch.setattr(worker.time, "process_time", lambda: next(spent))
    monkeypatch.setattr(worker.time, "sleep", lambda seconds: None)
    assert worker.settled() == pytest.approx(0.008)


def test_a_process_that_never_rests_does_not_hold_up_the_bench(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(worker.time, "process_time", lambda: float(next(clock)))
    monkeypatch.setattr(worker.time, "perf_counter", lambda: next(clock) * worker.MOST_SECONDS / 10)
    monkeypatch.setattr(worker.time, "sleep", lambda seconds: None)
    assert worker.settled() > 0
