"""TensorBoard's own dashboards show a run, with both of its loaders, over real HTTP."""

import io
import json
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from gradscope.records import Diagnosis, Record, Start, Validation
from gradscope.sinks.summaries import SUMMARIES
from gradscope.sinks.tensorboard import TensorBoardSink
from tests.plugin.server import Server
from tests.runs import LAYOUT, VANISHING, record

RUN = "digits/gradscope"
STEPS = 40
NAN_FROM = 35


def sick_record(step: int) -> Record:
    if step >= NAN_FROM:
        return record(step, loss=np.nan, grad_norm=np.nan, nonfinite_count=5, global_grad_norm=0)
    return record(step, grad_norm=[1e-6, 0.0, 1.0], loss=2.5, global_grad_norm=100)


@pytest.fixture(scope="module", params=["false", "true"], ids=["python-loader", "data-server"])
def server(request, tmp_path_factory) -> Iterator[Server]:
    if request.param == "true":
        pytest.importorskip("tensorboard_data_server", reason="this platform has no data server")
    logdir = tmp_path_factory.mktemp("logs")
    sink = TensorBoardSink(logdir / "digits")
    sink.write([Start(LAYOUT, 0)])
    sink.write([sick_record(step) for step in range(STEPS // 2)])
    sink.write([Validation(10, 1e9, {"loss": 0.5})])
    sink.write([sick_record(step) for step in range(STEPS // 2, STEPS)])
    sink.write([Diagnosis(STEPS - 1, 1e9, (VANISHING,))])
    sink.close()
    running = Server(str(logdir), request.param)
    try:
        # The last thing written, so all else is loaded, too.
        running.wait_for("text/tags", b"gradscope/verdicts")
        yield running
    finally:
        running.stop()


def test_scalars_are_listed_with_descriptions(server):
    tags = server.json("scalars/tags")[RUN]
    for summary in SUMMARIES:
        if LAYOUT.names(summary.statistic):
            assert summary.description.split()[0] in tags[summary.tag]["description"]
    assert "gradscope/validation_loss" in tags
    assert "gradscope.log10_grad_norm/000 first/kernel" in tags


def test_scalars_have_their_points(server):
    def points(tag):
        answer = server.json("scalars/scalars", run=RUN, tag=tag)
        return {step: value for _, step, value in answer}

    median = points("gradscope.bands/log10_grad_norm_median")
    assert list(median) == list(range(NAN_FROM))
    assert list(median.values()) == pytest.approx([-3.0] * NAN_FROM)
    assert points("gradscope.log10_grad_norm/000 first/kernel")[7] == pytest.approx(-6.0)
    assert points("gradscope.counts/nonfinite_gradient_elements")[STEPS - 1] == 15
    losses = points("gradscope/loss")
    assert len(losses) == STEPS and losses[3] == 2.5 and losses[STEPS - 1] == "NaN"
    assert list(points("gradscope/log10_global_grad_norm")) == list(range(NAN_FROM))


def test_the_heatmap_is_a_picture(server):
    tag = "gradscope/heatmap_log10_grad_norm"
    assert server.json("images/tags")[RUN][tag]["samples"] == 1
    entries = server.json("images/images", run=RUN, tag=tag, sample=0)
    assert entries[-1]["step"] == STEPS - 1
    url = f"{server.url}data/plugin/images/individualImage?{entries[-1]['query']}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        image = Image.open(io.BytesIO(answer.read()))
    assert image.format == "PNG" and min(image.size) > 100
    colours = image.convert("RGB").getcolors(100_000)
    assert colours is not None and len(colours) > 50


def test_histograms_are_finite(server):
    tags = server.json("histograms/tags")[RUN]
    assert set(tags) == {f"gradscope/log10_{s}" for s in ("grad_norm", "update_ratio")}
    tag = "gradscope/log10_grad_norm"
    answer = server.json("histograms/histograms", run=RUN, tag=tag)
    assert [step for _, step, _ in answer] == [0, STEPS // 2 - 1]
    buckets = np.array(answer[0][2])
    assert buckets[0, 0] == pytest.approx(-6) and buckets[-1, 1] == pytest.approx(0)
    assert buckets[:, 2].sum() == pytest.approx(2)


def test_the_verdict_is_a_rendered_text(server):
    assert server.json("text/tags")[RUN] == ["gradscope/verdicts"]
    (entry,) = server.json("text/text", run=RUN, tag="gradscope/verdicts")
    assert entry["step"] == STEPS - 1
    assert "🔴 <strong>gradscope: not healthy." in entry["text"]
    assert "<h3>vanishing-gradient" in entry["text"] and "<pre><code" in entry["text"]
    assert entry["text"].count("<table>") == 1


def test_custom_scalars_have_charts_that_match_curves(server):
    layout = server.json("custom_scalars/layout")
    bands, lines = layout["category"]
    assert [list(chart) for chart in bands["chart"]] == [["title", "margin"]] * 2
    tags = server.json("scalars/tags")[RUN]
    for chart in bands["chart"]:
        (series,) = chart["margin"]["series"]
        assert {series["value"], series["lower"], series["upper"]} <= set(tags)
    (loss,) = [chart for chart in lines["chart"] if chart["title"] == "loss"]
    found = [
        server.json("custom_scalars/scalars", run=RUN, tag=tag)["tag_to_events"]
        for tag in loss["multiline"]["tag"]
    ]
    assert [list(payload) for payload in found] == [
        ["gradscope/loss"],
        ["gradscope/validation_loss"],
    ]


def test_the_dashboards_are_offered(server):
    with urllib.request.urlopen(f"{server.url}data/plugins_listing", timeout=30) as answer:
        listing = json.loads(answer.read())
    for name in ("scalars", "custom_scalars", "images", "histograms", "text"):
        assert listing[name]["enabled"], name
