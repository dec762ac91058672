"""Parameters of a request, checked: what can't be meant is said with what was got and expected."""

import re
from collections.abc import Sequence
from typing import Protocol

from gradscope.tensorboard.answers import DEFAULT_COLUMNS, Window

MOST_COLUMNS = 4096
"""As wide as the widest of common screens in pixels."""

MOST_ROWS = 64
"""Rows named one by one; more lines than that nobody tells apart."""

_MOST_CHARACTERS = 4096
"""Of a name: the longest path that common systems have, and a run's name is one."""

_MOST_SHOWN = 80
"""Characters of a bad value that the message repeats."""

_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
"""A number that fits int64 whatever its digits."""


class BadRequestError(Exception):
    """A parameter that can't be meant; the message says what was got and expected."""


class Arguments(Protocol):
    """The arguments of a request, of which each may be given several times."""

    def getlist(self, key: str) -> Sequence[str]:
        """All values of one name."""
        ...


def text(arguments: Arguments, name: str) -> str:
    """The value of a parameter that must be there, and is a name.

    Raises BadRequestError where it is missing, empty, too long or there twice.
    """
    value = _single(arguments, name)
    if not value:
        raise BadRequestError(
            f"{name}: got nothing. Expected a name: add {name}=... to the address."
        )
    if len(value) > _MOST_CHARACTERS:
        raise BadRequestError(
            f"{name}: got {len(value)} characters. Expected at most {_MOST_CHARACTERS}."
        )
    return value


def window(arguments: Arguments) -> Window:
    """The part of a statistic that a request asks for.

    Raises BadRequestError where a parameter can't be meant. Rows are not yet compared with
    those that there are; see `check_rows`.
    """
    first = _number(arguments, "first", 0, None)
    last = _number(arguments, "last", 0, None)
    if first is not None and last is not None and first > last:
        raise BadRequestError(
            f"first, last: got {first} and {last}. Expected the first step not to come after "
            "the last: swap them."
        )
    columns = _number(arguments, "columns", 1, MOST_COLUMNS)
    band = _number(arguments, "band", 0, 1)
    return Window(first, last, columns or DEFAULT_COLUMNS, _rows(arguments), band == 1)


def check_rows(asked: Window, count: int) -> None:
    """Nothing where all rows that are asked for are among the `count` that there are.

    Raises BadRequestError otherwise.
    """
    beyond = [row for row in asked.rows or () if row >= count]
    if beyond:
        raise BadRequestError(
            f"rows: got {beyond[0]}. Expected indices from 0 to {count - 1}: the statistic has "
            f"{count} rows in this run."
        )


def _rows(arguments: Arguments) -> tuple[int, ...] | None:
    value = _single(arguments, "rows")
    if value is None:
        return None
    parts = value.split(",", MOST_ROWS)
    if len(parts) > MOST_ROWS:
        raise BadRequestError(
            f"rows: got more than {MOST_ROWS} indices. Expected at most that many; leave rows "
            "out to get all rows."
        )
    for part in parts:
        if not _DIGITS.fullmatch(part):
            raise BadRequestError(
                f"rows: got {_shown(value)}. Expected comma-separated indices, as 0,3,4."
            )
    return tuple(map(int, parts))


def _number(arguments: Arguments, name: str, least: int, most: int | None) -> int | None:
    value = _single(arguments, name)
    if value is None:
        return None
    allowed = f"from {least} to {most}" if most is not None else f"of {least} or more"
    if (
        not _DIGITS.fullmatch(value)
        or int(value) < least
        or (most is not None and int(value) > most)
    ):
        raise BadRequestError(f"{name}: got {_shown(value)}. Expected a whole number {allowed}.")
    return int(value)


def _single(arguments: Arguments, name: str) -> str | None:
    values = arguments.getlist(name)
    if len(values) > 1:
        raise BadRequestError(f"{name}: got {len(values)} values. Expected one: remove the others.")
    return values[0] if values else None


def _shown(value: str) -> str:
    short = value if len(value) <= _MOST_SHOWN else value[:_MOST_SHOWN] + "…"
    return repr(short)
