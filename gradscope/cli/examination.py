"""A line of `gradscope doctor`, fit to be shown to strangers."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 300
"""Characters of a message of others: an error of XLA's fills a screen."""


@dataclass(frozen=True)
class Line:
    """One thing that was looked at.

    name: what.
    ok: False for a problem, None where it was not looked at, or where there is nothing to judge.
    figure: what was found.
    advice: what to do about a problem, or "".
    """

    name: str
    ok: bool | None
    figure: str
    advice: str = ""


def fit_to_show(message: str) -> str:
    """A message on one line, shortened, with `~` for the home directory and PREFIX for Python's.

    >>> fit_to_show(f"can't open {sys.prefix}/lib/x.so   in line 3")
    "can't open PREFIX/lib/x.so in line 3"
    """
    text = " ".join(message.split())
    for path, sign in ((sys.prefix, "PREFIX"), (sys.base_prefix, "PREFIX"), (_home(), "~")):
        if len(path) > 1:
            text = text.replace(path, sign)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        return os.sep
