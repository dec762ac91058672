"""A bench's document without having measured anything: the tasks' answers are made up."""

from collections.abc import Callable
from typing import Any

from gradscope.bench import parent, result
from gradscope.bench.plan import Plan, Task, arms

MACHINE = {"device_name": "Abacus 3000", "tensorflow": "2.21.0", "keras": "3.15.1"}


def plan(*workloads: str, families: bool = False, **changes: Any) -> Plan:
    return Plan(workloads, arms([1, 10, "auto"], families), **{"pairs": 4, **changes})


def answer(task: Task, progress: Callable[[str], None]) -> dict[str, Any]:
    """What a child would have found: each arm ten per cent dearer but for "auto"."""
    progress("busy")
    if task.kind == "timing":
        return {
            "machine": dict(MACHINE),
            "title": f"A {task.workload} | of [bold]some[/] size",
            "parameters": 1234,
            "variables": 5,
            "first_call": 2.0,
            "arms": [_arm(arm, task.pairs) for arm in task.arms],
        }
    if task.kind == "compile":
        return {"plain_seconds": [2.0, 1.0, 1.5], "recorded_seconds": [3.0, 3.0, 3.0]}
    return {"bytes": 1_000_000 if task.kind == "plain" else 1_020_000}


def _arm(arm: Any, pairs: int) -> dict[str, Any]:
    about = {"arm": arm.name, "every": arm.every, "only": arm.only, "first_call": 5.0, "block": 8}
    plain = [0.010 + 0.001 * number for number in range(pairs)]
    recorded = [1.1 * seconds for seconds in plain]
    if arm.every == "auto":
        # one block in four holds all that it costs
        recorded = [*plain[:-1], 1.5 * plain[-1]]
    reported = {"sentence": f"Recording {arm.name} cost nothing."} if arm.every != 1 else None
    return {**about, "plain": plain, "recorded": recorded, "reported": reported}


def document(*workloads: str, run: Any = answer, **changes: Any) -> dict[str, Any]:
    return result.measure(
        plan(*workloads, **changes), ["gradscope", "bench"], lambda *_: None, lambda _: None, run
    )


def failing(kind: str) -> Callable[..., dict[str, Any]]:
    """Answers as `answer`, but tasks of one kind fail."""

    def run(task: Task, progress: Callable[[str], None]) -> dict[str, Any]:
        if task.kind == kind:
            raise parent.TaskError("its process died of signal 9")
        return answer(task, progress)

    return run
