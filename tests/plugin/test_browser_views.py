"""Verdicts, layer view, comparison, address bar, dark mode, narrow screens."""

import pytest

from tests.plugin import boards
from tests.plugin.tab import HEATMAP, Tab

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(page, serve, board) -> Tab:
    server = serve(board)
    server.wait_for_runs(*boards.RUNS)
    return Tab(page, server)


def test_a_verdict_tells_cause_place_step_and_cure(tab):
    tab.open(run="vanishing/gradscope")
    card = tab("#verdicts .verdict[data-cause='vanishing-gradient']")
    said = card.inner_text()
    for part in (
        boards.VANISHING.summary,
        boards.VANISHING.layer,
        "since step 19",
        boards.VANISHING.remedy.text,
        boards.VANISHING.remedy.code,
    ):
        assert part in said
    assert tab("#verdicts .verdict").count() == 1
    # Symptoms are folded in.
    assert not tab(".symptoms").is_visible()
    card.locator("summary", has_text="Brings about").click()
    assert "Hardly a move." in tab(".symptoms").inner_text()


def test_what_recording_cost_stands_below_the_verdicts_where_the_run_says_it(tab):
    tab.open(run="vanishing/gradscope")
    assert tab("#overhead").inner_text() == boards.COST.sentence
    tab.open(run="healthy/gradscope")
    assert tab("#overhead").count() == 0


def test_a_click_on_a_verdict_leads_to_its_statistic_row_and_step(tab):
    tab.open(run="vanishing/gradscope", statistic="weight_norm")
    tab("#verdicts .verdict-show").first.click()
    tab.wait_for_state(
        run="vanishing/gradscope", statistic="grad_norm", layer="net/hidden_1/kernel", step=19
    )
    assert tab("#statistic-picker").input_value() == "grad_norm"
    tab("#heatmap .heat-name.selected", has_text="hidden_1/kernel").wait_for()


def test_a_symptom_leads_to_its_own_place(tab):
    tab.open(run="vanishing/gradscope")
    tab("#verdicts summary", has_text="Brings about").click()
    tab(".symptoms .verdict-show").click()
    tab.wait_for_state(layer="net/hidden_2/kernel", step=25)


def test_a_healthy_run_and_one_that_is_too_young_say_so(tab):
    tab.open(run="healthy/gradscope")
    assert "Healthy" in tab("#verdicts").inner_text()
    tab.open(run="single/gradscope")
    assert "Too early to judge" in tab("#verdicts").inner_text()
    assert len(tab.colours(HEATMAP)) > 5


def test_a_selected_row_shows_all_of_its_layer(tab):
    tab.open(run="nan/gradscope", statistic="grad_norm", layer="net/hidden_5/kernel")
    layer = tab("#layer")
    layer.locator("canvas").first.wait_for()
    assert layer.locator("canvas").count() >= 4
    assert "net/hidden_5" in layer.inner_text()
    for word in ("update", "dead"):
        assert word in layer.inner_text().lower()


def test_two_runs_are_compared_on_one_scale(tab):
    tab.open(run="vanishing/gradscope", statistic="grad_norm")
    tab.during(lambda: tab("#other-picker").select_option("healthy/gradscope"), "compare")
    tab.wait_for_state(other="healthy/gradscope")
    pictures = tab("canvas.heat-canvas:visible")
    tab("#compare canvas.heat-canvas").first.wait_for()
    assert pictures.count() >= 2
    said = tab("#compare").inner_text()
    assert "vanishing" in said and "healthy" in said


def test_runs_of_different_models_are_compared(tab):
    tab.open(run="vanishing/gradscope", other="other/gradscope", statistic="grad_norm")
    tab("#compare").wait_for()
    assert "other" in tab("#compare").inner_text()


def test_the_state_survives_a_reload(tab):
    tab.open(run="nan/gradscope")
    tab("#statistic-picker").select_option("weight_norm")
    tab("#heatmap .heat-label", has_text="hidden_4/bias").click()
    tab.wait_for_state(statistic="weight_norm", layer="net/hidden_4/bias")
    before = tab.state
    tab.page.reload()
    tab.wait()
    assert tab.state == before
    assert tab("#run-picker").input_value() == "nan/gradscope"
    assert tab("#statistic-picker").input_value() == "weight_norm"
    tab("#heatmap .heat-name.selected", has_text="hidden_4/bias").wait_for()


def test_the_way_back_from_another_dashboard(tab):
    tab.open(run="nan/gradscope", statistic="weight_norm")
    tab.page.get_by_role("tab", name="Scalars").click()
    tab.page.get_by_role("tab", name="Gradscope").click()
    tab(HEATMAP).wait_for()
    assert tab("#run-picker").input_value() == "nan/gradscope"


def luminance(tab: Tab, what: str) -> float:
    """0 for black, 255 for white: the colour or background-color of the tab's body."""
    return tab("body").evaluate(
        """(body, what) => {
          const [r, g, b] = getComputedStyle(body)[what].match(/[\\d.]+/g).map(Number);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        }""",
        what,
    )


def choose_theme(tab: Tab, theme: str) -> None:
    tab.page.get_by_role("button", name="light or dark theme").click()
    tab.page.locator("[role=menuitem]", has_text=theme).click()
    tab(f"html[data-theme={theme.lower()}]").wait_for()


def test_dark_mode_follows_tensorboards_own_switch(tab):
    tab.open(run="vanishing/gradscope")
    assert luminance(tab, "backgroundColor") > 200 and luminance(tab, "color") < 100
    choose_theme(tab, "Dark")
    assert luminance(tab, "backgroundColor") < 60 and luminance(tab, "color") > 180
    choose_theme(tab, "Light")
    assert luminance(tab, "backgroundColor") > 200 and luminance(tab, "color") < 100


def sticks_out(tab: Tab) -> int:
    """Pixels by which the page is wider than its window."""
    return tab("html").evaluate("html => html.scrollWidth - html.clientWidth")


@pytest.mark.parametrize("run", ["vanishing/gradscope", "deep/gradscope", boards.RUNS[-1]])
def test_760_pixels_are_wide_enough(tab, run):
    tab.page.set_viewport_size({"width": 760, "height": 900})
    tab.open(run=run, statistic="grad_norm", layer=boards.VANISHING.layer)
    assert sticks_out(tab) <= 0
    assert tab(HEATMAP).bounding_box()["width"] > 400
    tab("#other-picker").select_option("healthy/gradscope")
    tab("#compare canvas").first.wait_for()
    assert sticks_out(tab) <= 0


def test_the_page_fits_when_the_window_changes(tab):
    tab.open(run="vanishing/gradscope")
    wide = tab(HEATMAP).bounding_box()["width"]
    with tab.drawing(HEATMAP):
        tab.page.set_viewport_size({"width": 800, "height": 900})
    assert tab(HEATMAP).bounding_box()["width"] < wide - 200
