"""The networks of gradscope/bench/workloads.py in PyTorch: the same layers, sizes and optimizer.

Weights and batches are PyTorch's own random ones: what a step costs does not depend on them.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]

from benchmarks.rivals.arm import Arm, Loop

RATE = 1e-3
"""Adam's learning rate."""


@dataclass(frozen=True)
class Net:
    """batch: (inputs, integer labels)."""

    model: Any
    optimizer: Any
    loss_fn: Any
    batch: tuple[Any, Any]

    def step(self, x: Any, y: Any) -> Any:
        """The plain training step; returns the loss."""
        self.optimizer.zero_grad()
        loss = self.loss_fn(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss


def plain(workload: str, _: Path) -> Arm:
    """The plain step, run operation by operation, as PyTorch does by default."""
    it = net(workload)
    return Loop(it.step, it.batch, wait)


def net(workload: str) -> Net:
    """The network of a workload; ValueError for one that has no twin here."""
    if workload not in NETS:
        raise ValueError(f"{workload} has no twin in PyTorch; there are {', '.join(NETS)}")
    torch.manual_seed(0)
    model, x = NETS[workload]()
    labels = torch.randint(0, 10, (len(x),))
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    return Net(model, optimizer, nn.CrossEntropyLoss(), (x, labels))


def wait(loss: Any) -> float:
    """The loss as a number."""
    return loss.item()


def mlp() -> tuple[Any, Any]:
    """784, 6 × 512, 10 on 128 samples."""
    widths = [784] + [512] * 6
    layers: list[Any] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(512, 10)), torch.randn(128, 784)


def cnn() -> tuple[Any, Any]:
    """Five 3×3 convolutions, 32 to 128 channels, on 32 images of 32×32×3."""
    layers: list[Any] = [nn.Conv2d(3, 32, 3, padding=1), nn.ReLU()]
    for before, after in ((32, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(128, 128, 3, padding=1), nn.ReLU()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)]
    return nn.Sequential(*layers), torch.randn(32, 3, 32, 32)


NETS: dict[str, Callable[[], tuple[Any, Any]]] = {"mlp": mlp, "cnn": cnn}
"""Workload -> (model, inputs)."""
