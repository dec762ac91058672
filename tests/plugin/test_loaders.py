"""The tab's routes over real HTTP: both loaders, several log directories, a path prefix."""

import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest

from gradscope.run import open_run
from tests.plugin.server import Server
from tests.runs import LAYOUT, VANISHING, write_session

STEPS = range(600)
"""More than either loader keeps of a tag by itself."""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two log directories below one: a resumed run with a verdict, and a plain one."""
    root = tmp_path_factory.mktemp("root")
    write_session(root / "one" / "digits", range(650), validations={3: 0.5})
    resumed = {"validations": {400: 0.25}, "verdicts": (VANISHING,)}
    write_session(root / "one" / "digits", STEPS[300:], **resumed)
    write_session(root / "two", range(10))
    return root


@pytest.fixture(scope="module", params=["false", "true"], ids=["python-loader", "data-server"])
def server(request, root):
    """With the Python loader from `--logdir_spec`, which the data server refuses to take."""
    prefix = "--path_prefix=/team/board"
    if request.param == "true":
        pytest.importorskip("tensorboard_data_server", reason="this platform has no data server")
        running = Server(str(root), "true", [prefix])
    else:
        specification = f"--logdir_spec=one:{root / 'one'},two:{root / 'two'}"
        running = Server(None, "false", [specification, prefix])
    try:
        running.wait_for("gradscope/runs", b'"last_step":599')
        running.wait_for("gradscope/runs", b"vanishing-gradient")
        running.wait_for("gradscope/runs", b'"last_step":9,')
        yield running
    finally:
        running.stop()


def test_the_prefix_is_in_the_address(server):
    assert server.url.endswith("/team/board/")


def test_runs_have_the_names_that_tensorboard_gives_them(server):
    answer = server.json("gradscope/runs")
    assert answer["complaints"] == []
    one, two = answer["runs"]
    assert (one["run"], one["title"]) == ("one/digits/gradscope", "one/digits")
    assert (two["run"], two["title"]) == ("two/gradscope", "two")
    assert one["cause"] == "vanishing-gradient" and two["cause"] is None


def test_every_step_is_there_as_on_disk(server, root):
    run = open_run(root / "one" / "digits")
    answer = server.json("gradscope/run", run="one/digits/gradscope")
    assert answer["steps"] == len(run.steps) == len(STEPS)
    assert answer["judged_at"] == run.judged_at == STEPS[-1]
    assert answer["validation"]["loss"] == {"steps": [3, 400], "values": [0.5, 0.25]}
    assert answer["notes"] == []
    for statistic in run.statistics:
        series = server.json("gradscope/series", run=answer["run"], statistic=statistic)
        assert series["first"] == run.steps.tolist()
        found = np.frombuffer(base64.b64decode(series["max"]), "<f4")
        assert found.tolist() == run.series(statistic)[1].T.ravel().tolist()
        assert series["revision"] == answer["revision"]


def test_comparison(server):
    answer = server.json("gradscope/compare", a="one/digits/gradscope", b="two/gradscope")
    assert answer["verdicts"] == {"a": ["vanishing-gradient"], "b": []} and answer["sentences"]


def refused(server, code, route, **query):
    """The body with which a route refuses a request."""
    with pytest.raises(urllib.error.HTTPError) as raised:
        server.fetch(route, **query)
    with raised.value as answer:
        assert answer.code == code
        assert answer.headers["Content-Type"] == "application/json"
        return answer.read()


def test_refusals_carry_their_message(server):
    asked = {"run": "two/gradscope", "statistic": "loss", "columns": 0}
    assert b"columns: got '0'" in refused(server, 400, "gradscope/series", **asked)
    assert b"<b>" not in refused(server, 404, "gradscope/run", run="<b>")
    assert b"no file" in refused(server, 404, "gradscope/static/..%2Fplugin.py")


def test_the_tab_is_offered_and_served(server):
    with urllib.request.urlopen(f"{server.url}data/plugins_listing", timeout=30) as answer:
        tab = json.load(answer)["gradscope"]
    assert tab["enabled"] and tab["tab_name"] == "Gradscope"
    with urllib.request.urlopen(
        f"{server.url}data/plugin_entry.html?name=gradscope", timeout=30
    ) as entry:
        assert b'import("./static/index.js")' in entry.read()


def test_rows_of_the_layout(server):
    answer = server.json("gradscope/run", run="two/gradscope")
    assert answer["axes"]["variable"] == list(LAYOUT.names("grad_norm"))
