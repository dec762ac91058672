"""The tab's own files, by exact name."""

from pathlib import Path

DIRECTORY = Path(__file__).parent / "static"

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Not from the mimetypes module, which on Windows believes the registry."""


def asset(name: str) -> tuple[bytes, str] | None:
    """(content, media type) of a file of the tab, or None where there is none of that name.

    name: relative to the directory, with slashes. It is looked up among the files that are
    there and never made a path of, so that it can't lead elsewhere.
    """
    for path in DIRECTORY.rglob("*"):
        if path.relative_to(DIRECTORY).as_posix() == name and path.suffix in _TYPES:
            return path.read_bytes(), _TYPES[path.suffix]
    return None
