"""The Gradscope tab as a test drives it: marks to wait on, pixels and requests to look at."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.plugin.server import Server

HEATMAP = "#heatmap-canvas"
"""The canvas that holds nothing but the cells: what lies over them are elements."""

Colour = tuple[int, int, int]

_COLOURS = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 255) continue;
    const colour = `${data[i]},${data[i + 1]},${data[i + 2]}`;
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  return counts;
}"""


class Tab:
    """The tab in a page.

    page: a Playwright page.
    server: the TensorBoard to open.
    """

    def __init__(self, page: Any, server: Server) -> None:
        self.page = page
        self.server = server
        self.asked: list[dict[str, str]] = []
        page.on("request", self._note)

    def open(self, **state: object) -> "Tab":
        """Opens the tab with a state of the address bar, and waits until it is drawn."""
        # From a blank page, since a change of the hash alone loads nothing.
        self.page.goto("about:blank")
        self.page.goto(self.server.url + _hash(state))
        return self.wait()

    def go(self, **state: object) -> None:
        """Puts a state into the address bar of the open page, as somebody who types there."""
        self.page.evaluate("hash => { location.hash = hash; }", _hash(state))

    def wait(self) -> "Tab":
        """Waits until the first picture is drawn."""
        self("body[data-ready]:not([data-ready=error])").wait_for()
        return self

    def __call__(self, selector: str, has_text: str | None = None) -> Any:
        """What the selector means in the tab's own frame, and of it what holds a text."""
        return self.page.frame_locator("iframe").locator(selector, has_text=has_text)

    @property
    def state(self) -> dict[str, str]:
        """The entries of the address bar."""
        entries = parse_qs(urlsplit(self.page.url).fragment, keep_blank_values=True)
        prefix = "p.gradscope."
        return {
            key.removeprefix(prefix): values[-1]
            for key, values in entries.items()
            if key.startswith(prefix)
        }

    def wait_for_state(self, **state: object) -> None:
        """Waits until the address bar says so; None for an entry that must be gone."""
        wanted = {key: None if value is None else str(value) for key, value in state.items()}
        self.page.wait_for_function(
            """wanted => {
              const entries = new URLSearchParams(location.hash.replace(/^#/, ""));
              return Object.entries(wanted).every(
                ([key, value]) => entries.get(`p.gradscope.${key}`) === value);
            }""",
            arg=wanted,
        )

    def colours(self, selector: str) -> Counter[Colour]:
        """How many opaque pixels of a canvas have which colour."""
        counts = self(selector).evaluate(_COLOURS)
        found: Counter[Colour] = Counter()
        for colour, count in counts.items():
            red, green, blue = map(int, colour.split(","))
            found[red, green, blue] = count
        return found

    @contextmanager
    def drawing(self, selector: str) -> Iterator[None]:
        """Waits, at the end, until a canvas has been drawn anew since the beginning."""
        before = self(selector).get_attribute("data-drawn")
        yield
        self(f"{selector}:not([data-drawn='{before}'])").wait_for()

    def requests(self, route: str, **query: object) -> list[dict[str, str]]:
        """The queries so far of a route of the plugin that hold these entries."""
        wanted = {"route": route, **{key: str(value) for key, value in query.items()}}
        return [asked for asked in self.asked if wanted.items() <= asked.items()]

    def during(self, action: Callable[[], Any], route: str, *keys: str) -> dict[str, str]:
        """The query of a route, with these entries, that was answered first after an action."""

        def fits(answer: Any) -> bool:
            asked = _query(answer.url)
            return asked["route"] == route and all(key in asked for key in keys)

        with self.page.expect_response(fits) as told:
            action()
        return _query(told.value.url)

    def _note(self, request: Any) -> None:
        if "/data/plugin/gradscope/" in request.url:
            self.asked.append(_query(request.url))


def _hash(state: dict[str, object]) -> str:
    entries = [f"p.gradscope.{key}={quote(str(value), '')}" for key, value in state.items()]
    return "#" + "&".join(["gradscope", *entries])


def _query(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    entries = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {"route": parts.path.rpartition("/gradscope/")[2], **entries}
