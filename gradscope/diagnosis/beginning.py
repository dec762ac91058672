"""What a run began with: its first weights against the usual ones, and the signal they let pass."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from gradscope.diagnosis.facts import initial, mapping
from gradscope.diagnosis.reading import Floats, kernels, log10, read
from gradscope.records import RunView

CONSTANT = 1e-6
"""Share of the largest weight: a kernel whose standard deviation is below has equal weights. Some
ten times the resolution of float32 (1.2e-7), in which a mean is subtracted."""


@dataclass(frozen=True)
class Kernel:
    """A kernel before the first recorded step.

    name: its path. column: its column of `grad_norm`. fan_in, fan_out: inputs and outputs of a
    unit, as Glorot & Bengio 2010 count them. std: standard deviation of its weights. mean: theirs.
    constant: whether all its weights are equal. zero: whether all are 0.
    """

    name: str
    column: int
    fan_in: int
    fan_out: int
    std: float
    constant: bool
    zero: bool
    mean: float = 0.0

    @property
    def excess(self) -> float:
        """Decades by which the weights are above (or, negative, below) what initializers give.

        Their size is `std`, or |mean| √fan_in where that is larger: what weights of one sign pass
        on adds up over the inputs, not its squares.

        Those reach from LeCun's 1/√fan_in or Glorot's √(2/(fan_in + fan_out)), whichever is less,
        to He's √(2/fan_in). NaN for a constant kernel.
        """
        weight = max(self.std, abs(self.mean) * self.fan_in**0.5)
        if self.constant or not self.std > 0 or not np.isfinite(weight):
            return float("nan")
        least = min(1 / self.fan_in, 2 / (self.fan_in + self.fan_out))
        low, high = 0.5 * np.log10([least, 2 / self.fan_in])
        size = np.log10(weight)
        return float(size - np.clip(size, low, high))


def first_kernels(run: RunView) -> list[Kernel]:
    """The kernels from input to output; without those of which too little is known.

    A run that doesn't state its first weights is read from `weight_norm`, which tells a kernel of
    zeros, but no other constant.
    """
    names = read(run, "grad_norm").names
    shapes = mapping(run.info.get("variables"))
    found = [(column, _shape(mapping(shapes.get(names[column])))) for column in kernels(run)]
    known = [_kernel(run, names[column], column, shape) for column, shape in found if shape]
    return [kernel for kernel in known if kernel is not None]


def _kernel(run: RunView, name: str, column: int, shape: tuple[int, ...]) -> Kernel | None:
    facts = initial(run, name)
    mean = 0.0
    if {"mean", "std", "max_abs"} <= set(facts) and None not in facts.values():
        std, largest, mean = float(facts["std"]), float(facts["max_abs"]), float(facts["mean"])
        constant = std <= CONSTANT * largest
    else:
        weights = read(run, "weight_norm")
        if name not in weights.names or not len(weights):
            return None
        norm = float(weights.values[0, weights.names.index(name)])
        std = largest = norm / np.sqrt(np.prod(shape))
        constant = norm == 0
    if not np.isfinite(std) or not np.isfinite(largest):
        return None
    # Keras counts alike: all axes before the last two are the receptive field.
    field = int(np.prod(shape[:-2]))
    fan_in, fan_out = max(1, field * shape[-2]), max(1, field * shape[-1])
    return Kernel(name, column, fan_in, fan_out, std, constant, largest == 0, mean)


def _shape(facts: Any) -> tuple[int, ...]:
    """The shape of a variable of two axes or more, none of them empty; else ()."""
    shape = facts.get("shape")
    if not isinstance(shape, list | tuple) or len(cast(list[Any], shape)) < 2:
        return ()
    sizes = tuple(int(axis) for axis in cast(list[Any], shape))
    return sizes if all(size > 0 for size in sizes) else ()


def signal(run: RunView) -> Floats:
    """float64[layers]: decades of each output's size over the input's, at the first step.

    In the order of the calls. Over the first layer's output where the inputs' size isn't known,
    those of an embedding say. NaN where an output is 0 or not finite.
    """
    sizes = read(run, "activation_rms")
    if not len(sizes) or not sizes.values.shape[1]:
        return np.zeros(0)
    first = log10(sizes.values[:1])[0]
    given = np.hypot(_first(run, "input_mean"), _first(run, "input_std"))
    reference = float(log10(np.array([given]))[0])
    return first - (reference if np.isfinite(reference) else first[0])


def _first(run: RunView, statistic: str) -> float:
    values = read(run, statistic).values
    return float(values[0, 0]) if values.size else float("nan")
