"""Trains programs in worker processes and says what became of each."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.verdicts.store import Task

TASKS_PER_WORKER = 30
"""Then a fresh process takes over: TensorFlow keeps what it traced."""


def run(tasks: Sequence[Task], store: Path, *, jobs: int, again: bool) -> int:
    """Trains what isn't there yet, prints a line for each; the number that failed.

    jobs: worker processes at a time. again: also what is there.
    """
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    missing = [t for t in tasks if again or not (t.where(store) / "outcome.json").exists()]
    for task in missing:
        waiting.put(task)
    print(f"{len(missing)} of {len(tasks)} to train", flush=True)
    failed: list[Task] = []

    def work() -> None:
        worker: _Worker | None = None
        while True:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                break
            if worker is None or worker.done >= TASKS_PER_WORKER:
                if worker is not None:
                    worker.close()
                worker = _Worker(store)
            answer = worker.train(task)
            if answer is None:
                worker.close()
                worker = None
            if answer is None or "error" in answer:
                failed.append(task)
            print(_line(task, answer), flush=True)
        if worker is not None:
            worker.close()

    threads = [threading.Thread(target=work) for _ in range(min(jobs, len(missing)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failed)


class _Worker:
    """A process that trains one program after another. done: how many."""

    def __init__(self, store: Path) -> None:
        self.done = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.verdicts.worker", str(store)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"TF_CPP_MIN_LOG_LEVEL": "2", "OMP_NUM_THREADS": "1", **os.environ},
        )

    def train(self, task: Task) -> dict[str, Any] | None:
        """What the worker answers; None where it died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.done += 1
        try:
            self._process.stdin.write(json.dumps([task.set, task.program, task.seed]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        answer = self._process.stdout.readline()
        return json.loads(answer) if answer else None

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _line(task: Task, answer: dict[str, Any] | None) -> str:
    name = f"{task.set}/{task.program}/{task.seed}"
    if answer is None:
        return f"{name}: the worker died"
    if "error" in answer:
        return f"{name}: {answer['error']}"
    how = "trained well" if answer["trained_well"] else "failing"
    return (
        f"{name}: {how}, score {answer['score']:.3f} (good: {answer['good']:g}), loss "
        f"{answer['first']:.4g} -> {answer['last']:.4g}, {answer['steps']} steps, "
        f"{answer['seconds']:.0f} s"
    )
