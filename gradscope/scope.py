"""Scope: what one training run is watched with; the one place that knows both ends."""

import atexit
import contextlib
import functools
import time
import warnings
import weakref
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, TypeVar, overload

from gradscope.budget import Budget
from gradscope.buffer import Buffer
from gradscope.cadence import Every
from gradscope.capture.hooks import watched_traces
from gradscope.checks import check_count, check_logdir, check_model, check_share, check_sinks
from gradscope.claim import Claim
from gradscope.closer_look import CloserLook
from gradscope.drain import Drain
from gradscope.errors import GradscopeWarning, ScopeClosedError, UsageError
from gradscope.layout import Layout
from gradscope.listener import Listener, OnVerdict, check_callback
from gradscope.overhead import Overhead
from gradscope.recorder import Recorder
from gradscope.records import Report, Start, Validation
from gradscope.sinks.console import ConsoleSink
from gradscope.sinks.sink import Sink
from gradscope.sinks.tensorboard import TensorBoardSink
from gradscope.step import Step

ROWS_PER_DRAIN = 32
"""Recorded steps between two transfers from the device."""

SECONDS_PER_DRAIN = 2.0
"""A slow training is drained after that long, so that TensorBoard shows it live."""

_Heard = TypeVar("_Heard", bound=OnVerdict)


class Scope:
    """Watches one training run of one model.

    model: the Keras model, or any object with `trainable_variables`, that the step trains.
    logdir: the run's log directory; gradscope writes to `<logdir>/gradscope`. One that holds an
        earlier run is continued: where steps overlap, the later run is shown.
    every: 1 records each step, k each k-th; "auto" the first 100 steps, then as many as `overhead`
        allows, and of a run beyond 50,000 steps ever fewer.
    overhead: the share of step time that "auto" may cost after its dense start, recording, writing
        and judging together. What it does cost is measured on the training's own steps, and
        `Scope.report().overhead` says it, with its uncertainty, for every cadence.
    window: recorded steps over which a unit must be silent to count as dead.
    initial_step: the number of the first step, for a training that is resumed.
    console: say on standard error when a warning or critical verdict appears.
    sinks: where records go besides the log directory; see `gradscope.sinks.sink.Sink`.

    Raises UsageError for a wrong argument and LogdirError where the directory can't be written or
    another scope writes to it. Once the training runs, gradscope raises nothing: it warns once
    and the training goes on.

    >>> import tempfile, keras, tensorflow as tf, gradscope
    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> optimizer = keras.optimizers.SGD(0.01)
    >>> scope = gradscope.Scope(model, tempfile.mkdtemp(), every=1)
    >>> @scope.step
    ... def train_step(x, y):
    ...     with tf.GradientTape() as tape:
    ...         loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    ...     gradients = tape.gradient(loss, model.trainable_variables)
    ...     optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    ...     return loss
    >>> with scope:
    ...     for _ in range(3):
    ...         loss = train_step(tf.ones([8, 4]), tf.zeros([8, 1]))
    >>> scope.report().steps
    3
    """

    def __init__(
        self,
        model: Any,
        logdir: str | PathLike[str],
        *,
        every: Every = "auto",
        overhead: float = 0.01,
        window: int = 100,
        initial_step: int = 0,
        console: bool = True,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self._closed = True  # until there is something to close
        check_share("overhead", overhead)
        self._budget = Budget(every, overhead)
        self._account = self._budget.account
        check_count("window", window, least=1)
        check_count("initial_step", initial_step, least=0)
        check_model(model)
        self.model, self.logdir = model, check_logdir(logdir)
        check_sinks(sinks)
        self._claim = Claim(f"{self.logdir}/gradscope")
        self._settings = {"every": every, "overhead": overhead, "window": window}
        self._first_step = self._step = initial_step
        self._clock = initial_step
        self._off = False
        self._times: list[tuple[int, float]] = []
        self._pending = 0
        self._drained_at = time.monotonic()
        self._listeners: list[Listener] = []
        try:
            own: list[Sink] = [TensorBoardSink(self.logdir)]
        except Exception:
            self._claim.release()
            raise
        if console:
            own.append(ConsoleSink())
        self._drain = _drain([*own, *sinks], self._budget)
        self._closer = CloserLook(self._drain, self._account)
        self._recorder = Recorder(
            self, model, capacity=2 * ROWS_PER_DRAIN, window=window, started=self._started
        )
        self._closed = False
        self._at_exit = functools.partial(_close, weakref.ref(self))
        atexit.register(self._at_exit)

    @overload
    def step(self, fn: Callable[..., Any], *, jit_compile: bool = True) -> Step: ...
    @overload
    def step(
        self, fn: None = None, *, jit_compile: bool = True
    ) -> Callable[[Callable[..., Any]], Step]: ...
    def step(
        self, fn: Callable[..., Any] | None = None, *, jit_compile: bool = True
    ) -> Step | Callable[[Callable[..., Any]], Step]:
        """The training step, compiled, that records itself; in place of @tf.function.

        fn: the step, or None when used as a decorator with arguments.
        jit_compile: compile with XLA.

        Raises UsageError for anything but a function, ScopeClosedError after `close`.
        """
        self._check_open("step")
        if fn is None:
            return lambda function: Step(function, self, jit_compile)
        return Step(fn, self, jit_compile)

    def tap(self, name: str, tensor: Any) -> Any:
        """The tensor, unchanged; its statistics are recorded under the name like a layer's.

        For tensors that are no Keras layer's output. Outside a recorded step it does nothing.

        name: shown in place of a layer path.
        tensor: a float tensor of the step, [..., units].

        Raises UsageError where the name is empty or no string.
        """
        if not isinstance(name, str) or not name:
            raise UsageError(
                f"Scope.tap: expected a name, got {name!r}. Write scope.tap('attention/logits', x)."
            )
        for trace in watched_traces():
            if trace.owner is self:
                with trace.noting():
                    trace.add_output(name, tensor, "tap")
        return tensor

    def validate(self, **metrics: float) -> None:
        """Notes validation figures of the present step: `scope.validate(loss=0.3, accuracy=0.9)`.

        metrics: numbers, or scalar tensors, by name.

        Raises UsageError where one is no number, ScopeClosedError after `close`.
        """
        self._check_open("validate")
        numbers = {}
        for name, value in metrics.items():
            try:
                numbers[name] = float(value)
            except (TypeError, ValueError):
                raise UsageError(
                    f"Scope.validate: {name}={value!r} is no number. Pass scalars, for instance "
                    "scope.validate(loss=float(val_loss))."
                ) from None
        self._drain.put(Validation(max(self._first_step, self._step - 1), time.time(), numbers))

    def on_verdict(self, callback: _Heard) -> _Heard:
        """The callback itself, which is told of what goes wrong from now on; also a decorator.

        callback: called with a `Verdict` when one of severity warning or worse first appears, and
            again when it gets worse; never twice for the same, nor for its symptoms. It runs on
            the training thread, between steps or at the end of `close`. What it raises goes
            through to whoever called the step: that is how a training is stopped.

        Raises UsageError for what can't be called, ScopeClosedError after `close`.

        >>> import tempfile, keras, tensorflow as tf, gradscope
        >>> class Sick(Exception):
        ...     pass
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> optimizer = keras.optimizers.SGD(0.01)
        >>> scope = gradscope.Scope(model, tempfile.mkdtemp(), every=1, console=False)
        >>> @scope.on_verdict
        ... def stop(verdict):
        ...     if verdict.severity == "critical":
        ...         raise Sick(verdict.cause)
        >>> @scope.step
        ... def train_step(x):
        ...     with tf.GradientTape() as tape:
        ...         loss = tf.math.log(-tf.reduce_mean(model(x, training=True) ** 2))
        ...     gradients = tape.gradient(loss, model.trainable_variables)
        ...     optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        ...     return loss
        >>> try:
        ...     with scope:
        ...         for _ in range(64):
        ...             loss = train_step(tf.ones([8, 4]))
        ... except Sick as sick:
        ...     print("stopped:", sick)
        stopped: nonfinite
        """
        self._check_open("on_verdict")
        check_callback("Scope.on_verdict", callback)
        self._listeners.append(Listener(callback))
        return callback

    def report(self) -> Report:
        """The verdicts on the run so far; may be called at any time, also after `close`."""
        if not self._closed:
            self._drain_rows()
        verdicts = self._drain.judge() if not self._closed else self._drain.verdicts
        if not self._closed:
            self._budget.settle(self._drain.work)
        self._warn_of_problems()
        return Report(
            verdicts,
            steps=self._drain.recorded,
            logdir=self.logdir,
            overhead=self._budget.overhead,
        )

    def close(self) -> None:
        """Writes what is left, with the last verdicts, and ends the run; may be called twice.

        Raises what a callback of `on_verdict` raises, once all is written.
        """
        if not self._closed:
            self._finish()
            self._tell()

    def _finish(self) -> None:
        """Closes without telling anybody: where the training has raised, or is long gone."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self._at_exit)
        self._drain_rows()
        self._drain.close()
        self._claim.release()
        self._warn_of_problems()

    def __enter__(self) -> "Scope":
        """The scope itself; leaving the block closes it."""
        self._check_open("__enter__")
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        """Closes the run, also when the training raised: then nothing may hide its error."""
        if kind is None:
            self.close()
        else:
            self._finish()

    def __del__(self) -> None:
        """Closes a run that was abandoned."""
        with contextlib.suppress(Exception):
            self._finish()

    def _begin_step(self, count: int = 1) -> bool:
        """True where one of the `count` steps that are about to run is to be recorded."""
        self._check_open("step")
        if self._drain.problems:
            self._warn_of_problems()
        if self._off:
            return False
        due = self._budget.begin(self._step - self._first_step, count)
        buffer = self._recorder.buffer if due else None
        if self._closer.begin(self._step, buffer.layout if buffer is not None else None):
            self._budget.take_time()
        return due

    def _prepare_recording(self) -> None:
        self._recorder.next_step = self._step
        if self._recorder.buffer is not None and self._clock != self._step:
            self._recorder.buffer.set_clock(self._step)

    def _end_step(self, recorded: bool, count: int = 1, typical: bool = True) -> None:
        """Counts steps that ran; drains now and then.

        typical: False where the call did more than run the program: compiled it, for instance.
        """
        self._budget.stop()
        self._step += count
        looked = self._closer.closeup is not None
        if looked:
            self._closer.looked(self._budget.took, self._budget.usual, not typical, self._step - 1)
        elif recorded and not typical:
            self._closer.compiled(self._budget.took)
        if recorded and self._recorder.buffer is not None:
            self._note_rows(count)
        if not self._off:
            self._budget.finish(recorded, count, typical, looked)

    def _note_rows(self, count: int) -> None:
        self._clock = self._step
        self._times.append((self._step - 1, time.time()))
        self._pending += count
        late = time.monotonic() - self._drained_at > SECONDS_PER_DRAIN
        if late or self._pending >= ROWS_PER_DRAIN:
            self._drain_rows()

    def _tell(self) -> None:
        """Tells the listeners what is new; what one of them raises is the user's own."""
        for listener in self._listeners:
            listener.hear(self._drain.verdicts)

    def _count_to(self, steps: int) -> None:
        """Corrects the number of steps that ran, where fewer did than were counted."""
        if self._first_step <= steps < self._step:
            self._drain_rows()
            self._step = steps

    def _drain_rows(self) -> None:
        buffer: Buffer | None = self._recorder.buffer
        self._drained_at = time.monotonic()
        if buffer is None or not self._pending:
            return
        began = time.perf_counter()
        self._drain.put_rows(buffer.snapshot(), buffer.layout, self._times)
        self._closer.hand_on()
        self._times, self._pending = [], 0
        self._budget.transferred(time.perf_counter() - began)
        self._budget.settle(self._drain.work)

    def _started(self, layout: Layout, facts: dict[str, Any]) -> None:
        info = {**facts, "scope": self._settings}
        self._drain.put(Start(layout, self._step, info))

    def _step_aside(self, error: Exception) -> None:
        """Gives up recording: the recorded program doesn't compile, the plain one does."""
        self._off = True
        warnings.warn(
            "gradscope: the recorded form of this step can't be compiled, so nothing is recorded "
            f"from here on; the training goes on. {type(error).__name__}: {error}",
            GradscopeWarning,
            stacklevel=4,
        )

    def _warn_of_problems(self) -> None:
        while self._drain.problems:
            warnings.warn(
                f"gradscope: {self._drain.problems.popleft()}", GradscopeWarning, stacklevel=3
            )

    def _check_open(self, what: str) -> None:
        if self._closed:
            raise ScopeClosedError(
                f"Scope.{what}: this scope was closed; its run in {self.logdir!r} is complete. "
                "Make a new Scope with another logdir, or move the call into the `with scope:` "
                "block."
            )


def _drain(sinks: Sequence[Sink], budget: Budget) -> Drain:
    """A drain that knows the budget, and not the scope: its thread would keep that from dying."""

    def overhead(last: bool) -> Overhead | None:
        # The last time the training thread waits, and the sum is made.
        return budget.settle(drain.work) if last else budget.overhead

    drain = Drain(
        sinks,
        judging=budget.judging,
        trained=lambda: budget.trained,
        overhead=overhead,
    )
    return drain


def _close(scope: "weakref.ref[Scope]") -> None:
    if (alive := scope()) is not None:
        alive._finish()
