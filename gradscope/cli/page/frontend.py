"""The tab's frontend inlined: its modules as an import map of data: URLs, its styles as text.

A module in a data: URL has no address that `./other.js` could be relative to, so each relative
import becomes the bare name `gradscope/other.js`, which the import map leads to its data: URL.
"""

import base64
import json
import re
from pathlib import Path

import gradscope.tensorboard
from gradscope.errors import UsageError

STATIC = Path(gradscope.tensorboard.__file__).parent / "static"
ENTRY = "index.js"
SHEETS = ("vendor-uplot.css", "style.css", "views.css")
"""In the order in which the tab loads them."""

_BARE = "gradscope/"
_IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])\./([\w.-]+\.js)\2""")


def import_map() -> str:
    """The JSON of an import map that holds every module that the entry needs.

    Raises UsageError where the installation lacks a module.
    """
    modules: dict[str, str] = {}
    waiting = [ENTRY]
    while waiting:
        name = waiting.pop()
        if name in modules:
            continue
        modules[name] = _read(name)
        waiting += [found[2] for found in _IMPORT.findall(modules[name])]
    urls = {_BARE + name: _data_url(source) for name, source in sorted(modules.items())}
    return json.dumps({"imports": urls})


def entry_import() -> str:
    """The module name under which the page imports the entry."""
    return _BARE + ENTRY


def styles() -> str:
    r"""The tab's style sheets as one text.

    Raises UsageError where the installation lacks one.
    """
    # a sheet could only end its element by a slip of ours; CSS has no other way to write it
    return "\n".join(_read(name) for name in SHEETS).replace("</", r"<\/")


def _data_url(source: str) -> str:
    bare = _IMPORT.sub(rf"\1\2{_BARE}\3\2", source)
    return "data:text/javascript;base64," + base64.b64encode(bare.encode()).decode("ascii")


def _read(name: str) -> str:
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"this installation lacks {name} of the TensorBoard tab, of which the page is made: "
            f"{error.strerror}. Install gradscope anew."
        ) from error
