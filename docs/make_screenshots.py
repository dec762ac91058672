"""Takes the pictures of the tab that the docs show: docs/images/tab-*.png, light and dark.

python -m docs.make_screenshots
python -m docs.make_screenshots --runs DIR    with the runs of the last time

Runs the code of the tutorial and of a how-to page, opens the runs in TensorBoard, and drives
Chromium, which must be installed.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from docs import run_pages
from tests.plugin.server import Server
from tests.plugin.tab import Tab

IMAGES = Path(__file__).parent / "images"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
PAGES = ("tutorial.md", "how-to/deep-models.md")
"""Whose runs are shown."""

WIDTH = 1400
"""Of the window; in a narrower one TensorBoard's own bar hides the tab's name."""

TALL = 3200
"""Height of a window in which nothing has to be scrolled to."""

MARGIN = 16
"""Pixels below what a picture ends with."""

AGE = 180
"""Seconds since the newest run, as the pictures have it."""

MOST_BYTES = 200_000
"""Of one picture, so that a checkout stays small."""


@dataclass(frozen=True)
class Shot:
    """One picture of the tab.

    name: of the file, without `tab-`, scheme and suffix.
    state: the address bar's, see static/store.js.
    end: the selector of what the picture, which begins at the window's top, ends with.
    only: the selector of what alone is shown; "" for all down to `end`.
    """

    name: str
    state: dict[str, object]
    end: str = "#picture"
    only: str = ""


SHOTS = (
    Shot("before", {"run": "before/gradscope"}),
    Shot("depth", {"run": "before/gradscope"}, only="#depth"),
    Shot("layer", {"run": "before/gradscope", "layer": "net/hidden_3/kernel"}, only="#layer"),
    Shot("compare", {"run": "before/gradscope", "other": "after/gradscope"}, end=".side-by-side"),
    Shot("deep", {"run": "deep/gradscope"}),
)


def main() -> int:
    """0; the pictures are written. 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, help="where the runs go, or are already")
    given: Path | None = parser.parse_args().runs
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        print(f"Install Chromium: none of {', '.join(CHROMIUMS)} is on the PATH.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        runs = train(given or Path(scratch))
        take_all(runs, chromium)
    return 0


def train(home: Path) -> Path:
    """The log directory below `home` with the runs of the pages, trained where they are missing."""
    for page in PAGES if not (home / "runs").is_dir() else ():
        home.mkdir(parents=True, exist_ok=True)
        run_pages.run(run_pages.DOCS / page, home)
    return home / "runs"


def take_all(runs: Path, chromium: str) -> None:
    """Nothing; every picture is written, in both schemes."""
    IMAGES.mkdir(exist_ok=True)
    server = Server(str(runs))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            server.wait_for_runs("before/gradscope", "after/gradscope", "deep/gradscope")
            for scheme in ("light", "dark"):
                context = browser.new_context(color_scheme=scheme)
                context.set_default_timeout(60_000)
                for shot in SHOTS:
                    write(IMAGES / f"tab-{shot.name}-{scheme}.png", take(context, server, shot))
        finally:
            browser.close()
            server.stop()


def take(context: Any, server: Server, shot: Shot) -> bytes:
    """The PNG of one picture, once the tab has drawn it."""
    page = context.new_page()
    newest = max(run["wall_time"] for run in server.json("gradscope/runs")["runs"])
    page.clock.set_fixed_time(newest + AGE)
    page.set_viewport_size({"width": WIDTH, "height": TALL})
    tab = Tab(page, server).open(**shot.state)
    page.wait_for_load_state("networkidle")
    box = tab(shot.only or shot.end).bounding_box()
    clip = box
    if not shot.only:
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": box["y"] + box["height"] + MARGIN}
    picture = page.screenshot(animations="disabled", caret="hide", clip=clip)
    page.close()
    return picture


def write(path: Path, picture: bytes) -> None:
    """Nothing; the picture is on disk, in as few bytes as it takes.

    Raises RuntimeError where these are too many.
    """
    # the palette that reaches every colour: one by frequency would drop the small marks' colours
    image = Image.open(BytesIO(picture)).convert("RGB")
    small = image.quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(IMAGES.parent)}: {size // 1000} kB")
    if size > MOST_BYTES:
        raise RuntimeError(f"{path.name} has {size} bytes, more than {MOST_BYTES}.")


if __name__ == "__main__":
    sys.exit(main())
