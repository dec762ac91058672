"""The processes that hold the arms, started and asked from here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.rivals.rivals import Rival, Side

ROOT = Path(__file__).resolve().parents[2]
"""The directory that holds `benchmarks` and `gradscope`."""

END_SECONDS = 20.0
"""How long a process may take to end before it is killed."""


class ArmError(RuntimeError):
    """An arm that can't be had or has failed, with the reason in one line."""


class Process:
    """One `benchmarks.rivals.worker`.

    python: the interpreter; log: where it prints what is no answer.
    Raises ArmError where the interpreter can't be started.
    """

    def __init__(self, python: str, side: Side, workload: str, directory: Path, log: Path) -> None:
        # Threads of OpenMP that wait would else keep the cores from whoever runs next.
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "PASSIVE"}
        command = [python, "-m", "benchmarks.rivals.worker", side, workload, str(directory)]
        with log.open("a") as output:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    cwd=ROOT,
                    env=environment,
                    text=True,
                    bufsize=1,
                )
            except OSError as error:
                raise ArmError(f"{python} can't be started: {error.strerror}") from error
        self._log = log

    def ask(self, *line: Any) -> dict[str, Any]:
        """The answer to one line; ArmError where it says so or the process is gone."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(json.dumps(line) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise ArmError(self._last_words()) from None
        text = stdout.readline()
        if not text:
            raise ArmError(self._last_words())
        answer = json.loads(text)
        if "error" in answer:
            raise ArmError(answer["error"])
        return answer

    def end(self) -> None:
        """Ends the process."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.close()
            self._process.wait(END_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        stdout.close()

    def _last_words(self) -> str:
        lines = [line for line in self._log.read_text().splitlines() if line.strip()]
        return f"its process ended: {lines[-1].strip()}" if lines else "its process ended"


class Processes:
    """All processes of one workload; a context manager that ends them.

    interpreters: side -> path of its Python; a side without one has no arms.
    """

    def __init__(self, interpreters: dict[Side, str], workload: str, directory: Path) -> None:
        self._interpreters = interpreters
        self._workload = workload
        self._directory = directory
        self._processes: dict[tuple[Side, str], Process] = {}
        self._opened: dict[tuple[Side, str], tuple[Process, dict[str, str]]] = {}

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.end()

    def arm(self, rival: Rival, name: str) -> tuple[Process, dict[str, str]]:
        """(process that holds an arm of a rival, versions there); made where it is new."""
        key = (rival.side, name)
        if key not in self._opened:
            process = self._process(rival.side, name if rival.alone and name == rival.name else "")
            self._opened[key] = process, process.ask("open", name)["versions"]
        return self._opened[key]

    def close(self, rival: Rival) -> int:
        """Ends a rival's own arm; the bytes that it left on disk."""
        process, _ = self._opened.pop((rival.side, rival.name))
        left = process.ask("close", rival.name)["bytes"]
        if rival.alone:
            self._processes.pop((rival.side, rival.name)).end()
        return left

    def _process(self, side: Side, alone: str) -> Process:
        key = (side, alone)
        if key not in self._processes:
            if side not in self._interpreters:
                raise ArmError("no interpreter with PyTorch was given; see --torch-python")
            directory = self._directory / self._workload
            directory.mkdir(parents=True, exist_ok=True)
            log = directory / f"{side}{len(self._processes)}.log"
            python = self._interpreters[side]
            self._processes[key] = Process(python, side, self._workload, directory, log)
        return self._processes[key]


def interpreters(torch_python: str | None) -> dict[Side, str]:
    """Side -> interpreter: this one for TensorFlow, the given one for PyTorch."""
    found: dict[Side, str] = {"tensorflow": sys.executable}
    if torch_python is not None:
        found["torch"] = torch_python
    return found
