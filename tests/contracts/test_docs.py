"""The pages are true: what is generated is committed, links lead somewhere, rooms are as drawn."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LINKS = [
    (page, target)
    for page in PAGES
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("name", ["statistics", "causes"])
def test_a_generated_page_is_up_to_date(name):
    page = runpy.run_path(str(DOCS / "generate.py"))[f"{name}_page"]()
    committed = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert committed == page, f"run `make docs` and commit docs/{name}.md"


def anchors(page: Path) -> set[str]:
    """The anchors that a page gets on the web: headings in lower case, hyphens for spaces.

    On the site, the names of the reference as well.
    """
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    names = set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))
    return names | {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize(
    ("page", "target"), LINKS, ids=[f"{page.name}:{target}" for page, target in LINKS]
)
def test_every_link_leads_to_a_file_and_a_heading(page, target):
    path, _, anchor = target.partition("#")
    linked = page.parent / path if path else page
    assert linked.exists(), f"{page.name} links to {target}"
    assert not anchor or anchor in anchors(linked), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_lists_read_alike_on_github_and_on_the_site(page):
    """Python-Markdown wants four blanks before a nested list, and an empty line before any list."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    item = r"(?:[-*]|\d+\.) "
    assert not re.search(rf"^ {{1,3}}{item}", text, re.M)
    assert not re.search(rf"^(?!{item}| |$).*\n{item}", text, re.M)


def test_the_rooms_are_those_that_import_linter_holds():
    text = (DOCS / "how-it-works.md").read_text(encoding="utf-8")
    drawn = text.partition("## Rooms")[2].split("```")[1]
    rooms = [
        set(re.findall(r"\w+", floor))
        for floor in drawn.split("\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}")
    ]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    floors = [set(re.findall(r"\w+", floor)) for floor in contract["layers"]]
    assert rooms == [floor for floor in floors if floor != {"__main__"}]
