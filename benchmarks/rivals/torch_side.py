"""The arms that run in PyTorch, in an interpreter of its own that has it.

What is imported here needs torch and NumPy; Cockpit and wandb are imported by their own arms, so
that one that is not installed costs its own rows alone.
"""

import importlib.metadata

import torch  # pyright: ignore[reportMissingImports]

from benchmarks.rivals import torch_cockpit, torch_hooks, torch_net, torch_wandb
from benchmarks.rivals.arm import Maker
from benchmarks.rivals.rivals import EAGER

ARMS: dict[str, Maker] = {
    EAGER: torch_net.plain,
    "wandb hooks, every step": torch_hooks.maker(1),
    "wandb hooks, every 100th step": torch_hooks.maker(100),
    "wandb, every step": torch_wandb.maker(1),
    "wandb, every 100th step": torch_wandb.maker(100),
    "Cockpit economy, every step": torch_cockpit.maker(1),
    "Cockpit economy, every 16th step": torch_cockpit.maker(16),
}


def versions() -> dict[str, str]:
    """Name of a library -> its version, of those that are installed."""
    found = {"PyTorch": str(torch.__version__)}
    for library in ("wandb", "cockpit-for-pytorch", "backpack-for-pytorch"):
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
