"""Which variables stand for a net, and what to call them where room is short."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

_NOT_KERNELS = frozenset({"bias", "beta", "gamma", "scale", "offset", "alpha", "b"})


def kernel_columns(paths: Sequence[str], info: Mapping[str, Any]) -> tuple[int, ...]:
    """The places of the variables with two axes or more; of all where there are none.

    paths: of variables.
    info: the facts of `Start.info`, with the shapes; a variable without one is judged by its
        name.

    Biases start at 0 and have norms of another scale, so a spread over both says little.

    >>> kernel_columns(["dense/kernel", "dense/bias"], {})
    (0,)
    >>> kernel_columns(["net/w", "net/c"], {"variables": {"net/w": {"shape": [3, 4]}}})
    (0, 1)
    """
    facts = _mapping(info.get("variables"))
    found = [i for i, path in enumerate(paths) if _is_kernel(path, _mapping(facts.get(path)))]
    return tuple(found) if found else tuple(range(len(paths)))


def row_names(paths: Sequence[str]) -> list[str]:
    """The paths without the parts that all of them begin with, and without a last one of all.

    >>> row_names(["net/first/kernel", "net/last/kernel"])
    ['first', 'last']
    >>> row_names(["net/first/kernel", "net/first/bias"])
    ['kernel', 'bias']
    """
    parts = [path.split("/") for path in paths]
    if len({part[-1] for part in parts}) == 1 and all(len(part) > 1 for part in parts):
        parts = [part[:-1] for part in parts]
    while all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    return ["/".join(part) for part in parts]


def _is_kernel(path: str, facts: Mapping[str, Any]) -> bool:
    shape = facts.get("shape")
    if isinstance(shape, list | tuple):
        return len(cast("list[Any]", shape)) >= 2
    # Of two variables of one path the second is named "path#2".
    return path.rpartition("/")[2].partition("#")[0] not in _NOT_KERNELS


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
