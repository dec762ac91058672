"""What `wandb.watch(log="all")` does on a step, with torch and the standard library alone.

After wandb's `integration/torch/wandb_torch.py`: a hook on each parameter makes a histogram of its
gradient, a hook on the model's forward pass one of each parameter; 64 bins between the least and
the largest finite element. A step's histograms go to a file as one line of JSON, as wandb does.
"""

import json
from pathlib import Path
from typing import Any

import torch  # pyright: ignore[reportMissingImports]

from benchmarks.rivals.arm import Arm, Loop, Maker
from benchmarks.rivals.torch_net import net, wait

BINS = 64

Histogram = dict[str, list[float]]


def maker(every: int) -> Maker:
    """Makes arms that record each so-manyth step, counted from the first one."""

    def arm(workload: str, logdir: Path) -> Arm:
        it = net(workload)
        watch = Watch(it.model, logdir / "history.jsonl", every)

        def step(x: Any, y: Any) -> Any:
            loss = it.step(x, y)
            watch.log(loss)
            return loss

        return Loop(step, it.batch, wait, watch.close)

    return arm


class Watch:
    """Hooks on a model, and the file that they fill. every: steps between two recorded ones."""

    def __init__(self, model: Any, path: Path, every: int) -> None:
        self._every = every
        self._step = 0
        self._row: dict[str, Any] = {}
        self._file = path.open("w")
        model.register_forward_hook(self._parameters)
        for name, parameter in model.named_parameters():
            parameter.register_hook(self._gradient(f"gradients/{name}"))

    def log(self, loss: Any) -> None:
        """Ends a step: writes its line."""
        self._row["loss"] = wait(loss)
        self._row["step"] = self._step
        self._file.write(json.dumps(self._row) + "\n")
        self._row = {}
        self._step += 1

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _due(self) -> bool:
        return self._step % self._every == 0

    def _parameters(self, model: Any, _: Any, __: Any) -> None:
        if self._due():
            for name, parameter in model.named_parameters():
                self._keep(f"parameters/{name}", parameter.data.cpu())

    def _gradient(self, name: str) -> Any:
        def hook(gradient: Any) -> None:
            if self._due():
                self._keep(name, gradient.data)

        return hook

    def _keep(self, name: str, tensor: Any) -> None:
        found = histogram(tensor)
        if found is not None:
            self._row[name] = found


def histogram(tensor: Any) -> Histogram | None:
    """{"values": counts, "bins": edges} of the finite elements, None where there are none."""
    # wandb copies first, looks twice for what is not finite, and only then bins.
    flat = tensor.detach().clone().reshape(-1)
    if (~torch.isfinite(flat)).all().item():
        return None
    if not torch.isfinite(flat).all():
        flat = flat[torch.isfinite(flat)]
    least, most = flat.min().item(), flat.max().item()
    if least == most:
        return {"values": [float(flat.numel())], "bins": [least, most]}
    counts = flat.histc(bins=BINS, min=least, max=most)
    return {"values": counts.tolist(), "bins": torch.linspace(least, most, BINS + 1).tolist()}
