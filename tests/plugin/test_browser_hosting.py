"""The tab opens wherever TensorBoard runs."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.plugin import boards
from tests.plugin.server import Server
from tests.plugin.tab import HEATMAP, Tab

pytestmark = pytest.mark.browser


def opened(page: Any, server: Server, run: str) -> Tab:
    """The tab on a run, after the server has loaded it."""
    server.wait_for_runs(run)
    tab = Tab(page, server).open(run=run)
    assert len(tab.colours(HEATMAP)) > boards.LAYERS
    return tab


def test_with_both_loaders(page, serve, board, loader):
    tab = opened(page, serve(board, loader), "vanishing/gradscope")
    assert tab(".verdict-summary").first.inner_text() == boards.VANISHING.summary


def test_the_tab_is_in_the_list_of_dashboards(page, serve, board):
    server = serve(board)
    server.wait_for_runs("vanishing/gradscope")
    page.goto(server.url)
    page.get_by_role("tab", name="Gradscope", exact=True).click()
    Tab(page, server).wait()


def test_of_several_named_directories_below_a_path_prefix(page, serve, board):
    spec = f"--logdir_spec=old:{board / 'vanishing'},new:{board / 'healthy'}"
    server = serve(None, "false", (spec, "--path_prefix=/some/board"))
    assert server.url.endswith("/some/board/")
    tab = opened(page, server, "old/gradscope")
    runs = tab("#run-picker option").evaluate_all("all => all.map(each => each.value)")
    assert sorted(filter(None, runs)) == ["new/gradscope", "old/gradscope"]


@pytest.fixture
def notebook() -> Iterator[Callable[[str], str]]:
    """`notebook(url)`: the address of a page of another origin that shows that one in a frame."""
    holder: dict[str, bytes] = {}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(holder["page"])

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def show(url: str) -> str:
        frame = f"<link rel=icon href=data:><iframe width=1200 height=800 src='{url}'></iframe>"
        holder["page"] = frame.encode()
        # Another port: another origin of the same site, as Jupyter beside its TensorBoard is.
        return f"http://127.0.0.1:{server.server_port}/"

    yield show
    server.shutdown()
    thread.join()
    server.server_close()


def test_in_a_frame_of_another_page(page, serve, board, notebook):
    """As a notebook shows TensorBoard."""
    server = serve(board)
    server.wait_for_runs("nan/gradscope")
    page.goto(notebook(f"{server.url}#gradscope&p.gradscope.run=nan%2Fgradscope"))
    tab = page.frame_locator("iframe").frame_locator("iframe")
    tab.locator("body[data-ready='1']").wait_for()
    # The address is TensorBoard's; the page around it is none of our business.
    assert tab.locator("#run-picker").input_value() == "nan/gradscope"
    canvas = tab.locator(HEATMAP)
    assert canvas.get_attribute("data-drawn") != "0"
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.locator(".heat-name.selected").wait_for()


def test_all_recorded_steps_arrive_in_both_loaders(serve, board: Path, loader):
    """Whatever TensorBoard thins out elsewhere."""
    server = serve(board, loader)
    server.wait_for_runs("long/gradscope", last_step=boards.LONG_STEPS - 1)
    query = {"run": "long/gradscope", "statistic": "grad_norm"}
    whole = server.json("gradscope/series", **query, columns=1)
    assert whole["recorded"] == boards.LONG_STEPS
    assert whole["highest"] == pytest.approx(1e3)
    near = boards.SPIKE_AT
    part = server.json("gradscope/series", **query, first=near - 5, last=near + 5)
    assert part["first"] == list(range(near - 5, near + 6))
