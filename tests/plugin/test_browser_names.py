"""Names from a run are text and never markup: nothing in them is executed."""

import pytest

from tests.plugin import boards
from tests.plugin.boards import HOSTILE, HOSTILE_RUN
from tests.plugin.tab import HEATMAP, Tab

pytestmark = pytest.mark.browser
RUN = f"{HOSTILE_RUN}/gradscope"


@pytest.fixture
def tab(page, serve, board) -> Tab:
    server = serve(board)
    server.wait_for_runs(*boards.RUNS)
    return Tab(page, server)


def executed(tab: Tab) -> bool:
    """Whether a script in a name has run, or markup in one became an element."""
    ran = any(
        frame.evaluate("flag => Boolean(window[flag])", boards.FLAG) for frame in tab.page.frames
    )
    made = tab("img[src=x], svg[onload], [onerror], script:not([type=module])").count()
    return ran or bool(made)


def test_in_verdicts(tab):
    tab.open(run=RUN)
    for fold in tab("#verdicts summary").all():
        fold.click()
    said = tab("#verdicts").inner_text()
    for name in HOSTILE[:3]:
        assert name in said
    assert "<b>bold</b>" in said
    assert tab("#verdicts a").count() == 0
    assert not executed(tab)


def test_in_rows_and_in_the_read_out(tab):
    tab.open(run=RUN, statistic="grad_norm")
    tab(HEATMAP).scroll_into_view_if_needed()
    box = tab(HEATMAP).bounding_box()
    rows = 2 * len(HOSTILE)
    for row in range(rows):
        y = box["y"] + (row + 0.5) / rows * box["height"]
        tab.page.mouse.move(box["x"] + box["width"] / 2, y)
        part = ("kernel", "bias")[row % 2]
        wanted = f"{HOSTILE[row // 2]}/{part}"
        assert " ".join(wanted.split()) in " ".join(tab("#heatmap .tip").inner_text().split())
    assert not executed(tab)


def test_of_selected_rows(tab):
    tab.open(run=RUN, statistic="activation_rms")
    for name in HOSTILE:
        tab.go(run=RUN, statistic="activation_rms", layer=name)
        shown = " ".join(name.split())[:40]
        tab("#layer", has_text=shown).wait_for()
    assert not executed(tab)


def test_of_runs_and_of_the_other_run(tab):
    tab.open(run="healthy/gradscope", other=RUN)
    tab("#compare").wait_for()
    assert HOSTILE_RUN in tab("body").inner_text()
    assert not executed(tab)


def test_in_the_address_bar(tab):
    script = f"<img src=x onerror=window.top.{boards.FLAG}=1>"
    tab.open(run=script, other=script, statistic=script, layer=script, folded=script)
    tab(HEATMAP).wait_for()
    assert script in tab("#notice").inner_text()
    tab.go(run="healthy/gradscope", statistic=script, layer=script, folded=script)
    tab("#notice").wait_for(state="hidden")
    assert tab(HEATMAP).is_visible()
    assert not executed(tab)
