"""The JSON document: its keys, what follows from raw times, and what becomes of failures."""

import json

import pytest

from gradscope.bench import result
from gradscope.bench.plan import WORKLOADS
from tests.unit.bench import canned


def test_its_form():
    document = json.loads(json.dumps(canned.document("mlp", "deep"), allow_nan=False))
    assert set(document) == {"version", "date", "command", "machine", "plan", "workloads"}
    assert document["version"] == 1
    assert set(document["machine"]) == {
        *("device", "device_name", "cores", "platform"),
        *("python", "tensorflow", "keras", "numpy", "gradscope"),
    }
    assert document["machine"]["device_name"] == "Abacus 3000"
    assert [workload["name"] for workload in document["workloads"]] == ["mlp", "deep"]
    workload = document["workloads"][0]
    assert set(workload) == {
        *("name", "title", "shows", "parameters", "variables", "problem"),
        *("arms", "compile", "memory"),
    }
    assert workload["shows"] == WORKLOADS["mlp"].shows
    for arm in workload["arms"]:
        assert set(arm) == {
            *(
                "arm",
                "every",
                "only",
                "block",
                "plain",
                "recorded",
                "first_call",
                "ratio",
                "reported",
            )
        }
        assert len(arm["plain"]) == len(arm["recorded"]) == 4
        assert set(arm["ratio"]) == {
            *("median", "low", "high", "quartile_1", "quartile_3"),
            *("whole", "whole_low", "whole_high"),
        }


def test_what_follows_from_raw_figures():
    (workload,) = canned.document("mlp")["workloads"]
    assert [arm["ratio"]["median"] for arm in workload["arms"]] == pytest.approx([1.1, 1.1, 1.0])
    assert workload["arms"][2]["ratio"]["whole"] == pytest.approx(1 + 0.5 * 13 / 46)
    assert workload["compile"]["ratio"] == pytest.approx(2)
    assert workload["memory"]["ratio"] == pytest.approx(1.02)


def test_without_repetitions_the_first_calls_that_happened_anyway_count():
    (workload,) = canned.document("mlp", compiles=0, memory=False)["workloads"]
    assert workload["compile"] == {
        "plain_seconds": [2.0],
        "recorded_seconds": [5.0],
        "repetitions": 0,
        "ratio": 2.5,
    }
    assert workload["memory"] is None


def test_a_workload_that_fails_does_not_keep_the_next_from_being_measured():
    document = canned.document("mlp", "cnn", run=canned.failing("timing"))
    assert [workload["problem"] for workload in document["workloads"]] == [
        "its process died of signal 9"
    ] * 2
    assert document["workloads"][0]["arms"] == []


def test_times_are_kept_where_memory_fails():
    (workload,) = canned.document("mlp", run=canned.failing("recorded"))["workloads"]
    assert workload["memory"] == {"problem": "its process died of signal 9"}
    assert workload["problem"] is None and len(workload["arms"]) == 3


def test_it_is_handed_on_whenever_a_workload_is_done():
    seen = []
    result.measure(
        canned.plan("mlp", "cnn"),
        ["gradscope"],
        lambda *_: None,
        lambda document: seen.append(len(document["workloads"])),
        canned.answer,
    )
    assert seen == [1, 2]
