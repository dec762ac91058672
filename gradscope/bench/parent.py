"""Starts a child process for each task, so that none is measured in what another left behind."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, cast

from gradscope.bench.plan import Task
from gradscope.errors import GradscopeError, UsageError

CHILD = (sys.executable, "-m", "gradscope.bench.child")

DUMP = "GRADSCOPE_BENCH_DUMP"
"""As in child.py, which can't be imported without TensorFlow."""

_LAST_WORDS = 3
"""Lines of a child that died which are shown."""


class TaskError(GradscopeError):
    """A task could not be measured; the message says why, in a sentence."""


def run(
    task: Task, progress: Callable[[str], None], command: tuple[str, ...] = CHILD
) -> dict[str, Any]:
    """What the child process found.

    progress: told what it is doing.

    Raises UsageError where TensorFlow doesn't see the task's device, TaskError where the child
    gives another reason or dies.
    """
    with tempfile.TemporaryDirectory() as dump, tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            [*command, json.dumps(task.to_dict())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(task, dump, os.environ),
            encoding="utf-8",
            errors="replace",
        ) as child:
            try:
                answer = _listen(child, progress)
                child.wait()
            finally:
                # also on Ctrl-C: nothing may go on measuring
                child.kill()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    if "result" in answer:
        return answer["result"]
    if answer.get("kind") == "device":
        raise UsageError(f"{answer['problem']}. Name one of them with --device.")
    raise TaskError(str(answer.get("problem") or _end(child.returncode, said)))


def _listen(child: "subprocess.Popen[str]", progress: Callable[[str], None]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    assert child.stdout is not None
    for line in child.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            continue  # what a library prints
        if not isinstance(said, dict):
            continue
        found = cast(dict[str, Any], said)
        if "progress" in found:
            progress(str(found["progress"]))
        else:
            answer = found
    return answer


def _environment(task: Task, dump: str, given: Mapping[str, str]) -> dict[str, str]:
    """The child's environment; for a CPU's memory XLA is told to write down what it assigns."""
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **given, "PYTHONUTF8": "1", DUMP: dump}
    if task.device.startswith("CPU"):
        # TensorFlow would start up on GPUs that are not measured.
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
        if task.kind in ("plain", "recorded"):
            flags = given.get("XLA_FLAGS", "")
            environment["XLA_FLAGS"] = f"{flags} --xla_dump_to={dump}".strip()
    return environment


def _end(code: int, errors: str) -> str:
    """How a child ended that gave no answer."""
    lines = [line for line in errors.splitlines() if line.strip()][-_LAST_WORDS:]
    how = f"died of signal {-code}" if code < 0 else f"ended with exit code {code}"
    hint = " (was there too little memory?)" if code == -9 else ""
    return f"its process {how}{hint}" + "".join(f"\n    {line}" for line in lines)
