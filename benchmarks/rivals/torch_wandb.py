"""wandb itself, offline: `wandb.watch(log="all")` and the loss of each step."""

import os
from pathlib import Path
from typing import Any

from benchmarks.rivals.arm import Arm, Loop, Maker
from benchmarks.rivals.torch_net import net, wait


def maker(every: int) -> Maker:
    """Makes arms that record each so-manyth step; ImportError where wandb is missing."""

    def arm(workload: str, logdir: Path) -> Arm:
        os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
        import wandb  # pyright: ignore[reportMissingImports]

        run = wandb.init(mode="offline", dir=str(logdir))
        it = net(workload)
        run.watch(it.model, log="all", log_freq=every)

        def step(x: Any, y: Any) -> Any:
            loss = it.step(x, y)
            run.log({"loss": wait(loss)})
            return loss

        return Loop(step, it.batch, wait, run.finish)

    return arm
