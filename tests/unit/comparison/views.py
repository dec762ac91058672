"""Runs in memory for comparisons: a small training that is made of formulas and seeded noise."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradscope.records import Verdict

LAYERS = ("net/one", "net/two", "net/out")
KERNELS = tuple(f"{layer}/kernel" for layer in LAYERS)


class View:
    """A `records.RunView` of given arrays: statistic -> name -> float[S]."""

    def __init__(
        self,
        columns: Mapping[str, Mapping[str, Any]],
        steps: Sequence[int],
        info: Mapping[str, Any] | None = None,
        verdicts: tuple[Verdict, ...] = (),
    ) -> None:
        self._columns = columns
        self.steps = np.array(steps, np.int64)
        self.info = info or {}
        self.validation = {}
        self.verdicts = verdicts

    @property
    def statistics(self):
        return tuple(self._columns)

    def names(self, statistic):
        return tuple(self._columns.get(statistic, ()))

    def series(self, statistic):
        columns = list(self._columns[statistic].values())
        return self.steps, np.array(columns, np.float32).reshape(len(columns), -1).T

    def kept(self, steps: Sequence[int]) -> "View":
        """The same run with only some steps recorded."""
        rows = np.searchsorted(self.steps, steps)
        columns = {
            statistic: {name: np.asarray(values)[rows] for name, values in named.items()}
            for statistic, named in self._columns.items()
        }
        return View(columns, steps, self.info, self.verdicts)

    def changed(self, statistic: str, name: str, change: Any, since: int = 0) -> "View":
        """The same run but for one row, from the place `since` on: change(values) -> values."""
        columns = {key: dict(named) for key, named in self._columns.items()}
        values = np.array(columns[statistic][name], np.float32)
        values[since:] = change(values[since:])
        columns[statistic][name] = values
        return View(columns, self.steps, self.info, self.verdicts)

    def renamed(self, change: Any) -> "View":
        """The same run with other names: change(name) -> name."""
        columns = {
            statistic: {change(name): values for name, values in named.items()}
            for statistic, named in self._columns.items()
        }
        info = dict(self.info)
        for section in ("variables", "layers", "regularizers", "dropout"):
            if section in info:
                info[section] = {change(name): facts for name, facts in info[section].items()}
        return View(columns, self.steps, info, self.verdicts)


def training(
    seed: int = 0, steps: int = 100, rate: float = 0.1, info: Mapping[str, Any] | None = None
) -> View:
    """A healthy training: a falling loss, noisy gradients, ten classes, batches of 32.

    The seed draws the first weights, the noise and how fast it learns.
    """
    rng = np.random.default_rng(seed)
    pace = rng.uniform(0.8, 1.25)
    loss = 2.3 * np.exp(-3 * pace * np.arange(steps) / 100)

    def noisy(size: Any, sigma: float) -> Any:
        return size * rng.lognormal(0, sigma, steps)

    scale = {name: rng.lognormal(0, 0.1) for name in KERNELS}
    counts = rng.multinomial(32, [0.1] * 10, size=steps) / 32
    return View(
        {
            "grad_norm": {name: noisy(0.3 * scale[name] * loss**0.5, 0.3) for name in KERNELS},
            "weight_norm": {
                name: 6 * scale[name] ** 0.1 + 0.01 * np.cumsum(loss) for name in KERNELS
            },
            "update_ratio": {
                name: noisy(rate * 0.05 * scale[name] * loss**0.5, 0.3) for name in KERNELS
            },
            "activation_rms": {name: noisy(0.5, 0.05) for name in LAYERS},
            "class_share": {str(k): counts[:, k] for k in range(10)},
            "loss": {"loss": noisy(loss, 0.1)},
            "learning_rate": {"learning_rate": np.full(steps, rate)},
            "batch_size": {"batch_size": np.full(steps, 32.0)},
            "input_mean": {"input_mean": rng.normal(0.3, 0.01, steps)},
            "input_std": {"input_std": rng.normal(0.37, 0.01, steps)},
            "input_max_abs": {"input_max_abs": np.ones(steps)},
            "label_entropy": {"label_entropy": rng.normal(2.15, 0.05, steps)},
            "target_mean": {"target_mean": np.full(steps, np.nan)},
        },
        range(steps),
        facts() if info is None else info,
    )


def facts(**changes: Any) -> dict[str, Any]:
    """The facts of a run, as `Scope` writes them."""
    return {
        "versions": {"gradscope": "0.1.0", "tensorflow": "2.21.0"},
        "devices": ["/device:CPU:0"],
        "model": {"name": "net", "class": "Sequential"},
        "variables": {
            name: {
                "shape": [64, 32],
                "dtype": "float32",
                "initial": {"mean": 0.0, "std": 0.14, "max_abs": 0.25},
            }
            for name in KERNELS
        },
        "unconnected": [],
        "layers": {name: {"class": "Dense", "activation": "relu", "units": 32} for name in LAYERS},
        "optimizers": [{"class": "SGD", "momentum": 0.0}],
        "objective": {"loss": "sparse_categorical_crossentropy", "kind": "sparse", "classes": 10},
        "regularizers": {},
        "dropout": {},
        "compute_dtype": "float32",
        "scope": {"every": 1},
    } | changes
