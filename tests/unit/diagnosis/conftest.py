"""Runs in memory, made of arrays."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from gradscope import catalog
from gradscope.diagnosis.history import Snapshot
from gradscope.layout import Layout

LAYERS = tuple(f"net/dense_{i}" for i in range(1, 7))
KERNELS = tuple(f"{layer}/kernel" for layer in LAYERS)

MakeRun = Callable[..., Snapshot]


def make_run(
    steps: int = 100,
    info: Mapping[str, Any] | None = None,
    validation: Mapping[str, Any] | None = None,
    every: int = 1,
    **values: Any,
) -> Snapshot:
    """A run of six layers. values: statistic -> anything that broadcasts to [steps, L].

    every: optimizer steps from one record to the next.
    validation: metric -> its values, spread evenly over the steps. Statistics per class have as
    many classes as the last axis of what is given.

    What is not given is that of a healthy training: a falling, slightly noisy loss, gradients of
    1e-1, updates of 1e-3 of the weights.
    """
    noise = np.random.default_rng(0).lognormal(0.0, 0.05, size=(steps, 1))
    columns = np.random.default_rng(1).lognormal(0.0, 0.3, size=(steps, len(KERNELS)))
    healthy: dict[str, Any] = {
        "loss": 2.0 * np.exp(-3 * np.arange(steps) / max(steps, 1))[:, None] * noise,
        "grad_norm": 0.1 * columns,
        "weight_norm": 5.0,
        "update_norm": 5e-3,
        "update_ratio": 1e-3,
        "nonfinite_count": 0.0,
        "activation_mean": 0.1,
        "activation_rms": 1.0,
        "activation_grad_norm": 0.01,
        "input_max_abs": 3.0,
        "loss_scale": 1.0,
        "learning_rate": 1e-2,
        "global_grad_norm": 0.25 * noise,
    }
    given = {key: value for key, value in {**healthy, **values}.items() if value is not None}
    names = {"variable": KERNELS, "layer": LAYERS}
    layout = Layout(
        {
            s.name: _classes(given[s.name]) if s.per == "class" else names.get(s.per, (s.name,))
            for s in catalog.STATISTICS
            if s.name in given
        }
    )
    rows = np.zeros((steps, layout.slots), np.float32)
    with np.errstate(over="ignore"):
        for name, value in given.items():
            rows[:, layout.where(name)] = value
    figures = {
        metric: (np.linspace(0, steps - 1, len(points)).astype(np.int64), np.asarray(points, float))
        for metric, points in (validation or {}).items()
    }
    return Snapshot(layout, every * np.arange(steps, dtype=np.int64), rows, info or {}, figures)


def _classes(values: Any) -> tuple[str, ...]:
    shape = np.shape(values)
    return tuple(str(i) for i in range(shape[-1] if shape else 1))


@pytest.fixture(name="make_run")
def _make_run() -> MakeRun:
    return make_run
