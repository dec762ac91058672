"""Which cause a word on the command line means."""

import difflib
import re

from gradscope.causes import BY_SLUG, Cause
from gradscope.errors import UsageError

_NEAR = 3
"""Causes that are offered for one that is misspelt."""


def _words(cause: Cause) -> set[str]:
    """The words of a cause's meaning, in lower case."""
    return set(re.findall(r"\w+", cause.meaning.lower()))


def slug_of(typed: str) -> str:
    """The slug of a cause; upper case and blanks or underscores for hyphens are forgiven.

    Raises UsageError, with near matches, where no cause is called so.

    >>> slug_of("Vanishing gradient")
    'vanishing-gradient'
    """
    slug = "-".join(re.split(r"[\s_-]+", typed.strip().lower()))
    if slug in BY_SLUG:
        return slug
    near = difflib.get_close_matches(slug, BY_SLUG, n=_NEAR, cutoff=0.5)
    near = near or [known for known in BY_SLUG if slug and slug in known][:_NEAR]
    near = near or [known for known, cause in BY_SLUG.items() if slug in _words(cause)][:_NEAR]
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UsageError(f"no cause is called {typed!r}.{meant} All causes: {', '.join(BY_SLUG)}.")
