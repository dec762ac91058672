r"""Text of a run as it may stand in a terminal or in Markdown: names come from users and strangers.

An escape sequence in a layer's name could recolour the terminal, rewrite what stands above it or
set the window's title; a direction mark could turn the rest of the line around.
"""

import re

# C0 but tab and line feed, DEL, C1, marks and overrides of direction, halves of surrogate pairs
_ORDERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""The text with a Python escape in place of each character that is an order to a terminal.

    Line breaks and tabs stay.

    >>> print(printable("dense\x1b[31m/kernel"))
    dense\x1b[31m/kernel
    """
    return _ORDERS.sub(lambda found: ascii(found[0])[1:-1], text)


def in_one_line(text: str) -> str:
    """The same without line breaks: every stretch of white space is a blank."""
    return printable(" ".join(text.split()))


def in_code(name: str) -> str:
    """A name as code in Markdown, which a backtick in it does not end.

    >>> in_code("dense/kernel"), in_code("a`b")
    ('`dense/kernel`', '`` a`b ``')
    """
    name = in_one_line(name)
    ticks = longer_than(name)
    return f"{ticks} {name} {ticks}" if "`" in name else f"`{name}`"


def longer_than(text: str, ticks: str = "`") -> str:
    """So many backticks, `ticks` at least, as stand nowhere in a text."""
    while ticks in text:
        ticks += "`"
    return ticks
