"""gradscope itself, everything on, written to disk and judged."""

from pathlib import Path

import gradscope
from benchmarks.rivals.arm import Arm, Loop, Maker
from benchmarks.rivals.tensorflow_net import net, wait
from gradscope.cadence import Every


def maker(every: Every) -> Maker:
    """Makes arms that record each so-manyth step."""

    def arm(workload: str, logdir: Path) -> Arm:
        it = net(workload)
        scope = gradscope.Scope(it.model, logdir, every=every, console=False)
        return Loop(scope.step(it.step), it.batch, wait, scope.close)

    return arm
