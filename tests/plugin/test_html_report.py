"""The page that `gradscope report --format html` writes: in a browser, from a file, offline."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gradscope.cli.main import main
from gradscope.cli.page.document import MAX_BYTES
from tests.plugin import boards
from tests.plugin.tab import HEATMAP

pytestmark = pytest.mark.browser

_PIXELS = """canvas => {
  const drawn = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint32Array(drawn.data.buffer);
  const counts = {};
  for (const pixel of pixels) if (pixel >>> 24 === 255) counts[pixel] = (counts[pixel] ?? 0) + 1;
  return counts;
}"""


class Document:
    """A page from a file, as a reader opens it.

    page: a Playwright page that fails the test if anything on it errs.
    asked: the addresses that it asked for, but those within itself.
    """

    def __init__(self, page: Any, file: Path) -> None:
        self.page = page
        self.file = file
        self.asked: list[str] = []
        page.on("request", self._note)
        page.context.set_offline(True)

    def open(self, state: str = "") -> "Document":
        self.page.goto("about:blank")
        self.page.goto(self.file.as_uri() + state)
        self("body[data-ready='1']").wait_for()
        return self

    def __call__(self, selector: str) -> Any:
        return self.page.locator(selector)

    def colours(self) -> Counter[str]:
        """How many opaque pixels of the heatmap have which colour."""
        return Counter(self(HEATMAP).evaluate(_PIXELS))

    def _note(self, request: Any) -> None:
        if not request.url.startswith(("data:", "about:", self.file.as_uri())):
            self.asked.append(request.url)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """`written(name, *boards)`: the page on a directory with these boards, written once."""
    root = tmp_path_factory.mktemp("pages")

    def written(name: str, *writers: Any) -> Path:
        file = root / f"{name}.html"
        if not file.exists():
            for writer in writers:
                writer(root / name / writer.__name__)
            assert main(["report", str(root / name), "--format=html", f"--output={file}"]) == 0
        return file

    return written


@pytest.fixture
def two(page, written) -> Document:
    return Document(page, written("two", boards.healthy, boards.vanishing)).open()


def test_heatmap_and_charts_are_drawn_from_the_file_alone(two):
    # fifteen rows of gradients, a decade apart from each other
    colours = two.colours()
    assert len(colours) >= boards.LAYERS
    assert sum(colours.values()) > 20_000
    for chart in ("#loss canvas", "#lines canvas", "#depth canvas"):
        assert two(chart).first.bounding_box()["height"] > 50, chart
    assert two.asked == []


def test_the_verdict_is_first_and_its_text_is_folded_where_charts_are_drawn(two):
    assert "Vanishing gradient" in two("#verdicts").inner_text()
    assert not two("#as-text").evaluate("it => it.open")
    two("#as-text > summary").click()
    text = two("#as-text").inner_text()
    assert "gradscope: not healthy." in text and "gradscope: healthy." in text
    assert boards.VANISHING.remedy.code in text


def test_a_click_on_the_verdict_selects_its_layer(two):
    before = two(HEATMAP).get_attribute("data-drawn")
    two(
        ".verdict[data-cause=vanishing-gradient] h3, .verdict[data-cause=vanishing-gradient]"
    ).first.click()
    two("#layer:not([hidden])").wait_for()
    assert "p.gradscope.layer=net%2Fhidden_1%2Fkernel" in two.page.url
    assert before is not None
    assert two.asked == []


def test_another_run_and_another_statistic_are_a_choice_away(two):
    first = two.colours()
    two.page.select_option("#run-picker", "healthy/gradscope")
    two.page.wait_for_function("() => location.hash.includes('healthy')")
    two(
        "#verdicts",
    ).filter(has_text="ealthy").wait_for()
    two.page.wait_for_function(
        "([selector, drawn]) => document.querySelector(selector).dataset.drawn !== drawn",
        arg=[HEATMAP, "1"],
    )
    assert two.colours() != first
    two.page.select_option("#statistic-picker", "weight_norm")
    two("#picture-title").filter(has_text="weight_norm").wait_for()
    assert two.asked == []


def test_two_runs_can_be_compared(two):
    two.page.select_option("#other-picker", "healthy/gradscope")
    two("#compare:not([hidden]) li").first.wait_for()
    assert "does not hold" not in two("#compare").inner_text()
    assert "Verdicts" in two("#compare").inner_text()
    assert two.asked == []


def test_zoom_cuts_out_of_what_is_there(two):
    box = two(HEATMAP).bounding_box()
    middle = box["y"] + box["height"] / 2
    two.page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    two.page.mouse.down()
    two.page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=4)
    two.page.mouse.up()
    two.page.wait_for_function("() => location.hash.includes('p.gradscope.first=')")
    two("body[data-ready='1']").wait_for()
    assert len(two.colours()) >= boards.LAYERS
    assert two.asked == []


def test_light_and_dark_follow_the_system(two):
    def ground() -> str:
        return two("body").evaluate("it => getComputedStyle(it).backgroundColor")

    light = ground()
    two.page.emulate_media(color_scheme="dark")
    two("html[data-theme=dark]").wait_for()
    dark = ground()
    assert sum(map(int, light[4:-1].split(","))) > 600
    assert sum(map(int, dark[4:-1].split(","))) < 150


def test_a_link_shows_what_it_names(page, written):
    file = written("two", boards.healthy, boards.vanishing)
    state = "#gradscope&p.gradscope.run=healthy%2Fgradscope&p.gradscope.statistic=update_ratio"
    document = Document(page, file).open(state)
    assert document("#picture-title").inner_text() == "update_ratio"
    assert document("#run-picker").input_value() == "healthy/gradscope"


def test_on_paper_it_is_light_whatever_the_screen_is(two):
    two.page.emulate_media(color_scheme="dark")
    two("html[data-theme=dark]").wait_for()
    two.page.emulate_media(color_scheme="dark", media="print")
    two("html[data-theme=light]").wait_for()
    two.page.emulate_media(color_scheme="dark", media="screen")
    two("html[data-theme=dark]").wait_for()
    two.page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_the_text_says_it_all(browser, written, scheme):
    file = written("two", boards.healthy, boards.vanishing)
    context = browser.new_context(java_script_enabled=False, color_scheme=scheme)
    page = context.new_page()
    page.goto(file.as_uri())
    text = page.locator("body").inner_text()
    for part in ("gradscope: not healthy.", boards.VANISHING.remedy.code, "net/hidden_1/kernel"):
        assert part in text
    assert "need scripts, which are off here" in text
    assert page.locator("#as-text table").first.is_visible()
    context.close()


def test_nothing_in_a_name_is_executed(page, tmp_path):
    boards.hostile(tmp_path / "runs")
    file = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "runs"), "--format=html", f"--output={file}"]) == 0
    document = Document(page, file).open()
    page.evaluate("() => document.querySelectorAll('details').forEach(it => { it.open = true; })")
    assert len(document.colours()) > 1
    assert not page.evaluate("flag => Boolean(window[flag])", boards.FLAG)
    assert document("img, svg[onload], [onerror], iframe").count() == 0
    assert document("script").count() == 3, "import map, numbers, start"
    assert boards.HOSTILE[0] in document("#as-text").inner_text()
    assert document.asked == []


def test_the_policy_would_stop_a_script_that_got_in(browser, written):
    """Were an escape forgotten, no inline script or handler would run, and no request leave."""
    context = browser.new_context()
    page = context.new_page()
    stopped: dict[str, str] = {}
    page.on("requestfailed", lambda request: stopped.update({request.url: request.failure}))
    page.goto(written("two", boards.healthy, boards.vanishing).as_uri())
    page.locator("body[data-ready='1']").wait_for()
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.gotIn = 1";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend",
            "<img src='data:image/png;base64,x' onerror='window.gotIn = 2'>" +
            "<img src='http://example.invalid/leak.png'>");
          return fetch("http://example.invalid/leak").catch(() => null);
        }"""
    )
    page.wait_for_function("() => document.querySelectorAll('img')[1].complete")
    assert page.evaluate("window.gotIn") is None
    assert stopped["http://example.invalid/leak.png"] == "csp", "before it left"
    context.close()


def test_500_layers_fit_and_are_drawn(page, written):
    file = written("deep", boards.deep)
    assert file.stat().st_size < MAX_BYTES
    document = Document(page, file).open()
    assert len(document.colours()) > 20
    assert document.asked == []


def test_a_run_of_one_step_is_drawn(page, written):
    document = Document(page, written("single", boards.single)).open()
    assert sum(document.colours().values()) > 0
