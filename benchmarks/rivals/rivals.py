"""The rivals: what each is compared with, and how many of its steps are timed together."""

from dataclasses import dataclass
from typing import Literal

Side = Literal["tensorflow", "torch"]

XLA = "tf.function(jit_compile=True)"
GRAPH = "tf.function"
FIT = "model.fit"
EAGER = "PyTorch, eager"

EPOCH = 50
"""Steps of an epoch under `model.fit`: what is done once an epoch is shared out over so many."""


@dataclass(frozen=True)
class Rival:
    """One row of the table.

    against: plain arms; the first is its own plain step, the others are for orientation.
    block: steps timed together; a multiple of how often it records.
    warm_up: steps before the clock starts.
    alone: True where it changes its whole process, so that it gets one of its own.
    """

    name: str
    side: Side
    against: tuple[str, ...]
    block: int = 20
    warm_up: int = 20
    alone: bool = False


RIVALS = (
    Rival("gradscope, every step", "tensorflow", (XLA,)),
    Rival("gradscope, every 10th step", "tensorflow", (XLA,)),
    # Past its first steps, which it records densely; long blocks, as it may record one step in 50.
    Rival("gradscope, auto", "tensorflow", (XLA,), block=100, warm_up=300),
    Rival("summaries inside the step", "tensorflow", (GRAPH, XLA), block=10),
    Rival("summaries outside the step", "tensorflow", (XLA, GRAPH), block=10),
    Rival("TensorBoard callback, each epoch", "tensorflow", (FIT,), block=EPOCH, warm_up=EPOCH),
    Rival("check_numerics", "tensorflow", (GRAPH, XLA), alone=True),
    Rival("Debugger V2, FULL_HEALTH", "tensorflow", (GRAPH, XLA), block=10, alone=True),
    Rival("wandb hooks, every step", "torch", (EAGER,), block=10),
    Rival("wandb hooks, every 100th step", "torch", (EAGER,), block=100, warm_up=100),
    # One run of wandb a process.
    Rival("wandb, every step", "torch", (EAGER,), block=10, alone=True),
    Rival("wandb, every 100th step", "torch", (EAGER,), block=100, warm_up=100, alone=True),
    Rival("Cockpit economy, every step", "torch", (EAGER,), block=2, warm_up=2),
    Rival("Cockpit economy, every 16th step", "torch", (EAGER,), block=16, warm_up=16),
)
