"""The heatmap: what its pixels say, hover, zoom, rows, keys."""

import re

import pytest

from tests.plugin import boards
from tests.plugin.tab import HEATMAP, Tab

pytestmark = pytest.mark.browser

NAN, INFINITE, ZERO = (230, 17, 157), (255, 90, 31), (163, 167, 173)
VARIABLES = 2 * boards.LAYERS


@pytest.fixture
def tab(page, serve, board) -> Tab:
    server = serve(board)
    server.wait_for_runs(*boards.RUNS)
    return Tab(page, server)


def shares(tab: Tab) -> dict[tuple[int, int, int], float]:
    """Colour -> its share of all pixels."""
    colours = tab.colours(HEATMAP)
    return {colour: count / colours.total() for colour, count in colours.items()}


def at(tab: Tab, across: float, down: float) -> tuple[float, float]:
    """A place on the heatmap, from shares of its width and height."""
    tab(HEATMAP).scroll_into_view_if_needed()
    box = tab(HEATMAP).bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def drag(tab: Tab, start: float, end: float) -> None:
    tab.page.mouse.move(*at(tab, start, 0.5))
    tab.page.mouse.down()
    tab.page.mouse.move(*at(tab, end, 0.5), steps=4)
    tab.page.mouse.up()


def test_nan_infinite_and_zero_have_colours_of_their_own(tab):
    tab.open(run="nan/gradscope", statistic="grad_norm")
    found = shares(tab)
    # Half of the rows are NaN in the last third of the steps; of 16 rows one is 0 and one Inf.
    # Hairlines between the rows take a little of each.
    assert found[NAN] == pytest.approx(1 / 6, rel=0.1)
    assert found[ZERO] == pytest.approx(1 / VARIABLES, rel=0.1)
    assert found[INFINITE] == pytest.approx(1 / VARIABLES, rel=0.1)
    legend = tab("#legend").first.inner_text()
    for word in ("NaN", "Inf", "exactly 0"):
        assert word in legend


def test_a_run_without_such_values_has_none_of_these_colours(tab):
    tab.open(run="healthy/gradscope", statistic="grad_norm")
    found = shares(tab)
    assert not {NAN, INFINITE, ZERO} & set(found)
    assert len(found) > 20


def test_a_vanishing_gradient_darkens_towards_the_input(tab):
    """The first layer, on top, has the smallest gradients, and the ramp gets lighter with size."""
    tab.open(run="vanishing/gradscope", statistic="grad_norm")
    light = tab(HEATMAP).evaluate(
        """(canvas, rows) => Array.from({length: rows}, (_, row) => {
          const y = Math.floor((row + 0.5) * canvas.height / rows);
          const [r, g, b] = canvas.getContext("2d").getImageData(canvas.width / 2, y, 1, 1).data;
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        })""",
        VARIABLES,
    )
    kernels = light[::2]
    assert kernels == sorted(kernels) and kernels[-1] > 3 * kernels[0]


def test_hover_reads_a_cell(tab):
    tab.open(run="vanishing/gradscope", statistic="grad_norm")
    step = 30
    tab.page.mouse.move(*at(tab, (step + 0.5) / boards.STEPS, 0.5 / VARIABLES))
    tip = tab("#heatmap .tip")
    tip.wait_for()
    said = tip.inner_text()
    assert "net/hidden_1/kernel" in said and str(step) in said
    assert re.search(r"1(\.00)?e-7", said), said


def test_hover_says_nan(tab):
    tab.open(run="nan/gradscope", statistic="grad_norm")
    tab.page.mouse.move(*at(tab, 0.95, 0.95))
    tab("#heatmap .tip", has_text="NaN").wait_for()


def test_a_drag_fetches_that_range_and_escape_resets(tab):
    tab.open(run="long/gradscope", statistic="grad_norm")
    assert not tab.requests("series", statistic="grad_norm", first=0)
    asked = tab.during(lambda: drag(tab, 0.4, 0.42), "series", "first")
    first, last = int(asked["first"]), int(asked["last"])
    assert (first, last) == (pytest.approx(1200, abs=15), pytest.approx(1260, abs=15))
    tab.wait_for_state(first=first, last=last)
    # At full resolution the spike is one step wide: hover finds the very step.
    tab(f"{HEATMAP}[aria-label*='steps {first} to {last}']").wait_for()
    wide = (boards.SPIKE_AT + 0.5 - first) / (last + 1 - first)
    tab.page.mouse.move(*at(tab, wide, 0.6))
    tab("#heatmap .tip", has_text="1,000").wait_for()
    assert re.search(rf"\b1,?{boards.SPIKE_AT % 1000}\b", tab("#heatmap .tip").inner_text())
    tab.page.keyboard.press("Escape")
    tab.wait_for_state(first=None, last=None)
    tab(f"{HEATMAP}[aria-label*='steps 0 to {boards.LONG_STEPS - 1}']").wait_for()


def test_escape_drops_a_drag_and_nothing_else(tab):
    tab.open(run="healthy/gradscope", first=10, last=40, step=20)
    before = tab.state
    tab.page.mouse.move(*at(tab, 0.2, 0.5))
    tab.page.mouse.down()
    tab.page.mouse.move(*at(tab, 0.6, 0.5), steps=4)
    tab.page.keyboard.press("Escape")
    tab.page.mouse.up()
    assert tab.state == before


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [("-5", "20", "0 to 20"), ("-9", "-5", "0 to 59"), ("5", "1e18", "5 to 59")],
)
def test_a_range_beyond_the_run_shows_what_there_is(tab, first, last, shown):
    tab.open(run="healthy/gradscope", first=first, last=last)
    assert f"over steps {shown} of" in tab(HEATMAP).get_attribute("aria-label")


def test_a_double_click_resets_the_zoom(tab):
    tab.open(run="long/gradscope", statistic="grad_norm", first=100, last=200)
    tab.page.mouse.dblclick(*at(tab, 0.5, 0.3))
    tab.wait_for_state(first=None, last=None)


def test_many_rows_are_folded_by_block_and_open_by_a_click(tab):
    tab.open(run="deep/gradscope", statistic="grad_norm")
    names = tab("#heatmap .heat-name")
    folded = tab("#heatmap .heat-name.folded")
    assert 1 < folded.count() <= 48
    with tab.drawing(HEATMAP):
        tab("#heatmap .fold[aria-expanded='false']").first.click()
    assert tab("#heatmap .fold[aria-expanded='true']").count() == 1
    assert "folded" in tab.state
    with tab.drawing(HEATMAP):
        tab("#heatmap .fold[aria-expanded='true']").first.click()
    assert tab("#heatmap .fold[aria-expanded='true']").count() == 0
    assert names.count() <= 48


def test_a_click_selects_a_row_and_keeps_its_step(tab):
    tab.open(run="vanishing/gradscope", statistic="grad_norm")
    tab.page.mouse.click(*at(tab, 20.5 / boards.STEPS, 4.5 / VARIABLES))
    tab.wait_for_state(layer="net/hidden_3/kernel", step=20)
    tab("#heatmap .heat-name.selected", has_text="hidden_3/kernel").wait_for()


def test_the_keys_alone_will_do(tab):
    tab.open(run="vanishing/gradscope", statistic="grad_norm")
    tab(HEATMAP).focus()
    for key in ("Home", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        tab.page.keyboard.press(key)
    tab.wait_for_state(layer="net/hidden_1/bias", step=2)


def test_statistics_of_layers_and_of_the_whole_step(tab):
    tab.open(run="vanishing/gradscope", statistic="grad_norm")
    with tab.drawing(HEATMAP):
        tab("#statistic-picker").select_option("dead_fraction")
    assert tab("#heatmap .heat-name").count() == boards.LAYERS
    tab("#statistic-picker").select_option("learning_rate")
    tab(HEATMAP).wait_for(state="hidden")
    tab.wait_for_state(statistic="learning_rate")
