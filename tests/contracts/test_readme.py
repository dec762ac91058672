"""What the README says is so: its code runs, its files exist, its commands are commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradscope.causes import CAUSES
from gradscope.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICKSTART = README.partition("```python\n")[2].partition("```")[0]


def test_the_quickstart_is_the_file_that_it_names():
    assert (ROOT / "docs" / "quickstart.py").read_text(encoding="utf-8") == QUICKSTART


def test_the_quickstart_runs_and_names_the_cause(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", QUICKSTART],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("gradscope: not healthy.")
    assert "[critical] vanishing-gradient" in run.stdout
    assert (tmp_path / "runs" / "digits" / "gradscope").is_dir()


def test_both_commands_the_quickstart_and_the_picture_come_first_and_in_this_order():
    first_screen = README.splitlines()[:60]
    places = [
        next(place for place, line in enumerate(first_screen) if line.startswith(start))
        for start in ("    make demo", "    make test", "```python", "![")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)
def test_every_cause_is_named_and_leads_to_its_page(cause):
    assert f"[{cause.slug}]({cause.page})" in README


def test_every_command_that_it_shows_exists():
    shown = set(re.findall(r"^gradscope (\w+)", README, re.MULTILINE))
    assert shown and shown <= {command.NAME for command in COMMANDS}


def test_the_make_targets_that_it_shows_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
