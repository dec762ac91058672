"""Cockpit's economy configuration (Schneider, Dangel and Hennig, 2021), as its examples use it."""

import warnings
from pathlib import Path
from typing import Any

from benchmarks.rivals.arm import Arm, Loop, Maker
from benchmarks.rivals.torch_net import net, wait


def maker(every: int) -> Maker:
    """Makes arms that record each so-manyth step; ImportError where Cockpit is missing."""

    def arm(workload: str, _: Path) -> Arm:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Cockpit imports
            from backpack import extend  # pyright: ignore[reportMissingImports]
            from cockpit import Cockpit  # pyright: ignore[reportMissingImports]
            from cockpit.utils.configuration import (  # pyright: ignore[reportMissingImports]
                configuration,
            )
            from cockpit.utils.schedules import linear  # pyright: ignore[reportMissingImports]
        it = net(workload)
        cockpit = Cockpit(it.model.parameters(), quantities=configuration("economy", linear(every)))
        return Loop(Watched(it, cockpit, extend), it.batch, wait)

    return arm


class Watched:
    """The plain step of `it`, with its backward pass under Cockpit. extend: BackPACK's."""

    def __init__(self, it: Any, cockpit: Any, extend: Any) -> None:
        self._cockpit = cockpit
        self._optimizer = it.optimizer
        self._model = extend(it.model)
        self._each = type(it.loss_fn)(reduction="none")
        self._loss_fn = extend(it.loss_fn)
        self._step = 0

    def __call__(self, x: Any, y: Any) -> Any:
        """One step; returns the loss."""
        self._optimizer.zero_grad()
        outputs = self._model(x)
        loss = self._loss_fn(outputs, y)
        info = {
            "batch_size": len(x),
            "individual_losses": self._each(outputs, y),
            "loss": loss,
            "optimizer": self._optimizer,
        }
        with self._cockpit(self._step, info=info):
            loss.backward(create_graph=self._cockpit.create_graph(self._step))
        self._optimizer.step()
        self._step += 1
        return loss
