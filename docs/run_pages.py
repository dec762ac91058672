"""Runs the code of the tutorial and of the how-to pages, and writes what it prints into them.

python docs/run_pages.py                     every page
python docs/run_pages.py docs/tutorial.md    this one

In a page, a block in `python` runs, all blocks of the page one after the other in one process; a
block in `text` is what the one before it printed; in `console`, each line that begins with `$ ` is
a command that ends well, and what it printed follows. Commands run once all Python has run. Blocks
in `sh` are only shown. A how-to page goes on from the code of how-to/README.md. tests/unit/docs
compares the pages with what their code prints; figures may differ there.
"""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parent
SETUP = DOCS / "how-to" / "README.md"
PAGES = (
    DOCS / "tutorial.md",
    *sorted(page for page in SETUP.parent.glob("*.md") if page != SETUP),
)

BLOCK = re.compile(r"^```(?P<kind>python|text|console)\n(?P<text>.*?)^```$", re.M | re.S)
END = "(end of block)"
"""Printed at the end of each block of Python."""

NOISE = re.compile(
    r"[IWEF]\d{4} |WARNING: All log messages|WARNING: Logging before|To enable the foll"
)
"""How lines begin that TensorFlow's C++ part writes, of no use to a reader."""

WIDTH = 88
"""Columns of the terminal, as wide as a code block of the site."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page.

    kind: python, text or console.
    text: what stands between the fences.
    """

    kind: str
    text: str


def main(paths: Sequence[str]) -> int:
    """0; the pages are written."""
    for page in [Path(path).resolve() for path in paths] or PAGES:
        with tempfile.TemporaryDirectory() as scratch:
            page.write_text(filled(page, Path(scratch)), encoding="utf-8")
        print(f"{page.relative_to(DOCS)}")
    return 0


def filled(page: Path, scratch: Path) -> str:
    """The text of a page, with what its code prints when it runs in the directory `scratch`.

    Raises RuntimeError where the code fails.
    """
    text = page.read_text(encoding="utf-8")
    fresh = iter(run(page, scratch))
    return BLOCK.sub(lambda _: _fenced(next(fresh)), text)


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that run, or show what ran."""
    text = page.read_text(encoding="utf-8")
    return [Block(found["kind"], found["text"]) for found in BLOCK.finditer(text)]


def run(page: Path, scratch: Path) -> list[Block]:
    """The blocks of a page, each with what is printed now.

    Raises RuntimeError where the code fails.
    """
    shown = blocks(page)
    setup = [b.text for b in blocks(SETUP) if b.kind == "python"] if _is_how_to(page) else []
    code = [*setup, *(block.text for block in shown if block.kind == "python")]
    outputs = _run_python(code, scratch)[len(setup) :] if code else []
    fresh: list[Block] = []
    for block in shown:
        if block.kind == "python":
            fresh.append(block)
            latest = outputs.pop(0)
        elif block.kind == "text":
            fresh.append(Block("text", latest))
        else:
            commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
            fresh.append(Block("console", "".join(_run_commands(commands, scratch))))
    return fresh


def _is_how_to(page: Path) -> bool:
    return page.parent == SETUP.parent and page != SETUP


def _run_python(code: Sequence[str], scratch: Path) -> list[str]:
    """What each block prints, on standard output and standard error."""
    script = "\n".join(f"{block}\nprint({END!r}, flush=True)" for block in code)
    program = scratch / "page.py"  # a file: AutoGraph asks for the source
    program.write_text(script, encoding="utf-8")
    done = _run([sys.executable, "-u", str(program)], scratch)
    killed = done.returncode == -signal.SIGKILL and "SIGKILL" in script  # as the page says
    if done.returncode and not killed:
        raise RuntimeError(f"exit code {done.returncode}:\n{done.stdout}")
    parts = _readable(done.stdout).split(f"{END}\n")
    return parts if killed else parts[:-1]


def _run_commands(commands: Sequence[str], scratch: Path) -> Iterator[str]:
    for command in commands:
        done = _run(["bash", "-c", command], scratch)
        if done.returncode:
            raise RuntimeError(f"$ {command}\nexit code {done.returncode}:\n{done.stdout}")
        yield f"$ {command}\n{_readable(done.stdout)}"


def _run(command: Sequence[str], scratch: Path) -> subprocess.CompletedProcess[str]:
    scripts = sysconfig.get_path("scripts")
    return subprocess.run(
        command,
        cwd=scratch,
        env={
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(DOCS.parent),
            "COLUMNS": str(WIDTH),
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _readable(output: str) -> str:
    """Without TensorFlow's log, and without the blanks that a terminal pads lines with."""
    lines = [line.rstrip() for line in output.splitlines() if not NOISE.match(line)]
    return "".join(f"{line}\n" for line in lines)


def _fenced(block: Block) -> str:
    return f"```{block.kind}\n{block.text}```"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
