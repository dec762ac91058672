"""What a tensor of a traced graph was computed from."""

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

Goal = Callable[[tf.Operation], bool]


class Ancestry:
    """Answers whether a tensor depends on certain operations of its graph, each walked once.

    goal: True for the operations looked for. Nothing behind a tf.stop_gradient is looked at.
    """

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self._known: dict[str, bool] = {}

    def __call__(self, tensor: tf.Tensor) -> bool:
        """True where one of the operations looked for is among the tensor's ancestors."""
        known, opened, stack = self._known, set(), [tensor.op]
        while stack:
            op = stack[-1]
            if op.name in known:
                stack.pop()
                continue
            parents = [] if op.type == "StopGradient" else [source.op for source in op.inputs]
            todo = [p for p in parents if p.name not in known and p.name not in opened]
            opened.add(op.name)
            if todo and not self._goal(op):
                stack.extend(todo)
                continue
            known[op.name] = self._goal(op) or any(known.get(p.name, False) for p in parents)
            stack.pop()
        return known[tensor.op.name]


def reads_any(graph: Any, variables: Iterable[Any]) -> Goal:
    """A goal: the operation brings one of the tf.Variables into the graph."""
    handles = {id(variable.handle) for variable in variables}
    captured: dict[str, int] = {}

    def goal(op: tf.Operation) -> bool:
        if op.type != "Placeholder":
            return False
        if op.name not in captured:
            for outside, inside in graph.captures:
                captured[inside.op.name] = id(outside)
        return captured.get(op.name) in handles

    return goal
