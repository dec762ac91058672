"""The documentation site builds without a warning, is whole, and fetches nothing from elsewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

import gradscope
from gradscope.causes import CAUSES
from gradscope.cli.main import build_parser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a freshly built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    build = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    assert "WARNING" not in build.stderr, build.stderr
    return folder


def pages(site: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(site.rglob("*.html")):
        yield path, path.read_text(encoding="utf-8")


def test_it_fetches_nothing_from_elsewhere(site):
    for path, text in pages(site):
        fetched = re.findall(
            r"<(?:script|img|iframe|source)[^>]*\ssrc(?:set)?=\"?([^\s\">]+)", text
        )
        fetched += re.findall(r"<link[^>]*rel=\"?(?:stylesheet|preload|preconnect)[^>]*", text)
        assert fetched
        away = [target for target in fetched if "//" in target]
        assert not away, f"{path.relative_to(site)} fetches {away}"


def test_every_link_inside_leads_to_a_page(site):
    for path, text in pages(site):
        if path.name == "404.html":
            continue
        links = r"<(?:a|img|source)[^>]*\s(?:href|src|srcset)=\"?([^\s\">]+)"
        for target in re.findall(links, text):
            file = unescape(target).partition("#")[0].partition("?")[0]
            if file and "://" not in file and not file.startswith(("mailto:", "data:")):
                assert (path.parent / file).exists(), f"{path.relative_to(site)}: {target}"


def test_the_first_page_is_the_readme(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for heading in re.findall(r"^## (.+)$", readme, re.MULTILINE):
        assert heading in unescape(text)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)
def test_every_cause_has_a_page_that_one_can_reach(site, cause):
    assert (site / "causes" / f"{cause.slug}.html").is_file()
    assert f"causes/{cause.slug}.html" in (site / "causes.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", gradscope.__all__)
def test_every_public_name_is_in_the_reference(site, name):
    text = "".join(text for path, text in pages(site / "reference"))
    assert re.search(rf'id="?gradscope\.{name}\b|id="?gradscope\.errors\.{name}\b', text)


def test_the_reference_says_what_each_argument_is(site):
    text = (site / "reference" / "training.html").read_text(encoding="utf-8")
    described = re.sub(r"<[^>]+>", "", text)
    assert "recorded steps over which a unit must be silent to count as dead" in described
    assert re.search(r"<code>window</code></(b|strong)>", text)
    assert "window: recorded steps" not in described, "arguments are one paragraph again"


def test_the_command_line_has_the_help_of_each_command(site):
    text = unescape((site / "reference" / "command-line.html").read_text(encoding="utf-8"))
    text = " ".join(re.sub(r"<[^>]+>", "", text).split())
    actions = build_parser()._subparsers
    assert actions
    commands = actions._group_actions[0].choices
    assert commands
    for name, parser in dict(commands).items():
        assert f"usage: gradscope {name}" in text
        for action in parser._actions:
            for option in action.option_strings:
                assert option in text, f"{name} {option}"
