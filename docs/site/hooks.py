"""What the site has beside the pages of docs/: hooks of MkDocs.

The pages link to each other and to the code as GitHub shows them, relative to the file. Two things
lie outside docs/: README.md, which becomes the first page, and code, which gets a page of its own
where a page links to it. The reference of the command line is asked of its parser.
"""

import argparse
import os
import re
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
HOME = "README.md"
COMMANDS = "<!-- commands -->"
"""Where reference/command-line.md wants the help of each command."""

WIDTH = 88
"""Of the help, in columns: what a code block of the theme shows without a scroll bar."""

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Adds the page of each cause to the navigation, family by family."""
    from gradscope.causes import CAUSES

    for entry in config.nav or []:
        if "Causes" in entry:
            for family in dict.fromkeys(cause.family for cause in CAUSES):
                pages = [c.page.removeprefix("docs/") for c in CAUSES if c.family == family]
                entry["Causes"].append({family.capitalize(): pages})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds README.md as the first page, and each file outside docs/ that a page links to."""
    home = (ROOT / HOME).read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=home))
    outside = set(_outside_links(home, HOME))
    for page in files.documentation_pages():
        if page.src_uri != "index.md":
            outside |= set(_outside_links(page.content_string, f"docs/{page.src_uri}"))
    for path in sorted(outside):
        files.append(File.generated(config, _page_of(path), content=_source_page(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Turns links that leave docs/ to where they lead on the site; fills in the command line."""
    if COMMANDS in markdown:
        markdown = markdown.replace(COMMANDS, command_line())
    home = page.file.src_uri == "index.md"
    if page.file.src_uri.startswith("source/"):
        return markdown
    here = HOME if home else f"docs/{page.file.src_uri}"

    def turned(link: re.Match[str]) -> str:
        path = normpath(f"{dirname(here)}/{link[1]}" if dirname(here) else link[1])
        anchor = link[2] or ""
        if path == HOME:
            target = "index.md"
        elif path in _outside_links(link[0], here):
            target, anchor = _page_of(path), ""
        elif path.startswith("docs/"):
            target = path.removeprefix("docs/")
        else:
            return link[0]
        return f"]({relpath(target, dirname(page.file.src_uri) or '.')}{anchor})"

    return LINK.sub(turned, markdown)


def _outside_links(markdown: str, here: str) -> list[str]:
    """The files of the repository, but no pages of the site, that a page links to."""
    paths = [normpath(os.path.join(dirname(here), link[1])) for link in LINK.finditer(markdown)]
    return [
        path
        for path in paths
        if (ROOT / path).is_file()
        and path != HOME
        and (not path.startswith("docs/") or path.endswith(".py"))
    ]


def _page_of(path: str) -> str:
    """Where the site shows a file of the repository."""
    return f"source/{path.removesuffix('.md')}.md"


def _source_page(path: str) -> str:
    """A file of the repository as a page."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".md"):
        return text
    language = {".py": "python"}.get(Path(path).suffix, "text")
    return f"---\nsearch:\n  exclude: true\n---\n\n# {path}\n\n````{language}\n{text}\n````\n"


def command_line() -> str:
    """Markdown with the help of `gradscope` and of each command, as its parser prints it."""
    from gradscope.cli.main import build_parser

    os.environ["COLUMNS"] = str(WIDTH + 2)  # argparse leaves two columns free
    parser = build_parser()
    parts = [_help_of(parser)]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                parts.append(f"## gradscope {name}\n\n{_help_of(command)}")
    return "\n\n".join(parts)


def _help_of(parser: argparse.ArgumentParser) -> str:
    return f"```text\n{parser.format_help().rstrip()}\n```"
