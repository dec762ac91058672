"""`gradscope bench` with made-up measurements: what it prints and writes, and its exit codes."""

import json

import pytest

from gradscope.bench import parent, plan
from gradscope.cli import bench
from gradscope.cli import main as cli
from tests.unit.bench import canned


@pytest.fixture
def tasks(monkeypatch):
    """The tasks that were asked for."""
    asked = []

    def run(task, progress):
        asked.append(task)
        return canned.answer(task, progress)

    monkeypatch.setattr(bench, "_run", run)
    return asked


def arguments(*words):
    return cli.build_parser().parse_args(["bench", *words])


def test_table_picture_and_json(tasks, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert cli.main(["bench", "mlp", "--pairs", "4", "--output", str(tmp_path / "a" / "b")]) == 0
    printed = capsys.readouterr()
    assert "every=auto" in printed.out and "1.141" in printed.out
    assert f"Written: {tmp_path}/a/b/bench.json, {tmp_path}/a/b/bench.png" in printed.err
    document = json.loads((tmp_path / "a" / "b" / "bench.json").read_text())
    assert document["workloads"][0]["name"] == "mlp"
    assert (tmp_path / "a" / "b" / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert [task.kind for task in tasks] == ["timing", "compile", "plain", "recorded"]


def test_json_and_markdown_on_standard_output(tasks, tmp_path, capsys):
    words = ["bench", "mlp", "--output", str(tmp_path)]
    assert cli.main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((tmp_path / "bench.json").read_text())
    assert cli.main([*words, "--markdown"]) == 0
    assert capsys.readouterr().out.count("| every=auto |") == 1


def test_a_workload_that_could_not_be_measured_is_exit_code_1(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "_run", canned.failing("timing"))
    assert cli.main(["bench", "mlp", "--output", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "its process died of signal 9" in printed.out
    assert "No picture: nothing was measured" in printed.err


def test_without_matplotlib_all_but_the_picture_is_there(tasks, tmp_path, capsys, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["bench", "mlp", "--output", str(tmp_path)]) == 0
    assert "pip install 'gradscope[bench]'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gpt"], "gradscope bench: no workload is called 'gpt'."),
        (["--device", "TPU:0"], "gradscope bench: --device TPU:0: expected CPU:0, GPU:0"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(words, message, tasks, tmp_path, capsys):
    assert cli.main(["bench", *words, "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(message)
    assert not tasks


@pytest.mark.parametrize("words", [["--pairs", "0"], ["--every", "often"], ["--every", "-1"]])
def test_numbers_that_are_none(words, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["bench", *words])
    assert end.value.code == 2
    assert "expected a whole number from 1 on" in capsys.readouterr().err


def test_an_output_that_cannot_be_written(tasks, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert cli.main(["bench", "--output", str(tmp_path / "file" / "x")]) == 2
    assert "can't write to" in capsys.readouterr().err and not tasks


def test_the_list_says_what_each_is_for(capsys):
    assert cli.main(["bench", "--list"]) == 0
    out = capsys.readouterr().out
    for name, about in plan.WORKLOADS.items():
        assert name in out and about.shows in out


def test_what_is_measured_where_nothing_is_said():
    planned = bench.plan_of(arguments())
    assert planned.workloads == ("mlp", "cnn", "transformer", "lstm")
    assert [arm.every for arm in planned.arms] == [1, 10, "auto"]
    assert planned.memory and planned.size == "cpu"


def test_quick():
    planned = bench.plan_of(arguments("--quick"))
    assert planned.workloads == ("mlp", "cnn")
    assert [arm.every for arm in planned.arms] == [1, "auto"]
    assert not planned.memory and not planned.compiles
    named = bench.plan_of(arguments("--quick", "lstm", "--pairs", "3", "--every", "5", "5"))
    assert named.workloads == ("lstm",) and named.pairs == 3
    assert [arm.every for arm in named.arms] == [5]


def test_a_gpu_gets_the_sizes_of_a_gpu():
    planned = bench.plan_of(arguments("--device", "gpu:1", "--all", "--families"))
    assert planned.device == "GPU:1" and planned.size == "gpu"
    assert planned.workloads == tuple(plan.WORKLOADS)
    assert len(planned.arms) == 3 + 1 + len(plan.FAMILIES)


def test_the_child_and_its_parent_agree_on_where_xla_writes():
    from gradscope.bench import child

    assert child.DUMP == parent.DUMP
