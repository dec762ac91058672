"""Keeping AutoGraph out of gradscope's own functions."""

from collections.abc import Callable
from typing import Any


def leave(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that AutoGraph calls as it is, with its status kept for what that calls.

    tf.autograph.experimental.do_not_convert would also switch conversion off for everything called
    beneath, the user's code among it; TensorFlow marks its own wrappers this way.
    """

    def unconverted(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    unconverted.autograph_info__ = {}  # type: ignore[attr-defined]
    return unconverted
