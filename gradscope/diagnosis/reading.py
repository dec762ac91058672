"""What rules read from a run: aligned series, kernels in depth order, the onset of a condition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gradscope.records import RunView

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]

NOT_KERNELS = frozenset(
    {"bias", "beta", "gamma", "scale", "offset", "alpha", "b"}
    | {"embeddings", "position_embeddings", "moving_mean", "moving_variance"}
)
"""Last parts of variable paths that are no kernel. Embedding tables are among them: the norm of
their gradient follows the number of rows that a batch touches, not the depth."""


@dataclass(frozen=True)
class Series:
    """One statistic over the recorded steps.

    names: the L names; steps: int64[S] ascending; values: float64[S, L].
    """

    names: tuple[str, ...]
    steps: Steps
    values: Floats

    def __len__(self) -> int:
        return len(self.steps)

    def at(self, steps: Steps) -> Floats:
        """float64[len(steps), L], NaN at steps that this series lacks."""
        values = np.full((len(steps), self.values.shape[1]), np.nan)
        if len(self.steps) and len(steps):
            where = np.clip(np.searchsorted(self.steps, steps), 0, len(self.steps) - 1)
            found = self.steps[where] == steps
            values[found] = self.values[where[found]]
        return values


def read(run: RunView, statistic: str) -> Series:
    """The statistic's series; of no steps and no names where the run doesn't record it."""
    names = tuple(run.names(statistic)) if statistic in run.statistics else ()
    if not names:
        return Series((), np.zeros(0, np.int64), np.zeros((0, 0)))
    steps, values = run.series(statistic)
    steps, values = np.asarray(steps, np.int64), np.asarray(values, np.float64)
    # A resumed run repeats steps: the last record of a step is the one that counts.
    steps, last = np.unique(steps[::-1], return_index=True)
    return Series(names, steps, values.reshape(-1, len(names))[::-1][last])


def scalar(run: RunView, statistic: str, steps: Steps) -> Floats:
    """float64[len(steps)] of a statistic per step; NaN where it isn't recorded."""
    values = read(run, statistic).at(steps)
    return values[:, 0] if values.shape[1] else np.full(len(steps), np.nan)


def recorded_steps(run: RunView) -> Steps:
    """All steps at which anything was recorded, ascending."""
    steps = [run.series(statistic)[0] for statistic in run.statistics if run.names(statistic)]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *steps])).astype(np.int64)


def log10(values: Floats) -> Floats:
    """log10 of the values; NaN where they are not positive and finite."""
    good = np.isfinite(values) & (values > 0)
    return np.log10(np.where(good, values, np.nan))


def medians(values: Floats, axis: int) -> Floats:
    """Medians of the finite values along an axis of a matrix; NaN where there is none."""
    rows = values if axis == 1 else values.T
    some = np.isfinite(rows).any(axis=1)
    result = np.full(len(rows), np.nan)
    if some.any():
        finite = np.where(np.isfinite(rows[some]), rows[some], np.nan)
        result[some] = np.nanmedian(finite, axis=1)
    return result


def kernels(run: RunView) -> list[int]:
    """The columns of `grad_norm` that are kernels, from the input's side to the output's.

    A kernel is a variable that is no bias, scale or embedding by its name and, where
    `info["variables"][path]["shape"]` says so, has two axes or more. Depth is the order in which
    the layers were called, where the run records activations of all of them; else the order in
    which the variables were made.
    """
    paths = run.names("grad_norm") if "grad_norm" in run.statistics else ()
    facts = _mapping(run.info.get("variables"))
    columns = [i for i, path in enumerate(paths) if _is_kernel(path, _mapping(facts.get(path)))]
    layers = run.names("activation_rms") if "activation_rms" in run.statistics else ()
    places = [_place(paths[i], layers) for i in columns]
    if columns and None not in places:
        columns = [i for _, i in sorted(zip(places, columns, strict=True))]
    return columns


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _is_kernel(path: str, facts: Mapping[str, Any]) -> bool:
    shape = facts.get("shape")
    if isinstance(shape, list | tuple) and len(cast(list[Any], shape)) < 2:
        return False
    # Of two variables of one path the second is named "path#2".
    return path.rsplit("/", 1)[-1].split("#")[0] not in NOT_KERNELS


def _place(variable: str, layers: tuple[str, ...]) -> int | None:
    """The place of the layer whose path leads the variable's path furthest, or None."""
    owners = [
        (len(layer), -i) for i, layer in enumerate(layers) if variable.startswith(layer + "/")
    ]
    return -max(owners)[1] if owners else None


def onset(flags: NDArray[np.bool_], share: float) -> int | None:
    """The first index from which on the flags hold to the end, save for a share of exceptions.

    None where they don't hold at the end: a condition that has passed.

    >>> onset(np.array([True, False, True, True, True]), share=0.9)
    2
    """
    if not len(flags):
        return None
    counts = np.cumsum(flags[::-1])[::-1]
    holds = flags & (counts >= share * np.arange(len(flags), 0, -1))
    # Holding at the end is asked of the last steps, too: a long past must not outvote them.
    recent = flags[-max(1, len(flags) // 10) :]
    if not holds.any() or recent.mean() < share:
        return None
    return int(np.argmax(holds))
