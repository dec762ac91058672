"""Rows as if they had been measured."""

from benchmarks.rivals.rivals import GRAPH, XLA, Rival
from benchmarks.rivals.schedule import Row

RIVAL = Rival("summaries", "tensorflow", (GRAPH, XLA), block=10)


def row(**changed) -> Row:
    rounds = {
        "summaries": [0.030, 0.036, 0.060],
        GRAPH: [0.010, 0.012, 0.015],
        XLA: [0.005, 0.006, 0.010],
    }
    made = {"rounds": rounds, "written": 24_397.4, "versions": {"TensorFlow": "2.21.0"}}
    return Row("mlp", RIVAL, **{**made, **changed})


def missing() -> Row:
    return Row("mlp", Rival("wandb", "torch", ("eager",)), missing="no module named wandb")
