"""Where to look for a verdict: the statistic that shows it, and the row of it that is meant."""

import re
from collections.abc import Sequence

from gradscope.catalog import BY_NAME
from gradscope.causes import BY_SLUG
from gradscope.records import RunView, Verdict

_CALL_OR_OUTPUT = re.compile(r"(@\d+|\[\d+\])+$")
"""What a path ends with that names a layer's second call or output."""


def where_to_look(run: RunView, verdict: Verdict) -> tuple[str | None, str | None]:
    """(statistic, name): what to show for a verdict.

    statistic: that of the verdict's cause; where the run doesn't record it or lacks the layer in
        it, the gradient norm; where the whole step is meant or there are no gradients, the loss.
        None where the run records none of these.
    name: the row of it that the verdict's layer means; None where it means none, and for
        statistics of the whole step.
    """
    cause = BY_SLUG.get(verdict.cause)
    shows = cause.shows if cause else "loss"
    if shows in run.statistics:
        name = row_of(verdict.layer, run.names(shows))
        if name is not None or verdict.layer is None or _of_the_step(shows):
            return shows, None if _of_the_step(shows) else name
    if verdict.layer is not None and "grad_norm" in run.statistics:
        name = row_of(verdict.layer, run.names("grad_norm"))
        if name is not None:
            return "grad_norm", name
    fallbacks = (shows, "loss", "grad_norm")
    return next((one for one in fallbacks if one in run.statistics), None), None


def row_of(path: str | None, names: Sequence[str]) -> str | None:
    """The row that a layer or variable means: itself, else the first below, else its owner.

    >>> row_of("net/dense", ("net/dense/kernel", "net/dense/bias"))
    'net/dense/kernel'
    >>> row_of("net/dense/kernel", ("net/dense", "net/last"))
    'net/dense'
    >>> row_of("net/other", ("net/dense", "net/last")) is None
    True
    """
    if not path:
        return None
    present = frozenset(names)
    layer = _CALL_OR_OUTPUT.sub("", path)
    for own in (path, layer):
        if own in present:
            return own
        if below := _first_below(own, names):
            return below
    owner = layer.rpartition("/")[0]
    while owner and owner not in present:
        owner = owner.rpartition("/")[0]
    return owner or None


def _first_below(path: str, names: Sequence[str]) -> str | None:
    return next((name for name in names if name.startswith(f"{path}/")), None)


def _of_the_step(statistic: str) -> bool:
    entry = BY_NAME.get(statistic)
    return entry is not None and entry.per == "step"
