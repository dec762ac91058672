"""`gradscope explain CAUSE`: the docs page of a cause, in the terminal."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

import gradscope
from gradscope.causes import BY_SLUG, CAUSES
from gradscope.cli.slugs import slug_of
from gradscope.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

NAME = "explain"
HELP = "what a cause means, how it is decided, and what to do; without one: all causes"
DESCRIPTION = (
    "Prints the page of a cause: what it means, how it is decided, what it is confused with, what "
    "to do. Without CAUSE it lists all causes. Needs no TensorFlow."
)

PAGES = ("cause_pages", "../docs/causes")
"""Where the pages are, from the package: put there by the wheel (pyproject.toml), or in a checkout
that is installed in editable form."""

_WIDEST = 100
"""Columns: longer lines are hard to read."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `explain`."""
    parser.add_argument("cause", metavar="CAUSE", nargs="?", help="a cause, as a verdict names it")


def run(arguments: argparse.Namespace) -> int:
    """0 once the page, or the list of all causes, is printed.

    Raises UsageError for an unknown cause.
    """
    from gradscope.cli.render import console

    out = console()
    out.width = min(out.width, _WIDEST)
    if arguments.cause is None:
        out.print(_list())
        out.print("gradscope explain CAUSE prints the page of one.")
        return 0
    from rich.markdown import Markdown

    out.print(Markdown(_without_local_links(page(arguments.cause)), hyperlinks=False))
    return 0


def page(cause: str) -> str:
    """The Markdown of a cause's page.

    cause: its slug; upper case and blanks or underscores for hyphens are forgiven.

    Raises UsageError where no cause is called so, or where the installation lacks its page.
    """
    slug = slug_of(cause)
    root = Path(gradscope.__file__).parent
    for place in PAGES:
        file = root / place / f"{slug}.md"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise UsageError(
        f"this installation lacks the page of {slug}: neither {root / PAGES[0]} nor "
        f"{(root / PAGES[1]).resolve()} has {slug}.md. Install gradscope anew. In one line, "
        f"{slug} is: {BY_SLUG[slug].meaning}."
    )


def _list() -> "Table":
    """All causes by family."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for family in dict.fromkeys(cause.family for cause in CAUSES):
        table.add_row(Text(f"{family}:", style="bold"))
        for cause in CAUSES:
            if cause.family == family:
                table.add_row(f"  {cause.slug}", cause.meaning)
    return table


def _without_local_links(text: str) -> str:
    """Links to neighbouring pages lead nowhere in a terminal: their text stays."""
    return re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]*\)", r"\1", text)
