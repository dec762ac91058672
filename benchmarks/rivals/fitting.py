"""`model.fit`, plain and with `keras.callbacks.TensorBoard(histogram_freq=1)`.

One fit that goes on for ever stands still after each epoch, until it is told to run the next: a fit
of its own for each epoch would open new event files each time.
"""

import threading
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from benchmarks.rivals.arm import Arm
from benchmarks.rivals.rivals import EPOCH
from benchmarks.rivals.tensorflow_net import net

FOR_EVER = 1_000_000
"""Epochs."""


def plain(workload: str, _: Path) -> Arm:
    """Fit without callbacks but the one that stops it."""
    return Fit(workload, [])


def with_callback(workload: str, logdir: Path) -> Arm:
    """Fit with histograms of all weights, once an epoch."""
    return Fit(workload, [keras.callbacks.TensorBoard(str(logdir), histogram_freq=1)])


class Fit:
    """A training under `fit` on a thread of its own, Keras' own settings; `run` takes whole epochs.

    callbacks: called before the one that waits, so that an epoch holds all that they do at its end.
    """

    def __init__(self, workload: str, callbacks: list[keras.callbacks.Callback]) -> None:
        it = net(workload)
        it.model.compile(it.optimizer, it.loss_fn)
        self._turns = Turns()
        self._failure: BaseException | None = None
        data = tf.data.Dataset.from_tensors(it.batch).repeat()
        self._thread = threading.Thread(
            target=self._fit, args=(it.model, data, [*callbacks, self._turns]), daemon=True
        )
        self._thread.start()

    def run(self, steps: int) -> None:
        """Trains for whole epochs; raises ValueError for anything else, and what fit raised."""
        if steps % EPOCH:
            raise ValueError(f"{steps} steps are no whole epochs of {EPOCH}")
        for _ in range(steps // EPOCH):
            self._turns.next()
            if self._failure is not None:
                raise self._failure

    def close(self) -> None:
        """Ends the fit."""
        self._turns.end()
        self._thread.join()

    def _fit(self, model: Any, data: Any, callbacks: list[Any]) -> None:
        try:
            if not self._turns.wait():
                return
            model.fit(
                data,
                epochs=FOR_EVER,
                steps_per_epoch=EPOCH,
                shuffle=False,
                callbacks=callbacks,
                verbose=0,
            )
        except BaseException as error:
            self._failure = error
        finally:
            self._turns.done.set()


class Turns(keras.callbacks.Callback):
    """Holds a fit after each epoch. `next` lets it run one and waits for its end."""

    def __init__(self) -> None:
        super().__init__()
        self.done = threading.Event()
        self._go = threading.Event()
        self._ended = False

    def next(self) -> None:
        """Returns when one more epoch is done, or the fit has ended."""
        self.done.clear()
        self._go.set()
        self.done.wait()

    def end(self) -> None:
        """Lets the fit stop where it stands."""
        self._ended = True
        self._go.set()

    def wait(self) -> bool:
        """Returns when it is the fit's turn; False where it has ended instead."""
        self._go.wait()
        self._go.clear()
        return not self._ended

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Gives the turn back and waits for the next."""
        self.done.set()
        if not self.wait():
            self.model.stop_training = True
