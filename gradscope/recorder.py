"""The traced half of a scope: watches a step while it is traced, measures it, pushes one row."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from gradscope import catalog
from gradscope.buffer import Buffer
from gradscope.capture import variables as var
from gradscope.capture.arguments import settle
from gradscope.capture.facts import facts
from gradscope.capture.hooks import unseen
from gradscope.capture.measure import Measured, measure
from gradscope.capture.trace import Trace
from gradscope.capture.watch import watch
from gradscope.closeup import Closeup
from gradscope.errors import GradscopeError, GradscopeWarning, ModelChangedError, UsageError
from gradscope.layout import Layout


class Recorder:
    """Turns the step that runs inside `recording()` into one that also pushes a row.

    owner: the scope, as explicit tapes name it.
    model: whose variables and layers are measured.
    capacity, window: see `Buffer`.
    started: called once, at the first trace, with the run's layout and facts.
    """

    def __init__(
        self,
        owner: Any,
        model: Any,
        *,
        capacity: int,
        window: int,
        started: Callable[[Layout, dict[str, Any]], None],
    ) -> None:
        self._owner, self._model = owner, model
        self._window, self._started = window, started
        self.capacity = capacity
        self._paths: tuple[str, ...] = ()
        self._warned: set[str] = set()
        self.misuse: GradscopeError | None = None
        self.buffer: Buffer | None = None
        self.next_step = 0

    @contextmanager
    def recording(
        self, xla: bool, closeup: Closeup | None = None, *, drafts: bool = False
    ) -> Iterator[None]:
        """Records the training step that runs inside the block.

        xla: whether the step is compiled with XLA.
        closeup: what is to be looked at closely besides, None for nothing.
        drafts: whether a trace that creates variables is a draft, after which the step is traced
            anew, as tf.function does; a draft is watched, but not measured.

        Raises UsageError where the step computes no gradient of the model, ModelChangedError
        where the model's trainable variables aren't those of the first trace.
        """
        with watch(self._owner, self._model) as trace:
            trace.xla = xla
            with self._noted():
                self._check_variables(trace)
            with _created() as created:
                yield
        with unseen(), self._noted():
            self._finish(trace, closeup, draft=drafts and bool(created))

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Keeps gradscope's own error, which AutoGraph would wrap on its way out."""
        try:
            yield
        except GradscopeError as error:
            self.misuse = error
            raise

    def _finish(self, trace: Trace, closeup: Closeup | None, *, draft: bool) -> None:
        trace.refresh()
        self._check(trace)
        if trace.failure is None and not draft:
            try:
                settle(trace)
                measured = measure(trace)
                buffer = self.buffer or self._start(trace, measured)
                self._compare(buffer.layout, measured)
                buffer.push(measured.columns, measured.silent)
                if closeup is not None:
                    closeup.take(trace)
            except GradscopeError:
                raise
            except Exception as error:
                trace.failure = error
        if trace.failure is not None:
            self._warn(
                "This training step can't be recorded: gradscope failed on it with "
                f"{type(trace.failure).__name__}: {trace.failure}. The training goes on, "
                "unrecorded. Please report it."
            )

    def _check_variables(self, trace: Trace) -> None:
        paths = var.paths(trace.variables)
        if self._paths and paths != self._paths:
            gone, new = set(self._paths) - set(paths), set(paths) - set(self._paths)
            raise ModelChangedError(
                "Scope.step: the model's trainable variables changed between two traces of the "
                f"step (gone: {sorted(gone) or 'none'}, new: {sorted(new) or 'none'}). One run has "
                "one set of variables. Close this scope and make a new Scope with another logdir, "
                "and decorate the step anew."
            )

    def _check(self, trace: Trace) -> None:
        self._check_variables(trace)
        paths = var.paths(trace.variables)
        if not paths:
            raise UsageError(
                f"Scope.step: the model {getattr(self._model, 'name', '')!r} has no trainable "
                "variables after the step ran. Pass the model that the step trains, and check "
                "that its layers aren't all frozen (`layer.trainable`)."
            )
        if not trace.gradient_calls:
            if self._paths:
                return
            if trace.gradient_elsewhere:
                raise UsageError(
                    "Scope.step: the step calls tape.gradient inside a loop, a branch, another "
                    "tf.function or strategy.run, whose tensors can't be recorded from outside. "
                    "Decorate the function that does one training step, and loop outside it."
                )
            raise UsageError(
                "Scope.step: the step returned without calling tape.gradient on the model's "
                "trainable variables. Compute the gradients with tf.GradientTape inside the "
                "decorated function, with the same model that the Scope was given."
            )
        self._paths = paths

    def _start(self, trace: Trace, measured: Measured) -> Buffer:
        columns = {}
        for statistic in catalog.STATISTICS:
            names = measured.columns.get(statistic.name, ((),))[0]
            if statistic.name == "dead_fraction":
                names = tuple(measured.silent)
            if names:
                columns[statistic.name] = names
        layout = Layout(columns)
        self.buffer = Buffer(
            layout,
            {path: flags.shape[0] for path, flags in measured.silent.items()},
            capacity=self.capacity,
            window=self._window,
            device=getattr(var.resource(trace.variables[0]), "device", "") or "",
            step=self.next_step,
        )
        self._started(layout, facts(trace))
        return self.buffer

    def _compare(self, layout: Layout, measured: Measured) -> None:
        late = {
            name
            for statistic, (names, _) in measured.columns.items()
            for name in names
            if name not in layout.names(statistic)
        }
        if late:
            self._warn(
                f"Layers that did not run in the first recorded step aren't recorded: "
                f"{', '.join(sorted(late)[:5])}{' ...' if len(late) > 5 else ''}. A run's columns "
                "are fixed at its first step."
            )

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(message, GradscopeWarning, stacklevel=2)


@contextmanager
def _created() -> Iterator[list[Any]]:
    """The variables that are created inside the block, where a function is being traced."""
    created: list[Any] = []

    def note(create: Callable[..., Any], **options: Any) -> Any:
        created.append(create(**options))
        return created[-1]

    if tf.executing_eagerly():
        yield created
        return
    with tf.variable_creator_scope(note):
        yield created
