"""`gradscope demo`, whole and in a process of its own, as a person runs it."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from gradscope.run import open_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A whole demo in a process of its own: (its output, its working directory)."""
    where = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [sys.executable, "-m", "gradscope", "demo", "--epochs", "2"],
        cwd=where,
        env={**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run, where


def test_the_demo_finds_the_broken_net_and_clears_its_twin(finished):
    _, where = finished
    broken = open_run(where / "runs/demo/broken")
    repaired = open_run(where / "runs/demo/repaired")
    assert [verdict.cause for verdict in broken.verdicts] == ["vanishing-gradient"]
    assert broken.verdicts[0].severity == "critical"
    assert repaired.verdicts == () and repaired.judged_at is not None
    for run in (broken, repaired):
        assert run.steps[0] == 0 and 44 <= run.steps[-1] < 88, "two epochs of 44 steps"


def test_the_twin_learns_and_the_broken_net_does_not(finished):
    _, where = finished
    accuracy = {
        name: open_run(where / "runs/demo" / name).validation["accuracy"][1]
        for name in ("broken", "repaired")
    }
    assert len(accuracy["broken"]) == 2
    assert accuracy["broken"].max() < 0.2 < 0.5 < accuracy["repaired"].max()


def test_the_demo_shows_progress_tables_verdicts_and_what_to_type_next(finished):
    run, where = finished
    assert "broken (sigmoid)" in run.stdout and "epoch 2/2" in run.stdout
    assert run.stdout.count("hidden_1/kernel") >= 2
    assert "[critical] vanishing-gradient" in run.stdout
    assert "gradscope: healthy. " in run.stdout
    command = shlex.split(run.stdout.partition("See them in TensorBoard:")[2])[:3]
    assert command[1:] == ["--logdir", "runs/demo"]
    assert shutil.which(command[0], path=os.environ["PATH"]) or (where / command[0]).exists()


def test_what_tensorflow_says_when_it_starts_stays_off_the_screen(finished):
    run, _ = finished
    told = [line for line in run.stderr.splitlines() if not line.startswith("gradscope: ")]
    assert told == []


def test_report_prints_the_same_from_disk(finished):
    run, where = finished
    report = subprocess.run(
        [sys.executable, "-m", "gradscope", "report", "runs/demo"],
        cwd=where,
        env={**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert report.stderr == ""
    assert report.stdout.strip() in run.stdout


def test_interrupting_keeps_what_was_recorded(tmp_path):
    """Ctrl-C once the first epoch is done."""
    code = (
        "import sys\n"
        "from gradscope.cli import networks\n"
        "from gradscope.cli.main import main\n"
        "train = networks.train\n"
        "def interrupted(net, logdir, epochs, seed, progress):\n"
        "    def stop(*figures):\n"
        "        raise KeyboardInterrupt\n"
        "    train(net, logdir, epochs, seed, stop)\n"
        "networks.train = interrupted\n"
        "sys.exit(main(['demo', '--logdir', 'out']))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 130, run.stderr
    assert run.stderr.endswith("\ngradscope demo: interrupted.\n")
    assert "Stopped. What was recorded so far: " in run.stdout
    assert run.stdout.strip().endswith(" report out")
    steps = open_run(tmp_path / "out" / "broken").steps
    assert steps[0] == 0 and 22 <= steps[-1] < 44, "one epoch of 44 steps"
