"""What `gradscope doctor` has to try out: TensorFlow and TensorBoard, each in its own process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from gradscope.cli.examination import Line, fit_to_show

TIME_LIMIT = 180.0
"""Seconds for one process: the first import of TensorFlow from a cold disk can take a minute."""

STEPS = ("import tensorflow", "keras backend", "devices", "plain step", "XLA step", "recorded step")
"""What trial_step.py tries, in this order."""

REINSTALL = "pip install --force-reinstall tensorflow"
_ADVICE = {
    "import tensorflow": REINSTALL,
    "plain step": REINSTALL,
    "XLA step": "Until XLA works here, write @scope.step(jit_compile=False).",
    "recorded step": "Please report it with this page.",
}


def examine(time_limit: float = TIME_LIMIT) -> list[Line]:
    """The lines on TensorFlow, devices, XLA, a recorded step, the tab and the data server."""
    return [
        *tensorflow([sys.executable, "-m", "gradscope.cli.trial_step"], time_limit),
        *tensorboard([sys.executable, "-m", "gradscope.cli.trial_tab"], time_limit),
    ]


def tensorflow(command: Sequence[str], time_limit: float) -> list[Line]:
    """A line for each of STEPS, whatever became of the process that tried them."""
    answers, end = _answers(command, time_limit)
    lines: list[Line] = []
    for name in STEPS:
        answer = answers.get(name)
        if answer is not None:
            figure, advice = fit_to_show(str(answer["figure"])), ""
            if not answer["ok"]:
                advice = str(answer.get("advice") or _ADVICE.get(name, REINSTALL))
            lines.append(Line(name, bool(answer["ok"]), figure, advice))
            if name == "devices":
                lines += _hidden_gpu(figure, os.environ)
        elif not any(line.ok is False for line in lines):
            lines.append(Line(name, False, end, _ADVICE.get(name, REINSTALL)))
        else:
            lines.append(Line(name, None, "not tried"))
    return lines


def tensorboard(command: Sequence[str], time_limit: float) -> list[Line]:
    """The lines on the tab, on plugins that break TensorBoard, and on the data server."""
    answers, end = _answers(command, time_limit)
    lines: list[Line] = []
    for name, default in (
        ("tensorboard tab", "Please report it with this page."),
        ("other plugins", "Uninstall it: it keeps TensorBoard from starting."),
        ("data server", ""),
    ):
        answer = answers.get(name)
        if answer is None:
            lines.append(
                Line(name, None, "not tried") if lines else Line(name, False, end, default)
            )
        else:
            ok = answer["ok"]
            advice = str(answer.get("advice") or default) if ok is False else ""
            lines.append(Line(name, ok, fit_to_show(str(answer["figure"])), advice))
    return lines


def _hidden_gpu(devices: str, environment: Mapping[str, str]) -> list[Line]:
    """A problem where the machine has an NVIDIA driver and TensorFlow doesn't use it."""
    unwanted = environment.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if "GPU" in devices or unwanted or shutil.which("nvidia-smi") is None:
        return []
    advice = "For its GPU: pip install 'tensorflow[and-cuda]'"
    return [Line("devices", False, "an NVIDIA driver, but no GPU that TensorFlow sees", advice)]


def _answers(command: Sequence[str], time_limit: float) -> tuple[dict[str, dict[str, Any]], str]:
    """({name: answer}, how the process ended): what it said line by line, for as long as it lived.

    TensorFlow dies by signals and hangs in drivers: neither may take this process with it.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUTF8": "1"}
    started = time.monotonic()
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=time_limit,
            check=False,
        )
        out, errors, code = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as late:
        out, errors, code = late.stdout or b"", late.stderr or b"", None
    except OSError as error:
        return {}, f"can't start Python: {error.strerror}"
    answers: dict[str, dict[str, Any]] = {}
    for line in out.decode("utf-8", "replace").splitlines():
        try:
            answer = json.loads(line)
            answers[answer["name"]] = answer
        except (ValueError, KeyError, TypeError):
            continue  # what a library prints on import
    return answers, _end(code, errors.decode("utf-8", "replace"), time.monotonic() - started)


def _end(code: int | None, errors: str, seconds: float) -> str:
    said = [line for line in errors.splitlines() if line.strip()]
    last = f": {fit_to_show(said[-1])}" if said else ""
    if code is None:
        return f"no answer after {seconds:.0f} s"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"the process died of {name}{last}"
    return f"the process ended with exit code {code}{last}"
