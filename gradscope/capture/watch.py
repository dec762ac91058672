"""All hooks together: watch one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradscope.capture import activations, layers, objective, optimizer, tape
from gradscope.capture.hooks import watching
from gradscope.capture.trace import Trace

HOOKS = (*layers.HOOKS, *activations.HOOKS, *tape.HOOKS, *optimizer.HOOKS, *objective.HOOKS)


@contextmanager
def watch(owner: Any, model: Any) -> Iterator[Trace]:
    """A `Trace` that fills while the block runs a training step of the model.

    owner: the scope that records; explicit tapes name it.
    """
    trace = Trace(owner, model)
    with watching(trace, HOOKS):
        yield trace
