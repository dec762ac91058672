"""Callback: a scope for `model.fit`."""

from os import PathLike
from typing import Any

import keras

from gradscope.cadence import Every
from gradscope.errors import UsageError
from gradscope.records import Report
from gradscope.scope import ROWS_PER_DRAIN, Scope


class Callback(keras.callbacks.Callback):
    """Watches `model.fit(..., callbacks=[gradscope.Callback(logdir)])`.

    Works with `jit_compile=True`, with `steps_per_execution` above 1 and with models that override
    `train_step`. Validation figures of each epoch are noted. Each `fit` is one run; a second one
    with the same callback continues it.

    logdir, every, overhead, window, console: as for `gradscope.Scope`. With `steps_per_execution`
        above 1 all steps of an execution are recorded where one of them is due.

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
    ) -> None:
        super().__init__()
        self._logdir = logdir
        self._every: Every = every
        self._overhead = overhead
        self._window, self._console = window, console
        self._functions: tuple[Any, Any] | None = None
        self._begun = 0
        self._recorded = False
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
        steps = self.scope._step if self.scope is not None else 0
        self.scope = Scope(
            self.model,
            self._logdir,
            every=self._every,
            overhead=self._overhead,
            window=self._window,
            initial_step=steps,
            console=self._console,
        )
        executions = int(self.model.steps_per_execution or 1)
        self.scope._recorder.capacity = 2 * max(ROWS_PER_DRAIN, executions)
        self._functions = (self.model.train_function, self._recorded_function())

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Chooses between the two programs."""
        if self.scope is None or self._functions is None:
            return
        self._begun = batch
        ahead = range(int(self.model.steps_per_execution or 1))
        self._recorded = self.scope._begin_step(len(ahead))
        if self._recorded:
            self.scope._prepare_recording()
        self.model.train_function = self._functions[self._recorded]

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts the steps that ran."""
        if self.scope is not None and self._functions is not None:
            # Keras counts a full execution also where the data ends within it.
            last = (self.params.get("steps") or batch + 1) - 1
            self.scope._end_step(self._recorded, min(batch, last) - self._begun + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the validation figures of the epoch."""
        metrics = {
            name.removeprefix("val_"): float(value)
            for name, value in (logs or {}).items()
            if name.startswith("val_")
        }
        if self.scope is not None and metrics:
            self.scope.validate(**metrics)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Ends the run and gives the model its own training function back."""
        if self._functions is not None:
            self.model.train_function = self._functions[0]
            self._functions = None
        if self.scope is not None:
            self.scope.close()

    def _recorded_function(self) -> Any:
        """The model's training function, made once more around a `train_step` that records."""
        model, scope, plain = self.model, self.scope, self.model.train_function
        assert scope is not None
        own_step = vars(model).get("train_step")
        train_step = model.train_step

        def recorded_train_step(data: Any) -> Any:
            with scope._recorder.recording():
                return train_step(data)

        model.train_step = recorded_train_step
        try:
            model.make_train_function(force=True)
            return model.train_function
        finally:
            del model.train_step
            if own_step is not None:
                model.train_step = own_step
            model.train_function = plain
