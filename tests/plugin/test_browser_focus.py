"""The keyboard's place on the page: kept when a panel is drawn anew under it."""

import dataclasses

import pytest

from tests.plugin import boards
from tests.plugin.tab import Tab

pytestmark = pytest.mark.browser


def focused(tab: Tab, selector: str) -> None:
    """Waits until what the selector means has the focus."""
    tab(f"{selector}:focus").wait_for()


def test_a_new_judgement_takes_no_focus_and_closes_nothing(page, serve, tmp_path_factory):
    root = tmp_path_factory.mktemp("focus")
    live = boards.Live(root)
    live.train(20)
    live.judge(boards.VANISHING)
    server = serve(root, "false", ("--reload_interval=1",))
    tab = Tab(page, server).open()
    card = "#verdicts .verdict[data-cause='vanishing-gradient']"
    tab(f"{card} summary").first.click()
    tab(f"{card} .verdict-show").first.focus()
    live.train(5)
    live.judge(dataclasses.replace(boards.VANISHING, summary="It goes on."))
    tab(f"{card} .verdict-summary", has_text="It goes on.").wait_for()
    focused(tab, f"{card} .verdict-show")
    assert tab(f"{card} details").first.evaluate("it => it.open")
    live.close()


def test_a_button_that_goes_hands_its_focus_on(page, serve, board):
    server = serve(board)
    server.wait_for_runs(*boards.RUNS)
    tab = Tab(page, server).open(run="healthy/gradscope", other="vanishing/gradscope")
    tab("#compare button", has_text="Stop comparing").press("Enter")
    focused(tab, "#heatmap-canvas")
    tab.go(run="healthy/gradscope", first=5, last=20)
    tab("#reset-zoom").press("Enter")
    tab.wait_for_state(first=None)
    focused(tab, "#bar *")


def test_folding_keeps_its_place(page, serve, board):
    server = serve(board)
    server.wait_for_runs(*boards.RUNS)
    tab = Tab(page, server).open(run="deep/gradscope")
    before = tab("#heatmap .fold").first.get_attribute("aria-expanded")
    tab("#heatmap .fold").first.press("Enter")
    focused(tab, f"#heatmap .fold:not([aria-expanded={before}])")
