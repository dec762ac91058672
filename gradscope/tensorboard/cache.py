"""Arrays that were read once, as long as they hold and there is room."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What knows how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """In bytes."""
        ...


T = TypeVar("T", bound=Sized)


class Cache(Generic[T]):
    """The values used last, of at most so many bytes together; for any number of threads.

    most_bytes: what is larger than that by itself is handed out, but not kept.

    >>> import numpy as np
    >>> cache = Cache[np.ndarray](most_bytes=100)
    >>> cache.get("a", stamp=1, make=lambda: np.zeros(2)).tolist()
    [0.0, 0.0]
    >>> cache.get("a", stamp=1, make=lambda: np.ones(2)).tolist()
    [0.0, 0.0]
    >>> cache.get("a", stamp=2, make=lambda: np.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Hashable, T]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        """What is kept now, in bytes."""
        return self._nbytes

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], T]) -> T:
        """The value kept under a key, or what `make` returns where none of this stamp is kept.

        Where several threads ask for one key at once, one of them makes it and the others wait.
        What `make` raises is raised, and nothing is kept.
        """
        with self._lock:
            found = self._find(key, stamp)
            if found is not None:
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                found = self._find(key, stamp)
            if found is None:
                try:
                    found = make()
                    with self._lock:
                        self._keep(key, stamp, found)
                finally:
                    with self._lock:
                        self._making.pop(key, None)
            return found

    def _find(self, key: Hashable, stamp: Hashable) -> T | None:
        entry = self._kept.get(key)
        if entry is None or entry[0] != stamp:
            return None
        self._kept.move_to_end(key)
        return entry[1]

    def _keep(self, key: Hashable, stamp: Hashable, value: T) -> None:
        if key in self._kept:
            self._nbytes -= self._kept.pop(key)[1].nbytes
        if value.nbytes > self._most_bytes:
            return
        self._kept[key] = (stamp, value)
        self._nbytes += value.nbytes
        while self._nbytes > self._most_bytes:
            self._nbytes -= self._kept.popitem(last=False)[1][1].nbytes
