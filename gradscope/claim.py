"""One writer for a log directory at a time."""

import os
import threading
from pathlib import Path
from typing import IO

from gradscope.errors import LogdirError

try:
    import fcntl
except ImportError:  # Windows: then only scopes of this process are told apart.
    fcntl = None  # type: ignore[assignment]

_LOCK_NAME = ".gradscope-writer"
_held: set[str] = set()
_guard = threading.Lock()


class Claim:
    """The right to write to a directory, held until `release`; the system ends it with the process.

    directory: made where it doesn't exist.

    Raises LogdirError where it can't be made or written, or where another scope holds it.
    """

    def __init__(self, directory: str) -> None:
        self._file: IO[str] | None = None
        if "://" in directory:
            raise LogdirError(
                f"Scope: the log directory {directory!r} is on a remote file system, which "
                "gradscope can't read back yet. Write to a local directory and copy it there."
            )
        self._key = str(Path(directory).resolve())
        with _guard:
            if self._key in _held:
                raise LogdirError(_taken(directory, "in this process"))
            self._file = _lock(directory)
            _held.add(self._key)

    def release(self) -> None:
        """Lets others write; may be called twice."""
        with _guard:
            _held.discard(self._key)
            if self._file is not None:
                self._file.close()
                self._file = None


def _lock(directory: str) -> IO[str]:
    path = os.path.join(directory, _LOCK_NAME)
    try:
        os.makedirs(directory, exist_ok=True)
        file = open(path, "w", encoding="utf-8")  # noqa: SIM115 (open as long as the claim)
    except OSError as error:
        raise LogdirError(
            f"Scope: the log directory {directory!r} can't be written: {error.strerror or error}. "
            "Choose a directory that you may create and write to."
        ) from error
    if fcntl is None:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise LogdirError(_taken(directory, "in another process")) from None
    except OSError:
        pass  # A file system without locks: the check within this process still holds.
    return file


def _taken(directory: str, where: str) -> str:
    return (
        f"Scope: another scope {where} is writing to {directory!r}. Give each run a log directory "
        "of its own, or close the other scope first."
    )
