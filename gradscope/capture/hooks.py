"""Seeing calls of TensorFlow and Keras while a step is traced, and only then.

A `Hook` names a function or method and what to do around each call of it. While a trace is being
watched the function is replaced by a dispatcher that runs the hooks of the traces watched *by this
thread*; other threads pass straight through. With the last watched trace all originals return.

Only trace time is touched: a compiled program contains no trace of the dispatcher.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Around = Callable[..., Any]
"""(trace, call, *args, **kwargs) -> what call(*args, **kwargs) returned."""


@dataclass(frozen=True)
class Hook:
    """What to do around each call of one function.

    owner: the module or class that defines it.
    name: its attribute there; a function, a method or a property.
    around: called in its place as (trace, call, *args, **kwargs).
    """

    owner: Any
    name: str
    around: Around


_lock = threading.Lock()
_originals: list[tuple[Hook, Any]] = []
_watched = 0
_local = threading.local()


@contextmanager
def watching(trace: Any, hooks: Sequence[Hook]) -> Iterator[None]:
    """Runs the hooks around this thread's calls for the duration of the block.

    trace: handed to each `around`. Blocks nest: an inner trace sees a call after an outer one.
    hooks: the same ones for every trace.
    """
    _install(hooks)
    outer = _traces()
    _local.traces = (*outer, trace)
    try:
        yield
    finally:
        _local.traces = outer
        _uninstall()


@contextmanager
def unseen() -> Iterator[None]:
    """Hides this thread's calls from all hooks for the duration of the block."""
    outer = _traces()
    _local.traces = ()
    try:
        yield
    finally:
        _local.traces = outer


def watched_traces() -> tuple[Any, ...]:
    """The traces that this thread is watching, outermost first."""
    return _traces()


def _traces() -> tuple[Any, ...]:
    return getattr(_local, "traces", ())


def _install(hooks: Sequence[Hook]) -> None:
    global _watched
    with _lock:
        _watched += 1
        if _watched > 1:
            return
        for hook in hooks:
            original = vars(hook.owner)[hook.name]
            setattr(hook.owner, hook.name, _dispatcher(hook, original))
            _originals.append((hook, original))


def _uninstall() -> None:
    global _watched
    with _lock:
        _watched -= 1
        if _watched:
            return
        for hook, original in reversed(_originals):
            setattr(hook.owner, hook.name, original)
        _originals.clear()


def _dispatcher(hook: Hook, original: Any) -> Any:
    function: Any = original.fget if isinstance(original, property) else original

    @functools.wraps(function)
    def dispatch(*args: Any, **kwargs: Any) -> Any:
        call = function
        for trace in reversed(_traces()):
            call = functools.partial(hook.around, trace, call)
        return call(*args, **kwargs)

    # AutoGraph leaves its own artifacts as they are and keeps its status for what they call, as it
    # does for TensorFlow's and Keras' own functions.
    dispatch.autograph_info__ = {}  # type: ignore[attr-defined]
    return property(dispatch) if isinstance(original, property) else dispatch
