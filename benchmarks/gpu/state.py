"""Initial values of a step: stored, or as a recipe that gives the same numbers on any machine.

The weights of a large model are too many to carry about. Their recipe is a uniform distribution
with the mean and deviation that the initializer gave them, drawn from a seed: the export draws it
for its own CPU run, and the replay draws it again. Uniform, since it takes additions and products
alone, which every machine rounds alike; a logarithm may differ in its last digit.
"""

import hashlib
import math
import zlib
from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Recipe = dict[str, Any]

SMALL = 4096
"""Elements. Tensors up to here are stored as they are."""


class StateError(Exception):
    """A recipe gives other numbers here than it gave at the export."""


def recipe(name: str, value: Array, stored: MutableMapping[str, Array], exact: bool) -> Recipe:
    """How to make the value again; one that is kept as it is is put into `stored`.

    name: of the tensor; equal names in several programs share a seed.
    value: of any shape; bool, integer or float.
    stored: key -> array; equal values share a key.
    exact: store all but constants.
    """
    if value.size and bool((value == value.flat[0]).all()):
        return {"kind": "constant", "value": value.flat[0].item()}
    if exact or value.size <= SMALL or value.dtype == np.bool_:
        key = hashlib.sha256(value.tobytes()).hexdigest()[:16] + f"_{value.dtype}"
        stored[key] = value
        return {"kind": "stored", "key": key}
    seed = zlib.crc32(name.encode())
    found: Recipe
    if np.issubdtype(value.dtype, np.integer):
        low, high = int(value.min()), int(value.max())
        found = {"kind": "integers", "seed": seed, "low": low, "high": high}
    else:
        mean, std = (float(np.float32(x)) for x in (value.mean(), value.std()))
        found = {"kind": "uniform", "seed": seed, "mean": mean, "std": std}
    drawn = _draw(found, value.shape, value.dtype)
    return {**found, "crc32": zlib.crc32(drawn.data)}


def values(found: Recipe, shape: tuple[int, ...], dtype: Any, stored: Mapping[str, Array]) -> Array:
    """The array of a recipe.

    Raises StateError where this NumPy draws other numbers than the one that wrote the recipe, or
    where a stored array is missing or has another shape.
    """
    if found["kind"] == "constant":
        return np.full(shape, found["value"], dtype)
    if found["kind"] == "stored":
        kept = stored.get(found["key"])
        if kept is None or kept.shape != shape or kept.dtype != np.dtype(dtype):
            raise StateError(
                f"state: expected an array {found['key']} of shape {shape} and type {dtype} in "
                f"state.npz, got {'none' if kept is None else kept.shape}. Export again."
            )
        return kept
    drawn = _draw(found, shape, dtype)
    if zlib.crc32(drawn.data) != found["crc32"]:
        raise StateError(
            f"state: NumPy {np.__version__} draws other numbers from seed {found['seed']} than the "
            "one that exported. Export again with --state exact, or use the NumPy that the "
            "manifest names."
        )
    return drawn


def _draw(found: Recipe, shape: tuple[int, ...], dtype: Any) -> Array:
    rng = np.random.default_rng(found["seed"])
    if found["kind"] == "integers":
        return rng.integers(found["low"], found["high"], shape, dtype, endpoint=True)
    drawn = rng.random(shape, np.float32)
    drawn -= np.float32(0.5)
    drawn *= np.float32(found["std"] * math.sqrt(12))
    drawn += np.float32(found["mean"])
    return drawn.astype(dtype, copy=False)
