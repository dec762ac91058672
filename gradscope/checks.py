"""What a Scope is given, checked: each says what was got, what is expected and what to write."""

from collections.abc import Iterable
from os import fspath
from typing import Any

from gradscope.capture import variables as var
from gradscope.errors import UsageError


def check_model(model: Any) -> None:
    """Raises UsageError for a model without anything to train."""
    variables = var.trainable(model)
    if not variables and getattr(model, "built", True):
        raise UsageError(
            f"Scope: the model {getattr(model, 'name', type(model).__name__)!r} has no trainable "
            "variables, so there is nothing to watch. Pass the model that the step trains, and "
            "check that its layers aren't all frozen (`layer.trainable`)."
        )


def check_logdir(logdir: Any) -> str:
    """The path; raises UsageError for what is none."""
    try:
        path = fspath(logdir)
    except TypeError:
        path = ""
    if not isinstance(path, str) or not path:
        raise UsageError(
            f"Scope: logdir={logdir!r}; expected the path of a directory for this run, such as "
            '"runs/digits".'
        )
    return path


def check_sinks(sinks: Any) -> None:
    """Raises UsageError for what lacks the methods of a sink."""
    for sink in sinks if isinstance(sinks, Iterable) else [sinks]:
        if not all(callable(getattr(sink, name, None)) for name in ("write", "flush", "close")):
            raise UsageError(
                f"Scope: sinks={sinks!r}; expected objects with the methods write, flush and "
                "close, see gradscope.sinks.sink.Sink."
            )


def check_share(name: str, value: float) -> None:
    """Raises UsageError for what is no share of step time."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
        raise UsageError(
            f"Scope: {name}={value!r}; expected a share of step time above 0 and up to 1. "
            f"{name}=0.01 allows one per cent."
        )


def check_count(name: str, value: int, least: int) -> None:
    """Raises UsageError for what is no whole number from the least one on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"Scope: {name}={value!r}; expected a whole number from {least} on.")
