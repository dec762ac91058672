"""What is measured: names are checked, tasks survive the way to their process."""

import json

import pytest

from gradscope.bench import plan
from gradscope.errors import UsageError
from tests.unit.bench import canned


def test_without_names_it_is_what_a_laptop_has_time_for():
    assert plan.chosen([], all_of_them=False) == ("mlp", "cnn", "transformer", "lstm")
    assert plan.chosen([], all_of_them=True) == tuple(plan.WORKLOADS)
    assert plan.chosen(["deep", "mlp"], all_of_them=False) == ("mlp", "deep")


def test_an_unknown_workload_is_said_with_those_that_there_are():
    with pytest.raises(UsageError, match=r"no workload is called 'gpt'\. There are: mlp, cnn, .*"):
        plan.chosen(["mlp", "gpt"], all_of_them=False)


@pytest.mark.parametrize("text", ["TPU:0", "GPU:", "GPU:-1", "CPU:1", "", "GPU:0 "])
def test_an_impossible_device(text):
    with pytest.raises(UsageError, match="expected CPU:0, GPU:0 or another number of a GPU"):
        plan.device(text)


def test_families_are_measured_one_by_one_and_none_at_all():
    names = [arm.name for arm in plan.arms([1], families=True)]
    assert names == ["every=1", "no statistics", *(f"only {name}" for name in plan.FAMILIES)]


def test_each_thing_is_measured_in_a_process_of_its_own():
    assert [task.kind for task in canned.plan("mlp").tasks("mlp")] == [
        "timing",
        "compile",
        "plain",
        "recorded",
    ]
    short = canned.plan("mlp", compiles=0, memory=False)
    assert [task.kind for task in short.tasks("mlp")] == ["timing"]


def test_a_task_survives_json():
    for task in canned.plan("mlp", families=True, device="GPU:1").tasks("mlp"):
        assert plan.Task.from_dict(json.loads(json.dumps(task.to_dict()))) == task
