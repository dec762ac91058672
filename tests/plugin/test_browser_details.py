"""A closer look at a layer in the tab: pictures, their colours, marks at the rows."""

import pytest

from gradscope.cli.main import main
from tests.plugin import test_details
from tests.plugin.modules import Modules
from tests.plugin.tab import Tab

pytestmark = pytest.mark.browser

RUN = "close/gradscope"
PICTURES = ".layer-details canvas.heat-canvas"


@pytest.fixture(scope="module")
def logdir(tmp_path_factory):
    root = tmp_path_factory.mktemp("details")
    test_details.write(root / "close")
    return root


@pytest.fixture
def tab(page, serve, logdir) -> Tab:
    server = serve(logdir)
    server.wait_for_runs(RUN)
    return Tab(page, server)


def test_a_watched_layer_shows_its_details(tab):
    tab.open(run=RUN, statistic="grad_norm", layer=test_details.KERNEL)
    tab(f"{PICTURES}[data-drawn]:not([data-drawn='0'])").first.wait_for()
    assert tab(PICTURES).count() == 5
    words = tab(".layer-details").inner_text()
    for part in ("from step 20 to 50", "gradient elements by size", "kernel", "saturated share"):
        assert part in words
    # The most of one size, zeros and empty cells: none is drawn as another.
    colours = tab.colours(f"[data-figure='grad_histogram/{test_details.KERNEL}'] canvas")
    assert (253, 231, 37) in colours and len(colours) > 5
    assert (163, 167, 173) not in colours  # the grey of an exact zero is no count
    labels = tab(f"[data-figure='grad_histogram/{test_details.KERNEL}'] .heat-label")
    assert labels.first.inner_text() == "from 1.5e-5"
    assert labels.last.inner_text() == "exactly 0"


def test_a_click_into_a_detail_keeps_the_layer_and_takes_the_step(tab):
    tab.open(run=RUN, statistic="grad_norm", layer=test_details.KERNEL)
    canvas = tab(f"[data-figure='unit_mean/{test_details.LAYER}'] canvas")
    canvas.wait_for()
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 30.2 / 60, "y": box["height"] / 2})
    tab.wait_for_state(step=30, layer=test_details.KERNEL)
    assert tab(PICTURES).count() == 5


def test_a_report_page_shows_them_too(page, logdir, tmp_path):
    file = tmp_path / "report.html"
    assert main(["report", str(logdir / "close"), "--format=html", f"--output={file}"]) == 0
    page.goto(f"{file.as_uri()}#gradscope&p.gradscope.layer={test_details.KERNEL}")
    page.locator(f"{PICTURES}[data-drawn]:not([data-drawn='0'])").first.wait_for()
    assert page.locator(PICTURES).count() == 5


def test_rows_with_details_have_a_mark_and_others_have_none(tab):
    tab.open(run=RUN, statistic="grad_norm")
    marked = tab("#heatmap .heat-name:has(.looked)").all_inner_texts()
    assert marked == ["hidden_1/kernel", "hidden_1/bias"]
    tab("#heatmap .heat-label", has_text="hidden_2/kernel").click()
    tab("#layer canvas").first.wait_for()
    assert not tab(".layer-details").is_visible()


def test_bins_without_elements_are_left_out_and_are_no_small_numbers(page):
    body = """
      const names = ["0", "<2^-64", "2^-64", "2^-63", "2^-62", "2^-61", "2^-60", "nonfinite"];
      const max = new Float32Array(16);
      [max[1], max[7], max[10]] = [2, 3, 5];
      const {series, witness} = m.shownOf({axis: "size"}, {names, rows: 8, columns: 2, max});
      const absent = m.absentOf(series, witness, "size");
      return [series.names, [...series.max].map(String), [...absent]]"""
    names, values, absent = Modules(page)("details cells", body)
    assert names == ["from 4.3e-19", "from 2.2e-19", "from 1.1e-19", "exactly 0"]
    assert values == ["5", "NaN", "NaN", "NaN", "NaN", "3", "NaN", "2"]
    assert absent == [int(value == "NaN") for value in values]
    body = """return m.shownOf({axis: "size"}, {names: ["0", "2^0"], rows: 2, columns: 1,
      max: new Float32Array(2)}).series.names"""
    assert Modules(page)("details", body) == []
