"""How the reference reads this project's docstrings: an extension of griffe.

They are written to be read in an editor: arguments stand as `name: what it is`, examples as bare
doctests. griffe wants a section for the one and a fence for the other.
"""

import re
from typing import Any

import griffe

ARGUMENT = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<text>.*)")
EXAMPLE = ">>> "


class HouseStyle(griffe.Extension):
    """Gives each docstring the sections that griffe reads, before it reads them."""

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """A dataclass names its fields where other classes name the arguments of `__init__`."""
        _rewrite(cls, {parameter.name for parameter in cls.parameters} - {"self"})

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """Arguments are arguments."""
        _rewrite(func, {parameter.name.lstrip("*") for parameter in func.parameters})

    def on_module(self, *, mod: griffe.Module, **kwargs: Any) -> None:
        """Modules only have examples."""
        _rewrite(mod, set())


def _rewrite(thing: griffe.Object, names: set[str]) -> None:
    if thing.docstring is not None:
        thing.docstring.value = rewritten(thing.docstring.value, names)


def rewritten(text: str, names: set[str]) -> str:
    r"""A docstring with an `Args:` section for the given names and fences around its doctests.

    >>> print(rewritten("The sum.\n\na, b: numbers,\n    both.", {"a", "b"}))
    The sum.
    <BLANKLINE>
    Args:
        a: numbers, both.
        b: numbers, both.
    """
    before: list[str] = []
    arguments: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        entries = _arguments(paragraph, names)
        if entries:
            if not arguments:
                before.append("Args:")
            arguments += entries
        elif paragraph.startswith(EXAMPLE):
            before.append(f"```pycon\n{paragraph}\n```")
        else:
            before.append(paragraph)
    section = "Args:\n" + "\n".join(f"    {entry}" for entry in arguments)
    return "\n\n".join(section if part == "Args:" else part for part in before)


def _arguments(paragraph: str, names: set[str]) -> list[str]:
    """One "name: text" for each argument of a paragraph that has nothing else; else none."""
    entries: list[tuple[list[str], str]] = []
    for line in paragraph.splitlines():
        found = ARGUMENT.match(line)
        if found and set(found["names"].split(", ")) <= names:
            entries.append((found["names"].split(", "), found["text"]))
        elif entries and line.startswith("    "):
            before, text = entries[-1]
            entries[-1] = before, f"{text} {line.strip()}"
        else:
            return []
    return [f"{name}: {text}" for group, text in entries for name in group]
