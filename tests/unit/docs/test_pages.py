"""The code of the tutorial and of the how-to pages runs, and prints what stands there."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[3] / "docs"

LIVE = re.compile(r"gradscope: (critical|warning): ")
"""How a line begins that appears while a net trains: when, and what it says, depends on time."""

COST = re.compile(r"^(R|What r)ecording cost .*?(?=^More:|^\s*$|\Z)", re.DOTALL | re.MULTILINE)
"""What recording cost, which depends on the machine and on what else it does."""

NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?%?")
DRAWN = re.compile(r"[\u2500-\u259f▲▼]+")
"""Frames, sparklines and marks."""


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


run_pages = load("run_pages")


def words(text: str) -> list[str]:
    """All words of an output in their order: a figure of another length breaks lines elsewhere."""
    kept = "\n".join(line for line in COST.sub("", text).splitlines() if not LIVE.match(line))
    return re.findall(r"[A-Za-z][\w/-]*", DRAWN.sub(" ", NUMBER.sub(" ", kept)))


def test_the_tutorial_is_the_script_that_it_names():
    shown = [b.text for b in run_pages.blocks(DOCS / "tutorial.md") if b.kind == "python"]
    script = (DOCS / "tutorial.py").read_text(encoding="utf-8")
    assert "".join(shown).split() == script.split()


LONG = {"tutorial", "compare", "crashed-run", "deep-models", "stop"}
"""Pages whose code takes more than ten seconds."""

EACH = [
    pytest.param(page, id=page.stem, marks=pytest.mark.slow if page.stem in LONG else ())
    for page in run_pages.PAGES
]


@pytest.mark.parametrize("page", EACH)
def test_a_page_shows_what_its_code_prints(page, tmp_path):
    shown = run_pages.blocks(page)
    printed = run_pages.run(page, tmp_path)
    for before, now in zip(shown, printed, strict=True):
        assert words(now.text) == words(before.text), "run `python docs/run_pages.py` and look"


@pytest.mark.parametrize("page", run_pages.PAGES, ids=lambda page: page.stem)
def test_no_output_was_left_out(page):
    for block in run_pages.blocks(page):
        assert block.text.strip(), f"{page.name} has an empty block; run `python docs/run_pages.py`"


def test_every_how_to_page_is_listed():
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", run_pages.SETUP.read_text(encoding="utf-8")))
    pages = {page.name for page in run_pages.PAGES if page.parent == run_pages.SETUP.parent}
    assert listed == pages


def page_of(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


PAGE = """\
Two.

```python
print(1 + 1)
```

```text
{two}```

```python
name = "x"
```

```console
$ echo a
$ echo b
{b}```

```sh
never
```
"""


def test_outputs_are_written_behind_the_code_that_printed_them(tmp_path):
    page = page_of(tmp_path, PAGE.format(two="old\n", b="old\n"))
    fresh = PAGE.format(two="2\n", b="b\n").replace("$ echo a\n", "$ echo a\na\n")
    assert run_pages.filled(page, tmp_path) == fresh


def test_code_that_fails_is_no_output(tmp_path):
    page = page_of(tmp_path, "```python\nraise SystemExit(3)\n```\n")
    with pytest.raises(RuntimeError, match="exit code 3"):
        run_pages.run(page, tmp_path)


def test_a_command_that_fails_is_no_output(tmp_path):
    page = page_of(tmp_path, "```console\n$ echo why; false\n```\n")
    with pytest.raises(RuntimeError, match="exit code 1:\nwhy"):
        run_pages.run(page, tmp_path)


def test_what_recording_cost_may_be_said_in_other_words():
    before, after = "gradscope: healthy.\n", "More: gradscope explain nonfinite\n"
    known = "Recording cost 0.7 % of step time (0.5 to 0.9), every 20th step; budget 1 %.\n"
    unknown = "What recording cost is not known: each step was recorded, so that there is no\n"
    unknown += "plain one to compare with.\n"
    assert words(before + known + after) == words(before + unknown + after) == words(before + after)
    assert words(before + unknown) == words(before + known + "\n") == words(before)


def test_figures_may_differ_but_words_may_not():
    shown = "│ loss 2.31 │ ▁▂▃\ngradscope: critical: nonfinite since step 3\n"
    assert words(shown) == words("│ loss 1e-9 │ ▁█\n")
    assert words(shown) != words("│ accuracy 2.31 │ ▁▂▃\n")
