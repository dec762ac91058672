"""Trains programs, one after another, as its standard input names them.

    python -m benchmarks.verdicts.worker STORE

Each line of the input is a JSON list [set, program, seed]; for each comes one line out, a JSON
object with the outcome, or with "error". A process of its own, so that a program that takes the
interpreter with it costs one run, and TensorFlow is imported once for many programs.
"""

import gc
import json
import math
import os
import shutil
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.verdicts.program import Training
from benchmarks.verdicts.store import Outcome, Task

MOST_VALIDATIONS = 20
"""A run, at most: they cost more than the steps between them where programs are small."""


def main() -> None:
    """Trains until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # a program that prints must not be taken for an answer
    store = Path(sys.argv[1])
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for line in sys.stdin:
        task = Task(*json.loads(line))
        try:
            answer: dict[str, Any] = asdict(train(task, store))
        except Exception as error:
            directory = task.where(store)
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "error.txt").write_text(traceback.format_exc())
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)


def train(task: Task, store: Path) -> Outcome:
    """Trains one program once under a Scope, and keeps its run and its outcome."""
    import keras

    import gradscope
    from benchmarks.verdicts.sets import programs

    keras.backend.clear_session()
    gc.collect()
    directory = task.where(store)
    shutil.rmtree(directory, ignore_errors=True)
    program = programs(task.set)[task.program]
    began = time.monotonic()
    training = program.start(task.seed)
    every = _validation_every(len(training.batches), training.epoch)
    losses = []
    with gradscope.Scope(training.model, str(directory), console=False) as scope:
        step = scope.step(training.step, jit_compile=False)
        for count, (x, y) in enumerate(training.batches, start=1):
            losses.append(float(step(x, y)))
            if count % every == 0 or count == len(training.batches):
                _validate(scope, training)
    score = float(training.score())
    last = losses[-max(1, training.epoch) :]
    outcome = Outcome(
        score=score,
        good=program.good,
        trained_well=math.isfinite(score) and score >= program.good,
        steps=len(losses),
        first=losses[0],
        last=sum(last) / len(last),
        seconds=round(time.monotonic() - began, 1),
    )
    outcome.write(directory)
    return outcome


def _validate(scope: Any, training: Training) -> None:
    figures = training.validate()
    if figures:
        scope.validate(**figures)


def _validation_every(steps: int, epoch: int) -> int:
    """Steps between two validations: some epochs, so few that there are not too many."""
    epochs = max(1, steps // epoch)
    return epoch * math.ceil(epochs / MOST_VALIDATIONS)


if __name__ == "__main__":
    main()
