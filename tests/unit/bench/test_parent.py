"""Child processes: their answers, their deaths, and that none is left."""

import json
import sys

import pytest

from gradscope.bench import parent
from gradscope.bench.plan import Arm, Task
from gradscope.errors import UsageError

TASK = Task("timing", "mlp", "tiny")


def python(code):
    return (sys.executable, "-c", code)


def test_it_hands_on_progress_and_finds_the_answer_among_a_librarys_noise():
    code = """if True:
        import json
        print("loading ...")
        print(json.dumps({"progress": "half"}))
        print("[1, 2]")
        print(json.dumps({"result": {"bytes": 7}}))
    """
    said = []
    assert parent.run(TASK, said.append, python(code)) == {"bytes": 7}
    assert said == ["half"]


def test_a_child_that_dies_says_how():
    with pytest.raises(parent.TaskError) as end:
        parent.run(TASK, print, python("import sys; sys.exit('no memory for that')"))
    assert str(end.value) == "its process ended with exit code 1\n    no memory for that"
    with pytest.raises(parent.TaskError, match=r"died of signal 9 \(was there too little memory"):
        parent.run(TASK, print, python("import os; os.kill(os.getpid(), 9)"))


def test_a_device_that_is_not_there_is_the_users_mistake():
    code = 'print(\'{"problem": "TensorFlow sees no GPU:3 here", "kind": "device"}\')'
    with pytest.raises(UsageError, match=r"sees no GPU:3 here\. Name one of them with --device\."):
        parent.run(TASK, print, python(code))


def test_interrupting_leaves_no_child():
    code = "import os, time; print('{\"progress\": %d}' % os.getpid(), flush=True); time.sleep(60)"
    children = []

    def interrupt(said):
        children.append(int(said))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parent.run(TASK, interrupt, python(code))
    with pytest.raises(ProcessLookupError):
        import os

        os.kill(children[0], 0)


def test_xla_writes_reports_only_where_memory_is_measured_and_keeps_the_users_flags():
    given = {"XLA_FLAGS": "--xla_cpu_enable_fast_math=false", "PATH": "/bin"}
    memory = parent._environment(Task("plain", "mlp", "cpu"), "/dump", given)
    assert memory["XLA_FLAGS"] == "--xla_cpu_enable_fast_math=false --xla_dump_to=/dump"
    assert memory["CUDA_VISIBLE_DEVICES"] == "-1"
    timing = parent._environment(TASK, "/dump", given)
    assert timing["XLA_FLAGS"] == given["XLA_FLAGS"]
    on_gpu = parent._environment(Task("plain", "mlp", "gpu", "GPU:0"), "/dump", given)
    assert "CUDA_VISIBLE_DEVICES" not in on_gpu and on_gpu["XLA_FLAGS"] == given["XLA_FLAGS"]


def test_a_real_child_times_what_it_is_asked_to():
    arms = (Arm(2, ("updates",)),)
    said = []
    task = Task("timing", "embedding", "tiny", "CPU:0", arms, pairs=2, seconds=0.01)
    found = json.loads(json.dumps(parent.run(task, said.append)))
    assert found["variables"] == 5 and found["title"].startswith("Embedding: 100 × 64")
    assert [arm["arm"] for arm in found["arms"]] == ["only updates"]
    for arm in found["arms"]:
        assert len(arm["plain"]) == len(arm["recorded"]) == 2
        assert min(*arm["plain"], *arm["recorded"], arm["first_call"]) > 0
    assert found["arms"][0]["block"] % 2 == 0
    assert "only updates: 2 of 2 pairs" in said
    assert set(found["machine"]) == {"device_name", "tensorflow", "keras"}


def test_the_child_says_which_devices_there_are():
    from gradscope.bench import child

    with pytest.raises(child.DeviceError, match=r"sees no GPU:7 here, only CPU:0"):
        child.use("GPU:7")


@pytest.mark.slow
def test_first_calls_are_of_new_steps_each_time():
    found = parent.run(Task("compile", "embedding", "tiny", pairs=2), print)
    assert len(found["plain_seconds"]) == len(found["recorded_seconds"]) == 2
    # a step that had been compiled before would take a thousandth of it
    assert min(found["plain_seconds"]) > 0.05 * max(found["plain_seconds"])


@pytest.mark.slow
def test_memory_is_the_same_each_time_and_more_with_statistics():
    plain, again, recorded = (
        parent.run(Task(kind, "embedding", "tiny"), print)["bytes"]
        for kind in ("plain", "plain", "recorded")
    )
    weights = 11_210 * 4
    assert plain == again > 3 * weights
    assert recorded > plain
