"""Small log directories for tests of the tab, each written in milliseconds.

Every run is known to the last number, so that a test can say what the screen must hold.
"""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradscope.layout import Layout
from gradscope.records import (
    Cost,
    Diagnosis,
    Overhead,
    Record,
    Remedy,
    Start,
    Validation,
    Verdict,
)
from gradscope.run import RunWriter

STEPS = 60
LAYERS = 8
NAN_FROM = 40
ZERO_ROW, INFINITE_ROW = 2, 3
DEEP_LAYERS = 500
LONG_STEPS = 3000
SPIKE_AT = 1234
"""The step of `long` at which one value, between all others, is a thousand times as large."""

FLAG = "gradscopeWasHere"
"""What the scripts in the names of `hostile` set on the outermost window."""

_SCRIPT = f"window.top.{FLAG}=1"
HOSTILE = (
    f"<img src=x onerror={_SCRIPT}>",
    f"<script>{_SCRIPT}</script>/kernel",
    f"\"><svg onload={_SCRIPT}>'&amp;",
    f"javascript:{_SCRIPT}",
    "__proto__",
    "constructor",
    "../../../etc/passwd",
    "日本語/核",
    "x" * 300,
    "line\nbreak\ttab",
)
"""Names that a careless page would run, lose or stumble over."""

HOSTILE_RUN = f"<img src=x onerror={_SCRIPT.replace('.', '&#46;')}>"
"""A run's directory; a dot would make its end look like a file's."""


RUNS = tuple(
    f"{name}/gradscope"
    for name in ("healthy", "vanishing", "nan", "other", "deep", "long", "single", HOSTILE_RUN)
)
"""What `write_all` writes, as TensorBoard calls it."""


def layout(names: Sequence[str]) -> Layout:
    """Columns of kernels and biases, of the layers they are in, of classes and of the step."""
    variables = tuple(f"{name}/{part}" for name in names for part in ("kernel", "bias"))
    classes = tuple("0123456789")
    return Layout(
        {
            "grad_norm": variables,
            "weight_norm": variables,
            "update_ratio": variables,
            "nonfinite_count": variables,
            "activation_mean": tuple(names),
            "activation_rms": tuple(names),
            "dead_fraction": tuple(names),
            "activation_grad_norm": tuple(names),
            "class_loss": classes,
            "loss": ("loss",),
            "global_grad_norm": ("global_grad_norm",),
            "learning_rate": ("learning_rate",),
        }
    )


DENSE = layout([f"net/hidden_{place}" for place in range(1, LAYERS + 1)])
OTHER = layout([f"vision/conv_{place}" for place in range(1, 5)])
DEEP = layout([f"encoder/block_{place // 4}/dense_{place % 4}" for place in range(DEEP_LAYERS)])

VANISHING = Verdict(
    "vanishing-gradient",
    "critical",
    "net/hidden_1/kernel",
    19,
    0.99,
    "From the last layer to the first the gradient shrinks ten-million-fold.",
    {"decades_lost": 7.0},
    (Verdict("learning-rate-low", "warning", "net/hidden_2/kernel", 25, 0.8, "Hardly a move."),),
    Remedy("Use ReLU.", 'keras.layers.Dense(64, activation="relu")', "He et al. 2015"),
)
NONFINITE = Verdict(
    "nonfinite", "critical", "net/hidden_5/kernel", NAN_FROM, 1.0, "NaN in net/hidden_5/kernel."
)
HOSTILE_VERDICT = Verdict(
    HOSTILE[0],
    "critical",
    HOSTILE[1],
    5,
    0.9,
    HOSTILE[1] + " <b>bold</b>",
    {HOSTILE[0]: math.nan},
    (Verdict(HOSTILE[2], "warning", HOSTILE[0], 6, 0.5, HOSTILE[1]),),
    Remedy(HOSTILE[0], HOSTILE[1], f"javascript:{_SCRIPT}"),
)


COST = Overhead(0.0071, 0.005, 0.0094, whole=0.021, every=20, budget=0.01, pairs=128)
"""What recording the run `vanishing` cost; the others don't say."""


def write_all(root: Path) -> Path:
    """Writes every run below `root`, beside curves of somebody else's; returns `root`."""
    for make in (healthy, vanishing, nan, other, deep, long, single):
        make(root / make.__name__)
    hostile(root / HOSTILE_RUN)
    return plain(root)


def healthy(logdir: Path) -> None:
    """Gradients of one size in all layers, a falling loss, no verdict."""
    write(logdir, DENSE, STEPS, lambda step: {"loss": 2.3 * 0.95**step}, ())


def vanishing(logdir: Path) -> None:
    """Each layer's gradient a tenth of the next one's; the loss stands still."""
    norms = np.repeat(10.0 ** np.arange(1 - LAYERS, 1), 2)
    changes = {"grad_norm": norms, "loss": 2.3}
    write(logdir, DENSE, STEPS, lambda step: changes, (VANISHING,), COST)


def nan(logdir: Path) -> None:
    """NaN in the upper half from step 40; one row all zero, one all infinite."""

    def changes(step: int) -> dict[str, Any]:
        norms = np.repeat(10.0 ** np.linspace(-3, 0, LAYERS), 2)
        norms[ZERO_ROW], norms[INFINITE_ROW] = 0, np.inf
        if step < NAN_FROM:
            return {"grad_norm": norms}
        norms[LAYERS:] = np.nan
        return {"grad_norm": norms, "nonfinite_count": 7, "loss": np.nan}

    write(logdir, DENSE, STEPS, changes, (NONFINITE,))


def other(logdir: Path) -> None:
    """A different model, trained longer; judged healthy."""
    write(logdir, OTHER, 2 * STEPS, lambda step: {}, ())


def deep(logdir: Path) -> None:
    """500 layers in 125 blocks, few steps."""
    norms = np.repeat(10.0 ** np.linspace(-6, 0, DEEP_LAYERS), 2)
    write(logdir, DEEP, 8, lambda step: {"grad_norm": norms * (1 + step)}, ())


def long(logdir: Path) -> None:
    """3,000 recorded steps, and a spike in one of them."""
    names = layout(["a", "b"])

    def changes(step: int) -> dict[str, Any]:
        return {"grad_norm": [1e-3, 1e-3, 1e3 if step == SPIKE_AT else 1, 1e-1]}

    write(logdir, names, LONG_STEPS, changes, ())


def single(logdir: Path) -> None:
    """One step, not yet judged."""
    write(logdir, OTHER, 1, lambda step: {}, None)


def hostile(logdir: Path) -> None:
    """Script and markup wherever a name can be."""
    write(logdir, layout(HOSTILE), STEPS, lambda step: {}, (HOSTILE_VERDICT,))


def plain(root: Path) -> Path:
    """A log directory with curves of somebody else's, and no run of ours; returns `root`."""
    from tensorboard.summary import Writer

    writer = Writer(str(root / "train"))
    writer.add_scalar("loss", 0.5, 1)
    writer.close()
    return root


class Live:
    """A run that is being written, some steps at a time."""

    def __init__(self, logdir: Path) -> None:
        self._writer = RunWriter(logdir)
        self._writer.start(Start(OTHER, 0, {}))
        self.steps = 0

    def train(self, steps: int) -> None:
        """Records so many steps more, for readers to see at once."""
        for step in range(self.steps, self.steps + steps):
            self._writer.record(Record(step, time.time(), row(OTHER, step, {}), OTHER))
        self.steps += steps
        self._writer.flush()

    def judge(self, *verdicts: Verdict) -> None:
        """Writes verdicts as of the last step."""
        self._writer.diagnosis(Diagnosis(self.steps - 1, time.time(), verdicts))
        self._writer.flush()

    def close(self) -> None:
        """Ends the run."""
        self._writer.close()


def row(columns: Layout, step: int, changes: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    """float32[slots]: values of about 1 that tell their step and column, but for `changes`."""
    places = np.arange(columns.slots) / columns.slots
    values = (1 + 0.5 * np.sin(step / 5 + 6 * places)).astype(np.float32)
    for statistic in ("dead_fraction", "nonfinite_count"):
        values[columns.where(statistic)] = 0
    values[columns.where("update_ratio")] *= 1e-3
    for statistic, change in changes.items():
        values[columns.where(statistic)] = change
    return values


def write(
    logdir: Path,
    columns: Layout,
    steps: int,
    changes: Any,
    verdicts: tuple[Verdict, ...] | None,
    cost: Overhead | None = None,
) -> None:
    """Writes one run with a validation every 20 steps.

    changes: step -> statistic -> what to put in place of `row`'s values.
    verdicts: of its last diagnosis; None for a run that was never judged.
    """
    writer = RunWriter(logdir)
    writer.start(Start(columns, 0, {"model": {"name": logdir.name, "class": "Sequential"}}))
    for step in range(steps):
        writer.record(Record(step, 1e9 + step, row(columns, step, changes(step)), columns))
        if step % 20 == 19:
            writer.validation(Validation(step, 1e9 + step, {"loss": 2.5 - step / steps}))
    if cost is not None:
        writer.cost(Cost(steps - 1, 1e9 + steps, cost))
    if verdicts is not None:
        writer.diagnosis(Diagnosis(steps - 1, 1e9 + steps, verdicts))
    writer.close()
