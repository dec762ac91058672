"""What a program of the accuracy bench is: a training that anyone could have written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Batch = tuple[Any, Any]
"""(x, y), NumPy arrays whose first axis are the samples."""


class Batches(Protocol):
    """The batches of all epochs in order; a list will do."""

    def __len__(self) -> int:
        """The number of steps."""
        ...

    def __iter__(self) -> Iterator[Batch]:
        """The batches, the same ones each time."""
        ...


@dataclass(frozen=True)
class Training:
    """A training before its first step.

    model: a built Keras model.
    step: (x, y) -> loss, uncompiled: whoever runs it wraps it.
    batches: of fixed length.
    epoch: steps after each of which validation figures are given.
    validate: those figures: "loss" as a scalar, for classes "accuracy", too.
    score: how well the model does on clean rows that it was not trained on: balanced accuracy
        (mean recall) for classes, R² for targets. Higher is better.
    """

    model: Any
    step: Callable[[Any, Any], Any]
    batches: Batches
    epoch: int
    validate: Callable[[], dict[str, float]]
    score: Callable[[], float]


@dataclass(frozen=True)
class Program:
    """A program whose fault, if any, is known from outside.

    name: unique among all sets.
    expected: slugs any of which is a right root cause; empty for a healthy one.
    start: seed -> its training, afresh.
    good: least score with which a run counts as trained well, whatever it was meant to be.
    twin: the program that repairs it, "" for a healthy one.
    architecture: "mlp", "cnn", "rnn", "transformer" or another kind of net.
    """

    name: str
    expected: frozenset[str]
    start: Callable[[int], Training]
    good: float
    twin: str = ""
    architecture: str = "mlp"
