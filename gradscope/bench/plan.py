"""What can be measured, and what of it is: workloads by name, arms, and how long.

Imports no TensorFlow: the command line checks its arguments with it before anything is loaded.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gradscope.errors import UsageError

Every = int | Literal["auto"]

Size = Literal["tiny", "cpu", "gpu"]
"""Of a workload: for tests, for a CPU, for a GPU. The first four are the same on both."""


@dataclass(frozen=True)
class About:
    """What a workload is measured for.

    shows: one sentence.
    default: whether it is measured where none is named: a laptop has time for it.
    """

    shows: str
    default: bool = False


WORKLOADS: Mapping[str, About] = {
    "mlp": About("Memory-bound: hardly any work that statistics could hide behind.", True),
    "cnn": About("Large outputs beside small weights.", True),
    "transformer": About("Many small tensors, and normalizations between them.", True),
    "lstm": About("Work inside a loop, which is not watched.", True),
    "resnet50": About("214 variables, 25 million weights, normalizations with many readers."),
    "decoder": About("The size of GPT-2 small: most bytes lie in a few large weights."),
    "deep": About("500 layers of next to no work: the cost per layer, and compile time."),
    "embedding": About("Sparse gradients of a large vocabulary, which must stay sparse."),
    "finetuning": About("A frozen backbone, into which no backward pass may lead."),
}
"""By name, in the order in which they are measured."""

FAMILIES = (
    "gradients",
    "updates",
    "output gradients",
    "outputs",
    "units",
    "data",
)
"""The families of statistics that can be measured one by one; see families.py."""

EVERY: tuple[Every, ...] = (1, 10, "auto")
"""What is measured where nothing is said."""


@dataclass(frozen=True)
class Arm:
    """One way to record, which is measured against the plain step.

    every: as `Scope` takes it.
    only: the families that are measured, the others give zeros; None for all.
    """

    every: Every
    only: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """What the table calls it.

        >>> Arm(10).name, Arm(1, ("units",)).name, Arm(1, ()).name
        ('every=10', 'only units', 'no statistics')
        """
        if self.only is None:
            return f"every={self.every}"
        return f"only {', '.join(self.only)}" if self.only else "no statistics"


@dataclass(frozen=True)
class Task:
    """What one child process measures.

    kind: "timing", "compile", or the peak memory of the "plain" or "recorded" step.
    device: "CPU:0", "GPU:0", ...
    pairs: of blocks, for each arm; also the repetitions of "compile".
    seconds: how long a block should take.
    """

    kind: Literal["timing", "compile", "plain", "recorded"]
    workload: str
    size: Size
    device: str = "CPU:0"
    arms: tuple[Arm, ...] = ()
    pairs: int = 1
    seconds: float = 0.5

    def to_dict(self) -> dict[str, Any]:
        """The task as JSON takes it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Task":
        """The task of `to_dict`."""
        arms = [
            Arm(arm["every"], None if arm["only"] is None else tuple(arm["only"]))
            for arm in found["arms"]
        ]
        fields: dict[str, Any] = {**found, "arms": tuple(arms)}
        return cls(**fields)


@dataclass(frozen=True)
class Plan:
    """What a call of `gradscope bench` measures.

    compiles: repetitions of the first call at most, 0 to take the one that happens anyway.
    memory: whether peak memory is found out, which compiles once more.
    """

    workloads: tuple[str, ...]
    arms: tuple[Arm, ...]
    device: str = "CPU:0"
    pairs: int = 20
    seconds: float = 0.5
    compiles: int = 3
    memory: bool = True
    size: Size = field(default="cpu")

    def tasks(self, workload: str) -> list[Task]:
        """What is measured of one workload, each in a process of its own."""
        timing = Task(
            "timing", workload, self.size, self.device, self.arms, self.pairs, self.seconds
        )
        tasks = [timing]
        if self.compiles:
            tasks.append(Task("compile", workload, self.size, self.device, pairs=self.compiles))
        if self.memory:
            tasks += [
                Task("plain", workload, self.size, self.device),
                Task("recorded", workload, self.size, self.device),
            ]
        return tasks


def chosen(names: Sequence[str], all_of_them: bool) -> tuple[str, ...]:
    """The workloads that are meant, in the order of `WORKLOADS`.

    Raises UsageError for an unknown name.
    """
    for name in names:
        if name not in WORKLOADS:
            raise UsageError(f"no workload is called {name!r}. There are: {', '.join(WORKLOADS)}.")
    if all_of_them:
        return tuple(WORKLOADS)
    wanted = names or [name for name, about in WORKLOADS.items() if about.default]
    return tuple(name for name in WORKLOADS if name in wanted)


def arms(every: Sequence[Every], families: bool) -> tuple[Arm, ...]:
    """The arms of these cadences and, if asked for, of each family alone and of none."""
    single = [Arm(1, (family,)) for family in FAMILIES]
    return (*(Arm(each) for each in every), *([Arm(1, ()), *single] if families else []))


def device(text: str) -> str:
    """The device's name as "CPU:0" or "GPU:1".

    Raises UsageError for what is none; whether this machine has it only TensorFlow can say.

    >>> device("gpu"), device("CPU:0")
    ('GPU:0', 'CPU:0')
    """
    match = re.fullmatch(r"(?i)(cpu|gpu)(?::(\d+))?", text)
    number = int(match[2] or 0) if match else 0
    if match is None or (match[1].upper() == "CPU" and number):
        raise UsageError(f"--device {text}: expected CPU:0, GPU:0 or another number of a GPU.")
    return f"{match[1].upper()}:{number}"
