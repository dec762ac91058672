"""The wrapped training step: two compiled programs, chosen on the host."""

import contextlib
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from gradscope.capture import autograph
from gradscope.capture.arguments import note_arguments
from gradscope.closeup import Closeup
from gradscope.errors import UsageError

if TYPE_CHECKING:
    from gradscope.scope import Scope


_XLA_NOTE = (
    "gradscope compiles the step with XLA. If yours was a plain @tf.function, write "
    "@scope.step(jit_compile=False)."
)

_OTHER_SEED = 0x9E3779B9
"""Any number that users don't add to their seeds: 2³² over the golden ratio."""


class Step:
    """A training step that records itself when its scope says so; called like the function.

    An unrecorded call runs `tf.function(fn)`. A recorded one runs a second program: the same
    function, traced while gradscope watches, with a row pushed at its end. A closer look at some
    layers runs a third one, which is made when it is first due.

    fn: the user's step. A tf.function is unwrapped, since it is compiled here; of its options only
        the input signature is kept.
    scope: the scope that records; a second one joins where the step is wrapped twice.
    jit_compile: compile with XLA.
    """

    def __init__(self, fn: Callable[..., Any], scope: "Scope", jit_compile: bool) -> None:
        self.scopes = (scope,)
        if isinstance(fn, Step):
            self.scopes, fn = (*fn.scopes, scope), fn.python_function
        self.python_function: Callable[..., Any] = getattr(fn, "python_function", fn)
        if not callable(self.python_function):
            raise UsageError(
                f"Scope.step: expected a function, got {type(fn).__name__}. Use it as a "
                "decorator, @scope.step, or call it with the training step: scope.step(train_step)."
            )
        functools.update_wrapper(self, self.python_function)
        self.jit_compile = jit_compile
        self.traces = 0
        self._signature = getattr(fn, "input_signature", None)
        self.plain = self._compile(other_random_numbers, self._signature)
        self.recorded = self._compile(self._instruments, self._signature)
        self._detailed: dict[tuple[Closeup | None, ...], Any] = {}
        self._looks = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the step returns, unchanged."""
        if tf.inside_function():
            raise UsageError(
                "Scope.step: the step was called inside another tf.function, where gradscope "
                "can't choose between its two programs. Take the outer @tf.function away: "
                "scope.step compiles the step itself."
            )
        due = [scope._begin_step() for scope in self.scopes]
        recorded = any(due)
        program = self._recording_program() if recorded else self.plain
        traces = program.experimental_get_tracing_count()
        try:
            run = functools.partial(self._run_recorded, program) if recorded else self.plain
            result = run(*args, **kwargs)
        except tf.errors.OpError as error:
            if self.jit_compile:
                error.add_note(_XLA_NOTE)
            raise
        typical = program.experimental_get_tracing_count() == traces
        for scope in self.scopes:
            scope._end_step(recorded, typical=typical)
        for scope in self.scopes:
            scope._tell()
        return result

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Binds a step that was defined as a method."""
        return self if instance is None else functools.partial(self, instance)

    def _recording_program(self) -> Any:
        """The recorded program; another one where a scope is to look closely at some layers."""
        closeups = tuple(scope._closer.closeup for scope in self.scopes)
        if not any(closeups):
            return self.recorded
        if closeups not in self._detailed:
            watched = [scope._closer.current for scope in self.scopes]
            for key in [key for key in self._detailed if any(c and c not in watched for c in key)]:
                del self._detailed[key]
            self._looks += 1
            # No stream of random numbers is drawn twice: the first two are the other programs'.
            around = functools.partial(self._instruments, closeups, 1 + self._looks)
            self._detailed[closeups] = self._compile(around, self._signature)
        return self._detailed[closeups]

    def _run_recorded(self, program: Any, *args: Any, **kwargs: Any) -> Any:
        for scope in self.scopes:
            scope._prepare_recording()
        traces = self.traces
        try:
            return program(*args, **kwargs)
        except Exception as error:
            self._raise_misuse()
            # XLA compiles before it runs anything, so a program that doesn't compile has not
            # touched the weights. If the plain one fails as well, its error is the user's.
            new, of_tensorflow = traces != self.traces, isinstance(error, tf.errors.OpError)
            if program is not self.recorded and new and (self.jit_compile or not of_tensorflow):
                for scope in self.scopes:
                    scope._closer.fail(error, scope._step)
                return self._run_recorded(self.recorded, *args, **kwargs)
            if not (new and self.jit_compile and of_tensorflow):
                raise
            result = self.plain(*args, **kwargs)
            for scope in self.scopes:
                scope._step_aside(error)
            return result

    def _raise_misuse(self) -> None:
        """Raises gradscope's own error as it was, without AutoGraph's account of its frames."""
        for scope in self.scopes:
            misuse, scope._recorder.misuse = scope._recorder.misuse, None
            if misuse is not None:
                raise misuse from None

    def _compile(self, instruments: Callable[[], Any], signature: Any) -> Any:
        """The step as a tf.function, traced within a context that `instruments` makes."""
        fn, around = self.python_function, autograph.leave(instruments)
        noted = autograph.leave(note_arguments)

        def train_step(*args: Any, **kwargs: Any) -> Any:
            with around():
                noted((args, kwargs))
                result = fn(*args, **kwargs)
            return result

        functools.update_wrapper(train_step, fn)
        # AutoGraph and tf.function look at what a wrapper wraps; this one is to be traced itself.
        del train_step.__wrapped__
        train_step.__signature__ = inspect.signature(fn)  # type: ignore[attr-defined]
        return tf.function(train_step, input_signature=signature, jit_compile=self.jit_compile)

    def _instruments(
        self, closeups: Sequence[Closeup | None] = (), stream: int = 0
    ) -> contextlib.ExitStack:
        self.traces += 1
        with contextlib.ExitStack() as stack:
            stack.enter_context(other_random_numbers(stream))
            for scope, closeup in itertools.zip_longest(self.scopes, closeups):
                stack.enter_context(
                    scope._recorder.recording(self.jit_compile, closeup, drafts=True)
                )
            return stack.pop_all()


@contextlib.contextmanager
def other_random_numbers(stream: int = 1) -> Iterator[None]:
    """Gives a program a stream of tf.random numbers apart from the recorded one's, which is 0.

    Each program has its own state for every random operation. With one seed both would draw the
    same numbers, so that a step after a change of program would repeat those of an earlier one.
    """
    graph = tf.compat.v1.get_default_graph()
    if not tf.executing_eagerly() and graph.seed is not None:
        graph.seed += stream * _OTHER_SEED
    yield
