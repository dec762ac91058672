"""Callback: a scope for `model.fit`."""

import warnings
from collections.abc import Callable
from os import PathLike
from typing import Any

import keras
import tensorflow as tf

from gradscope.cadence import Every
from gradscope.capture.arguments import note_arguments
from gradscope.closeup import Closeup
from gradscope.errors import GradscopeWarning, UsageError
from gradscope.listener import OnVerdict, check_callback
from gradscope.records import Report
from gradscope.scope import ROWS_PER_DRAIN, Scope
from gradscope.step import other_random_numbers


class Callback(keras.callbacks.Callback):
    """Watches `model.fit(..., callbacks=[gradscope.Callback(logdir)])`.

    Works with `jit_compile=True`, with `steps_per_execution` above 1 and with models that override
    `train_step`. Validation figures of each epoch are noted. Each `fit` is one run; a second one
    with the same callback continues it.

    logdir, every, overhead, window, console: as for `gradscope.Scope`. With `steps_per_execution`
        above 1 all steps of an execution are recorded where one of them is due.

    on_verdict: called with each new verdict, as by `Scope.on_verdict`; each `fit` tells anew. A
        function that sets `model.stop_training = True` stops after the batch.

    Raises what `Scope` raises, when `fit` begins; UsageError where Keras doesn't run on TensorFlow.

    >>> import tempfile, keras, numpy as np, gradscope
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> callback = gradscope.Callback(tempfile.mkdtemp(), every=1)
    >>> x, y = np.ones((32, 4), "float32"), np.zeros((32, 1), "float32")
    >>> history = model.fit(x, y, batch_size=8, verbose=0, callbacks=[callback])
    >>> callback.report().steps
    4
    """

    def __init__(
        self,
        logdir: str | PathLike[str],
        *,
        every: Every = "auto",
        overhead: float = 0.01,
        window: int = 100,
        console: bool = True,
        on_verdict: OnVerdict | None = None,
    ) -> None:
        if on_verdict is not None:
            check_callback("Callback: on_verdict", on_verdict)
        super().__init__()
        self._logdir = logdir
        self._every: Every = every
        self._overhead = overhead
        self._window, self._console = window, console
        self._on_verdict = on_verdict
        self._plain: Any = None
        self._recorded: Callable[[Any], Any] | None = None
        self._begun = self._ahead = 0
        self._executions = 1
        self._due = self._warned = False
        self._ran: set[Callable[[Any], Any] | None] = set()
        self._program: Callable[[Any], Any] | None = None
        self._detailed: tuple[Closeup, Callable[[Any], Any]] | None = None
        self._looks = 0
        self.scope: Scope | None = None

    def report(self) -> Report:
        """The verdicts on the run so far.

        Raises UsageError before `fit` has begun.
        """
        if self.scope is None:
            raise UsageError(
                "Callback.report: fit has not begun, so there is no run. Call it after model.fit, "
                "or in another callback while it trains."
            )
        return self.scope.report()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begins the run and builds the recorded form of the training function."""
        if keras.backend.backend() != "tensorflow":
            raise UsageError(
                f"Callback: Keras runs on {keras.backend.backend()!r}; gradscope watches "
                "TensorFlow. Set KERAS_BACKEND=tensorflow."
            )
        strategy = self.model.distribute_strategy
        if strategy.num_replicas_in_sync > 1:
            warnings.warn(
                f"gradscope: {type(strategy).__name__} runs {strategy.num_replicas_in_sync} "
                "replicas, whose steps gradscope can't record. The training goes on, unrecorded.",
                GradscopeWarning,
                stacklevel=2,
            )
            return
        if self.scope is not None:
            self.scope._finish()  # an earlier fit may have broken off
        self._executions = int(self.model.steps_per_execution or 1)
        self.scope = Scope(
            self.model,
            self._logdir,
            every=self._every,
            overhead=self._overhead,
            window=self._window,
            initial_step=self.scope._step if self.scope is not None else 0,
            console=self._console,
        )
        if self._on_verdict is not None:
            self.scope.on_verdict(self._on_verdict)
        self.scope._budget.cadence.group = self._executions
        self._ran, self._detailed = set(), None
        self.scope._closer.steps_per_call = self._executions
        self.scope._recorder.capacity = 2 * max(ROWS_PER_DRAIN, self._executions)
        self._ahead = self._iterations() - self.scope._step
        self._plain = self.model.train_function
        self._recorded = self._recorded_function(self.scope)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Chooses between the two programs."""
        if self.scope is None or self._recorded is None:
            return
        self._begun = batch
        left = (self.params.get("steps") or batch + self._executions) - batch
        self._due = self.scope._begin_step(min(self._executions, left))
        self._program = None
        if not self._due:
            return
        if self.model.train_function is not self._plain:
            self._due = False
            if not self._warned:
                self._warned = True
                warnings.warn(
                    "gradscope: another gradscope.Callback records this fit; this one records "
                    "nothing where both are due. Pass one of them.",
                    GradscopeWarning,
                    stacklevel=2,
                )
            return
        self.scope._prepare_recording()
        self._program = self._recording_program(self.scope)
        self.model.train_function = self._program

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the steps that ran."""
        if self.scope is not None and self._recorded is not None:
            # Keras counts a full execution also where the data ends within it.
            last = (self.params.get("steps") or batch + 1) - 1
            count = min(batch, last) - self._begun + 1
            # The first call of each program compiles it.
            self.scope._end_step(self._due, count, typical=self._program in self._ran)
            self._ran.add(self._program)
            try:
                self.scope._tell()
            except BaseException:
                self.scope._finish()  # fit ends here, without on_train_end
                raise

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the validation figures of the epoch."""
        if self.scope is None or self._recorded is None:
            return
        if self._executions > 1 and not self.params.get("steps"):
            # Where the data ends within an execution, only the optimizer knows how many ran.
            self.scope._count_to(self._iterations() - self._ahead)
        metrics = {
            name.removeprefix("val_"): float(value)
            for name, value in (logs or {}).items()
            if name.startswith("val_")
        }
        if metrics:
            self.scope.validate(**metrics)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Ends the run; the model has its own training function."""
        self._recorded = self._detailed = None
        if self.scope is not None:
            self.scope.close()

    def _iterations(self) -> int:
        optimizer = getattr(self.model, "optimizer", None)
        return 0 if optimizer is None else int(optimizer.iterations)

    def _recording_program(self, scope: Scope) -> Callable[[Any], Any] | None:
        """The recorded training function; another one where the scope is to look closely."""
        closeup = scope._closer.closeup
        if closeup is None:
            return self._recorded
        if self._detailed is None or self._detailed[0] is not closeup:
            self._looks += 1
            self._detailed = closeup, self._recorded_function(scope, closeup)
        return self._detailed[1]

    def _recorded_function(
        self, scope: Scope, closeup: Closeup | None = None
    ) -> Callable[[Any], Any]:
        """The model's training function, made once more around a `train_step` that records.

        closeup: what it is to look at closely besides.

        It runs once: then, also when it raises, the model has its own function back.
        """
        model, plain = self.model, self._plain
        own_step = vars(model).get("train_step")
        train_step = model.train_step
        # Apart from the plain program's stream of random numbers, where that runs as well.
        apart = closeup is not None or self._every != 1
        stream = 1 + self._looks if apart else 0

        def recorded_train_step(data: Any) -> Any:
            recording = scope._recorder.recording(bool(model.jit_compile), closeup)
            with other_random_numbers(stream), recording:
                note_arguments(_targets(data))
                return train_step(data)

        model.train_step = recorded_train_step
        try:
            model.make_train_function(force=True)
            recorded = model.train_function
        finally:
            del model.train_step
            if own_step is not None:
                model.train_step = own_step
            model.train_function = plain

        def run(iterator: Any) -> Any:
            try:
                return recorded(iterator)
            except (StopIteration, tf.errors.OutOfRangeError):
                raise
            except BaseException as error:
                if closeup is not None and self._can_go_on(error, run):
                    scope._closer.fail(error, scope._step, " One batch was not trained on.")
                    self._program = self._recorded
                    return self._recorded(iterator) if self._recorded else None
                scope._finish()
                raise
            finally:
                model.train_function = plain

        return run

    def _can_go_on(self, error: BaseException, program: Callable[[Any], Any]) -> bool:
        """Whether a closer look failed before it touched the weights: when it was compiled."""
        known = isinstance(error, tf.errors.OpError) and bool(self.model.jit_compile)
        return known and program not in self._ran


def _targets(data: Any) -> Any:
    """What `fit` was given as targets; all of the data where it has a form of its own."""
    if isinstance(data, (tuple, list)) and 2 <= len(data) <= 3:
        return data[1]
    return data
