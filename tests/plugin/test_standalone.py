"""The page with its numbers in it, as a report is: it draws, zooms and selects without a server."""

from typing import Any

import numpy as np
import pytest

from tests.plugin.modules import HOST, Modules, page_of
from tests.plugin.tab import HEATMAP

pytestmark = pytest.mark.browser

RUN = 'digits <img src=x onerror="window.hit=1">'
NAMES = ["net/a/kernel", "net/a/bias", "net/b/kernel", "net/b/bias"]
STEPS = 40


def packed(values: Any) -> str:
    import base64

    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


def statistic(name: str, per: str, scale: str, axis: str) -> dict[str, Any]:
    return {"name": name, "per": per, "scale": scale, "axis": axis, "unit": "1", "formula": "f"}


def series(name: str, values: Any) -> dict[str, Any]:
    values = np.asarray(values, "f4")
    finite = values[np.isfinite(values) & (values > 0)]
    steps = list(range(values.shape[1]))
    return {
        "run": RUN,
        "statistic": name,
        "revision": "1",
        "recorded": len(steps),
        "rows": len(values),
        "columns": len(steps),
        "first": steps,
        "last": steps,
        "max": packed(values),
        "min": packed(values),
        "lowest": float(finite.min()),
        "highest": float(finite.max()),
    }


def held(verdicts: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What a page of one run holds: rows that shrink tenfold each, the last NaN from step 30."""
    norms = np.full((4, STEPS), 1.0) * (10.0 ** -np.arange(4))[:, None]
    norms[3, 30:] = np.nan
    loss = np.linspace(2.0, 1.0, STEPS)[None]
    run = {
        "run": RUN,
        "title": RUN,
        "revision": "1",
        "headline": "healthy. All is well.",
        "healthy": not verdicts,
        "judged": True,
        "judged_at": 39,
        "steps": STEPS,
        "first_step": 0,
        "last_step": STEPS - 1,
        "wall_time": 1.0,
        "verdicts": verdicts or [],
        "axes": {"variable": NAMES, "step": ["step"]},
        "statistics": [
            statistic("grad_norm", "variable", "log", "variable"),
            statistic("loss", "step", "linear", "step"),
        ],
        "validation": {"loss": {"steps": [9], "values": [1.5]}},
        "info": {},
        "notes": [],
    }
    entry = {key: run[key] for key in ("run", "title", "last_step", "wall_time", "revision")}
    return {
        "runs": {
            "runs": [{**entry, "severity": None, "cause": None, "verdicts": 0}],
            "complaints": [],
        },
        "run": {RUN: run},
        "series": {RUN: {"grad_norm": series("grad_norm", norms), "loss": series("loss", loss)}},
        "compare": None,
    }


VERDICT = {
    "cause": "vanishing-gradient",
    "meaning": "lost",
    "severity": "critical",
    "step": 12,
    "layer": NAMES[2],
    "name": NAMES[2],
    "statistic": "grad_norm",
    "confidence": 0.9,
    "summary": "It <b>shrinks</b>.",
    "evidence": {"slope": -0.7},
    "symptoms": [],
    "remedy": {
        "text": "Use `ReLU`.",
        "code": "x = relu(x)",
        "reference": "javascript://x%0aalert(1)",
    },
}


@pytest.fixture
def alone(page) -> Any:
    """`alone(held)`: the page of these numbers, drawn; it may ask for nothing but its own files."""

    def alone(data: dict[str, Any]) -> Any:
        page.on("request", lambda request: asked.append(request.url))
        Modules(page, page_of(data))
        page.locator("body[data-ready='1']").wait_for()
        return page

    asked: list[str] = []
    yield alone
    assert [url for url in asked if not url.startswith((f"{HOST}/static/", f"{HOST}/#"))] == [
        f"{HOST}/"
    ]


def colour_at(page: Any, x: float, y: float) -> list[int]:
    """The bytes of the heatmap's pixel at fractions of its width and height."""
    script = """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(
      Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data]"""
    return page.locator(HEATMAP).evaluate(script, [x, y])


def drag(page: Any, start: float, end: float) -> None:
    box = page.locator(HEATMAP).bounding_box()
    page.mouse.move(box["x"] + start * box["width"], box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], box["y"] + 10, steps=4)
    page.mouse.up()


def test_each_cell_has_the_colour_of_its_number(alone):
    page = alone(held())
    rows = [colour_at(page, 0.3, (row + 0.5) / 4) for row in range(4)]
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue, _ in rows]
    assert light == sorted(light, reverse=True) and len(set(light)) == 4
    assert colour_at(page, 0.9, 0.9) == [230, 17, 157, 255], "NaN"
    assert page.locator("#legend").inner_text().startswith("NaN")


def test_a_zoom_shows_the_columns_of_its_range(alone):
    page = alone(held())
    drag(page, 0.76, 0.99)
    page.wait_for_function("location.hash.includes('first=30')")
    assert colour_at(page, 0.1, 0.9)[:3] == [230, 17, 157]
    ticks = page.locator("#heatmap .x-tick").all_inner_texts()
    assert all(30 <= int(tick) <= 39 for tick in ticks) and len(ticks) > 3
    page.keyboard.press("Escape")
    page.wait_for_function("!location.hash.includes('first')")
    page.wait_for_function("document.querySelector('#heatmap .x-tick').textContent === '0'")


def test_loss_and_heatmap_stand_on_one_axis(alone):
    page = alone(held([VERDICT]))
    lines = page.locator(".mark-line").all()
    places = [line.bounding_box()["x"] for line in lines]
    assert len(places) == 2 and abs(places[0] - places[1]) <= 1
    over = page.locator("#loss .u-over").bounding_box()
    canvas = page.locator(HEATMAP).bounding_box()
    assert abs(over["x"] - canvas["x"]) <= 1 and abs(over["width"] - canvas["width"]) <= 1


def test_the_loss_of_a_step_stands_over_its_column(alone):
    data = held()
    loss = np.ones((1, STEPS))
    loss[0, 20] = 5.0
    data["series"][RUN]["loss"] = series("loss", loss)
    page = alone(data)
    peak = page.locator("#loss canvas").evaluate(
        """(canvas) => {
          const {width, height} = canvas;
          const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
          const blue = (i) => data[i] < 60 && data[i + 2] > 120 && data[i + 3] > 200;
          let i = 0;
          while (!blue(i)) i += 4;
          return ((i / 4) % width) / devicePixelRatio;
        }"""
    )
    canvas, chart = (page.locator(each).bounding_box() for each in (HEATMAP, "#loss canvas"))
    cell = canvas["width"] / STEPS
    assert abs(chart["x"] + peak - (canvas["x"] + 20.5 * cell)) <= 2


def test_a_verdict_says_what_to_do_and_leads_to_its_place(alone):
    page = alone(held([VERDICT]))
    card = page.locator(".verdict[data-cause='vanishing-gradient']")
    assert "It <b>shrinks</b>." in card.inner_text() and "x = relu(x)" in card.inner_text()
    assert card.locator(".reference a").count() == 0, "only web addresses are links"
    card.locator(".verdict-show").first.click()
    page.wait_for_function("location.hash.includes('step=12')")
    assert page.locator(".heat-name.selected").inner_text() == "b/kernel"
    assert page.evaluate("window.hit ?? null") is None


def test_keys_move_the_cell_and_select_its_row(alone):
    page = alone(held())
    page.locator(HEATMAP).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator("#heatmap [aria-live]").inner_text() == "net/a/bias, step 3: 0.1"
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.includes('layer=net%2Fa%2Fbias')")
    for key in "]][[]":  # faster than the numbers come
        page.keyboard.press(key)
    page.locator("#whole").wait_for()
    assert page.locator("#picture-title").inner_text() == "loss"
    page.keyboard.press("?")
    page.locator("dialog#help[open]").wait_for()


def test_a_statistic_that_the_page_lacks_is_said_and_the_picture_stays(alone):
    data = held()
    data["run"][RUN]["statistics"].append(statistic("weight_norm", "variable", "log", "variable"))
    page = alone(data)
    page.locator("#statistic-picker").select_option("weight_norm")
    page.locator("#notice").wait_for()
    assert "weight_norm" in page.locator("#notice").inner_text()
    page.locator("#statistic-picker").select_option("grad_norm")
    page.locator("#notice").wait_for(state="hidden")
