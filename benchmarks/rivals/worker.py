"""A process that holds some arms and runs them as its standard input says.

    python -m benchmarks.rivals.worker SIDE WORKLOAD DIRECTORY ARM [ARM ...]

Needs the standard library alone; SIDE says whether TensorFlow or PyTorch is imported. Each line of
the input is a JSON list, each line of the output a JSON object with the answer, or with "error":

    ["open", ARM]        {"versions": {...}}; makes the arm
    ["run", ARM, STEPS]  {"seconds": SECONDS}; trains
    ["close", ARM]       {"bytes": BYTES}; ends it, and says what it left on disk
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.rivals.arm import Arm

QUIET_SECONDS = 0.004
"""Between two looks at the CPU clock while an arm settles."""

QUIET_SHARE = 0.2
"""Of a core: with less than that the process is taken to be at rest."""

MOST_SECONDS = 1.0
"""Of waiting for rest; timers that wake up now and then must not hold up the bench."""


def main() -> None:
    """Answers until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a rival prints must not be taken for an answer
    side, workload, directory = sys.argv[1:4]
    session = Session(side, workload, Path(directory))
    for line in sys.stdin:
        try:
            answer = session.answer(*json.loads(line))
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)


class Session:
    """The arms of one process.

    side: "tensorflow" or "torch": the module `benchmarks.rivals.<side>_side`, whose ARMS are
        makers by name and whose `versions()` says what is installed.
    """

    def __init__(self, side: str, workload: str, directory: Path) -> None:
        self._side = importlib.import_module(f"benchmarks.rivals.{side}_side")
        self._workload = workload
        self._directory = directory
        self._arms: dict[str, Arm] = {}

    def answer(self, command: str, name: str, *steps: int) -> dict[str, Any]:
        """The answer to one line."""
        if command == "open":
            self._arms[name] = self._side.ARMS[name](self._workload, self._where(name))
            return {"versions": self._side.versions()}
        if command == "run":
            return {"seconds": timed(self._arms[name].run, *steps)}
        if command == "close":
            self._arms.pop(name).close()
            return {"bytes": size(self._where(name))}
        raise ValueError(f"{command!r} is no command; expected open, run or close")

    def _where(self, name: str) -> Path:
        path = self._directory / "".join(c if c.isalnum() else "-" for c in name)
        path.mkdir(parents=True, exist_ok=True)
        return path


def timed(run: Callable[[int], None], steps: int) -> float:
    """Seconds that some steps take, with the work they leave to other threads.

    That work goes on after the last step, and would be charged to whatever is timed next. So it is
    waited for, and its CPU time counts as if nothing had run beside it.
    """
    start = time.perf_counter()
    run(steps)
    return time.perf_counter() - start + settled()


def settled() -> float:
    """Waits until the process is at rest; the seconds of CPU that it spent until then."""
    start = before = time.process_time()
    deadline = time.perf_counter() + MOST_SECONDS
    while time.perf_counter() < deadline:
        time.sleep(QUIET_SECONDS)
        now = time.process_time()
        if now - before < QUIET_SHARE * QUIET_SECONDS:
            break
        before = now
    return before - start


def size(directory: Path) -> int:
    """Bytes of all files below a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
