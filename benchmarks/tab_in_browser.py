"""How long the tab takes in a real browser, from the user's input to the picture."""

import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.plugin.boards import Live
from tests.plugin.tab import HEATMAP, Tab

QUIET_MS = 700
"""The page is done when no answer is due and nothing has changed for so long; the wait itself is
not counted."""

_RECORDER = (Path(__file__).parent / "recorder.js").read_text()


class Browser:
    """A Chromium with the tab of one TensorBoard, to be used in a `with` block."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def __enter__(self) -> "Browser":
        self._playwright = sync_playwright().start()
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
        self._chromium = self._playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"]
        )
        self.version = self._chromium.version
        return self

    def __exit__(self, *_: object) -> None:
        self._chromium.close()
        self._playwright.stop()

    def measure(self, run: str, repeat: int) -> dict[str, Any]:
        """Opening cold and warm, and each interaction: medians, in seconds."""
        found: dict[str, Any] = {"Chromium": self.version}
        cold = [self._opened(run) for _ in range(max(3, repeat // 2))]
        found["open, empty cache"] = _medians(cold)
        tab = self._tab()
        tab.open(run=run)
        found["open again"] = _medians([_open(tab, run) for _ in range(repeat)])
        for name, action in _interactions(tab).items():
            found[name] = statistics.median(_timed(tab, step) for step in action(repeat))
        tab.page.context.close()
        return found

    def measure_compare(self, run: str, other: str, repeat: int) -> dict[str, Any]:
        """Choosing a second run, in seconds."""
        times: list[float] = []
        for _ in range(max(3, repeat // 2)):
            tab = self._tab()
            tab.open(run=run)
            tab("#live").uncheck()
            _settle(tab)
            times.append(_timed(tab, lambda tab=tab: tab("#other-picker").select_option(other)))
            tab.page.context.close()
        return {"chosen, first": times[0], "chosen": statistics.median(times)}

    def measure_live(self, live: Live, repeat: int) -> float:
        """From steps on the disk to the picture, in seconds; the page is open all the time."""
        live.train(10)
        tab = self._tab()
        self._server.wait_for_runs("live/gradscope")
        tab.open(run="live/gradscope")
        times: list[float] = []
        for _ in range(repeat):
            start = time.perf_counter()
            live.train(10)
            tab(f"{HEATMAP}[aria-label*='to {live.steps - 1} of']").wait_for()
            times.append(time.perf_counter() - start)
        tab.page.context.close()
        return statistics.median(times)

    def _opened(self, run: str) -> dict[str, float]:
        tab = self._tab()
        found = _open(tab, run)
        tab.page.context.close()
        return found

    def _tab(self) -> Tab:
        context = self._chromium.new_context(viewport={"width": 1400, "height": 900})
        context.set_default_timeout(120_000)
        context.add_init_script(_RECORDER)
        return Tab(context.new_page(), self._server)


def _open(tab: Tab, run: str) -> dict[str, float]:
    """Until the first picture is there: in all, and from when TensorBoard had made our frame."""
    tab.open(run=run)
    tab.page.wait_for_function(
        "() => document.querySelector('iframe').contentWindow.tabMarks.ready"
    )
    whole = tab.page.evaluate("() => tabMarks.began")
    marks = tab("html").evaluate("() => tabMarks")
    return {
        "in all": (marks["ready"] - whole) / 1000,
        "of it gradscope": (marks["ready"] - marks["began"]) / 1000,
    }


def _settle(tab: Tab) -> None:
    """Waits until the page has been quiet for a while."""
    tab.page.wait_for_function(
        """quiet => {
          const {changed, input, pending} = document.querySelector("iframe").contentWindow.tabMarks;
          return pending === 0 && Date.now() - Math.max(changed, input) > quiet;
        }""",
        arg=QUIET_MS,
        polling=50,
    )


def _timed(tab: Tab, action: Callable[[], Any]) -> float:
    """Seconds from an action's last input event to the end of the page's work on it."""
    _settle(tab)
    action()
    _settle(tab)
    marks = tab("html").evaluate("() => tabMarks")
    return max(0.0, marks["changed"] - marks["input"]) / 1000


def _interactions(tab: Tab) -> dict[str, Callable[[int], list[Callable[[], Any]]]]:
    """Name -> the actions of `repeat` measurements."""
    tab("#live").uncheck()
    canvas = tab(HEATMAP)
    canvas.scroll_into_view_if_needed()
    mouse, names = tab.page.mouse, tab("#statistic-picker option")

    def at(across: float, down: float) -> tuple[float, float]:
        box = canvas.bounding_box()
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def drag(start: float) -> None:
        mouse.move(*at(start, 0.5))
        mouse.down()
        mouse.move(*at(start + 0.1, 0.5), steps=3)
        mouse.up()

    def zoom_in(repeat: int) -> list[Callable[[], Any]]:
        def once(k: int) -> Callable[[], Any]:
            def zoomed() -> None:
                if k:
                    tab.page.keyboard.press("Escape")
                    _settle(tab)
                drag(0.3 + 0.05 * k)

            return zoomed

        return [once(k) for k in range(repeat)]

    def zoom_out(repeat: int) -> list[Callable[[], Any]]:
        def out() -> None:
            drag(0.4)
            _settle(tab)
            tab.page.keyboard.press("Escape")

        return [out for _ in range(repeat)]

    def hover(repeat: int) -> list[Callable[[], Any]]:
        places = [at(0.3 + 0.5 * k / repeat, 0.2 + 0.6 * k / repeat) for k in range(repeat)]
        return [lambda place=place: mouse.move(*place) for place in places]

    def select(repeat: int) -> list[Callable[[], Any]]:
        places = [at(0.5, 0.3 + 0.5 * k / repeat) for k in range(repeat)]
        return [lambda place=place: mouse.click(*place) for place in places]

    def switch(repeat: int) -> list[Callable[[], Any]]:
        values = names.evaluate_all("all => all.map(each => each.value)")
        wanted = [values[k % len(values)] for k in range(1, repeat + 1)]
        return [lambda name=name: tab("#statistic-picker").select_option(name) for name in wanted]

    return {
        "hover": hover,
        "zoom by drag": zoom_in,
        "zoom reset": zoom_out,
        "choose a statistic": switch,
        "select a row": select,
    }


def _medians(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in found) for name in found[0]}
