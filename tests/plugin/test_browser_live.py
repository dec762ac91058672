"""A run that is being written appears and grows without a reload."""

import pytest

from tests.plugin import boards
from tests.plugin.tab import HEATMAP, Tab

pytestmark = pytest.mark.browser


def last_step(step: int) -> str:
    """The heatmap that reaches a step."""
    return f"{HEATMAP}[aria-label*='to {step} of']"


def test_a_run_being_written_appears_and_grows(page, serve, tmp_path_factory, loader):
    """In an empty log directory, or beside curves of somebody else's.

    The run is the log directory itself.
    """
    root = tmp_path_factory.mktemp("live")
    if loader == "false":
        boards.plain(root)
    server = serve(root, loader, ("--reload_interval=1",))
    tab = Tab(page, server).open()
    said = tab("body").inner_text()
    assert "No gradscope run here yet" in said and "gradscope.Scope" in said
    assert not tab(HEATMAP).is_visible()
    tab("html").evaluate("html => { html.dataset.stayed = 'yes'; }")

    live = boards.Live(root)
    live.train(20)
    tab(last_step(19)).wait_for()
    assert len(tab.colours(HEATMAP)) > 20
    assert not tab("#verdicts .verdict[data-cause]").count()

    live.train(15)
    live.judge(boards.VANISHING)
    boards.Live(root / "second").train(5)
    tab(last_step(34)).wait_for()
    tab("#verdicts .verdict[data-cause='vanishing-gradient']").wait_for()
    tab("#run-picker option[value='second/gradscope']").wait_for(state="attached")
    assert tab("html").get_attribute("data-stayed") == "yes"
    live.close()


def test_live_can_be_turned_off(page, serve, board):
    server = serve(board)
    server.wait_for_runs("healthy/gradscope")
    page.clock.install()
    tab = Tab(page, server).open(run="healthy/gradscope")
    tab("#live").uncheck()
    before = len(tab.requests("runs"))
    page.clock.run_for(60_000)
    assert len(tab.requests("runs")) == before
    with page.expect_request("**/gradscope/runs*"):
        tab("#live").check()
        page.clock.run_for(10_000)


def test_a_server_that_is_away_is_said_and_survived(page, serve, board, errors):
    server = serve(board)
    server.wait_for_runs("healthy/gradscope")
    page.clock.install()
    tab = Tab(page, server).open(run="healthy/gradscope")
    away = "**/plugin/gradscope/runs*"
    page.route(away, lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.clock.run_for(10_000)
    tab("#notice", has_text="502").wait_for()
    assert tab(HEATMAP).is_visible()
    page.unroute(away)
    page.clock.run_for(200_000)
    tab("#notice").wait_for(state="hidden")
    assert errors and all("502" in error for error in errors)
    errors.clear()
