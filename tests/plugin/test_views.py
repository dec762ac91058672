"""The modules of the views, called in Chromium: values of the pure ones, pixels of the others."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import gradscope.tensorboard

pytestmark = pytest.mark.browser

STATIC = Path(gradscope.tensorboard.__file__).parent / "static"
STAGE = Path(__file__).with_name("views_stage.js")
TYPES = {".js": "text/javascript", ".css": "text/css"}
Run = Callable[..., Any]


@pytest.fixture
def run(page) -> Run:
    """`run(modules, body, argument)`: what the body returns; `m` holds the modules' exports."""

    def answer(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[-1]
        if name in ("", "favicon.ico"):
            route.fulfill(body="<!doctype html><body></body>", content_type="text/html")
        else:
            path = STAGE if name == STAGE.name else STATIC / name
            route.fulfill(body=path.read_text("utf-8"), content_type=TYPES[path.suffix])

    page.route("http://views.test/**", answer)
    page.goto("http://views.test/")

    def run(modules: str, body: str, argument: Any = None) -> Any:
        script = """async ([names, body, argument]) => {
          const loaded = await Promise.all(names.map((name) => import(`/${name}.js`)));
          const m = Object.assign({}, ...loaded);
          const AsyncFunction = (async () => {}).constructor;
          return new AsyncFunction("m", "argument", body)(m, argument);
        }"""
        return page.evaluate(script, [modules.split(), body, argument])

    return run


def test_a_log_axis_holds_positive_finite_numbers_alone(run):
    places = run(
        "scales",
        "return [1000, 1e-7, 0, -1, NaN, Infinity, null, undefined].map((v) => m.place(v, true))",
    )
    assert places == [pytest.approx(3), pytest.approx(-7)] + [None] * 6
    assert run("scales", "return [0, -1, NaN].map((v) => m.place(v, false))") == [0, -1, None]
    assert run("scales", "return m.valueAt(m.place(2.5e-9, true), true)") == pytest.approx(2.5e-9)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-9, 1, "1e-9 1e-8 1e-7 1e-6 1e-5 1e-4 0.001 0.01 0.1 1 10"),
        (-20, 21, "1e-20 1e-16 1e-12 1e-8 1e-4 1 1e4 1e8 1e12 1e16 1e20"),
        (-0.1, 1.1, "1 2 5 10"),
        (2.01, 2.09, "104 106 108 110 112 114 116 118 120 122"),
    ],
)  # fmt: skip
def test_ticks_of_a_log_axis_say_the_value_itself(run, low, high, labels):
    ticks = run("scales", "return m.ticks(...argument, 'log', 12)", [low, high])
    assert [tick["label"] for tick in ticks] == labels.split()
    assert all(low - 1e-6 <= tick["place"] <= high + 1e-6 for tick in ticks)
    for tick in ticks:
        assert 10 ** tick["place"] == pytest.approx(float(tick["label"]))


@pytest.mark.parametrize(("low", "high"), [(-0.5, 0.5), (-0.5, 3.5), (99.5, 20_000.5), (0, 7e6)])
def test_ticks_of_steps_are_whole(run, low, high):
    ticks = run("scales", "return m.stepTicks(...argument, 8)", [low, high])
    assert 1 <= len(ticks) <= 9
    assert all(tick["place"] == int(tick["place"]) for tick in ticks)
    assert all(low <= tick["place"] <= high for tick in ticks)


def test_an_axis_has_room_even_for_one_value(run):
    of = "return m.rangeOf([argument[0]], argument[1])"
    low, high = run("scales", of, [[-3, -3], "log"])
    assert high - low >= 0.5 and low < -3 < high
    low, high = run("scales", of, [[7], "linear"])
    assert low < 7 < high
    low, high = run("scales", of, [[0], "linear"])
    assert low < 0 < high
    assert run("scales", of, [[None], "log"]) is None
    low, high = run("scales", of, [[0.4], "share"])
    assert low <= 0 and high >= 1


def test_sixty_lines_at_most_the_selected_one_among_them(run):
    rows = run("lines", "return m.chooseRows(500, 123, 60)")
    assert len(rows) == len(set(rows)) == 60
    assert rows[0] == 0 and rows[-1] == 499 and 123 in rows
    assert max(b - a for a, b in pairwise(rows)) <= 16
    assert run("lines", "return m.chooseRows(5, -1, 60)") == [0, 1, 2, 3, 4]
    assert run("lines", "return m.chooseRows(500, 0, 60)")[0] == 0
    assert 498 in run("lines", "return m.chooseRows(500, 498, 60)")


def test_marks_tell_the_worst_of_a_column_and_pass_over_rows_without_gradient(run):
    body = """
      const lines = [{values: [1, NaN, 2, Infinity, 0]}, {values: [1, Infinity, 2, 0, 1]},
                     {values: [NaN, NaN, NaN, NaN, NaN]}];
      return m.marksOf(lines, true).map(({index, kind, low}) => [index, kind, low])"""
    assert run("oversteps", body) == [[1, "nan", False], [3, "infinite", False], [4, "zero", True]]
    assert run("oversteps", body.replace("true)", "false)")) == [
        [1, "nan", False],
        [3, "infinite", False],
    ]


def test_a_range_on_the_axis_is_brought_to_recorded_steps(run):
    body = "return m.rangeOfSteps({first: [10, 20], last: [19, 29], columns: 2}, ...argument)"
    assert run("oversteps", body, [12.4, 25.6]) == {"first": 12, "last": 26}
    assert run("oversteps", body, [-5, 99]) == {"first": 10, "last": 29}


def test_a_row_belongs_to_the_longest_layer_that_its_path_begins_with(run):
    body = "return m.layerOf(argument, 'variable', ['net/block', 'net/block/conv', 'net/b@2'])"
    assert run("paths", body, "net/block/conv/kernel") == "net/block/conv"
    assert run("paths", body, "net/block/conv_2/kernel") == "net/block"
    assert run("paths", body, "net/b/kernel") == "net/b"
    assert run("paths", body, "other/dense/kernel") == "other/dense"
    assert run("paths", body, "kernel") == "kernel"
    assert run("paths", "return m.layerOf('net/a@2[1]', 'layer', [])") == "net/a"


def test_rows_of_a_layer_are_its_calls_outputs_and_activations(run):
    body = """
      const layers = ["net", "net/a", "net/a@2", "net/a/relu", "net/a/inner", "net/ab"];
      const variables = ["net/a/kernel", "net/a/inner/kernel", "net/ab/kernel"];
      return [m.rowsOf("net/a", "layer", layers, layers),
              m.rowsOf("net/a", "variable", variables, layers)]"""
    assert run("paths", body) == [[1, 2, 3], [0]]


@pytest.mark.parametrize(
    ("a", "b", "pairs"),
    [
        (["m/x/kernel", "m/y/kernel"], ["m/y/kernel", "m/x/kernel"], [[0, 1], [1, 0]]),
        (["s/dense/k", "s/dense_1/k"], ["s_1/dense_2/k", "s_1/dense_3/k"], [[0, 0], [1, 1]]),
        (["good/x/kernel", "good/y/kernel"], ["bad/x/kernel", "bad/z/kernel"], [[0, 0]]),
        (["m/x", "m/y"], ["m/x", "m/w"], [[0, 0]]),
        (["m/x"], [], []),
    ],
    ids=["order", "counters", "model", "some", "none"],
)  # fmt: skip
def test_rows_of_two_runs_are_matched_by_name(run, a, b, pairs):
    found = run("paths", "return m.matchRows(...argument)", [a, b])
    assert found["pairs"] == pairs
    assert found["onlyA"] == [name for i, name in enumerate(a) if i not in [p for p, _ in pairs]]
    assert found["onlyB"] == [name for i, name in enumerate(b) if i not in [p for _, p in pairs]]


def test_kernel_and_bias_of_a_layer_stand_over_one_another_in_depth(run):
    names = ["n/a/kernel", "n/a/bias", "n/b/kernel", "n/b/bias"]
    body = "return m.arrange(argument, 'variable', ['n/a', 'n/b'])"
    assert run("depth", body, names) == {
        "layers": ["n/a", "n/b"],
        "at": [0, 0, 1, 1],
        "groups": [{"kind": "kernel", "rows": [0, 2]}, {"kind": "bias", "rows": [1, 3]}],
        "prefix": "n/",
    }


def test_the_median_is_that_of_finite_values(run):
    body = """return [...m.medians({rows: 2, columns: 5, names: [],
      max: Float32Array.from([5, NaN, 1, 3, Infinity, NaN, NaN, NaN, NaN, NaN])})]"""
    median, none = run("depth", body)
    assert median == 3
    assert none != none


def test_standard_deviation_comes_from_mean_and_root_mean_square(run):
    deviation = run(
        "layer-charts",
        "return [...m.deviation(Float32Array.of(3, 1, 2), Float32Array.of(5, 1, 1.9999))]",
    )
    assert deviation == [4, 0, 0]


def test_the_rms_of_gradient_elements_is_the_norm_over_the_root_of_their_number(run):
    body = """
      const norms = {names: ["k", "b"], columns: 2, max: Float32Array.of(8, NaN, 1, 1)};
      const info = {variables: {k: {shape: [4, 4]}}};
      const scalar = {variables: {b: {shape: []}}};
      const of = (name, told) => m.rmsOf(norms, name, told);
      return [[...of("k", info)], of("b", info), of("b", scalar)[0]]"""
    (rms, nan), unknown, scalar = run("layer-charts", body)
    assert rms == 2 and nan != nan and unknown is None and scalar == 1


def test_two_runs_get_one_scale_one_span_and_one_axis(run):
    assert run(
        "compare-runs",
        "return m.widest({lowest: 1e-3, highest: 2}, {lowest: null, highest: 7})",
    ) == [1e-3, 7]
    body = """return m.sharedSpan({run: {first_step: 5, last_step: 50},
      other: {first_step: 0, last_step: 20}, first: argument[0], last: argument[1]})"""
    assert run("compare-runs", body, [None, None]) == {"first": 0, "last": 50}
    assert run("compare-runs", body, [10, 20]) == {"first": 10, "last": 20}
    body = """
      const a = {first: [0, 2], last: [1, 3], columns: 2, max: Float32Array.of(1, 2)};
      const b = {first: [0, 1], last: [0, 1], columns: 2, max: Float32Array.of(9, NaN)};
      const {x, a: left, b: right} = m.overlay(a, 0, b, 0);
      const told = (values) => values.map((v) => v === undefined ? "none" : String(v));
      return [[...x], told(left), told(right)]"""
    assert run("compare-runs", body) == [
        [0, 0.5, 1, 2.5],
        ["none", "1", "none", "2"],
        ["9", "none", "NaN", "none"],
    ]


NAME = "net/<img src=x onerror='window.pwned=1'>/kernel"
NAMES = ["n/a/kernel", "n/b/kernel"]
NAN = "230,17,157"


@pytest.mark.parametrize("panel", ["lines", "depth", "layer"])
def test_names_are_text_never_markup(run, page, panel):
    body = """
      const stage = await m.stage(m.create, argument);
      m.mouse(stage, "mousemove", 0.01, 0.06);
      await m.frames();
      return stage.root.textContent"""
    assert "pwned=1'>" in run(f"{panel} views_stage", body, [NAME, NAMES[1]])
    assert page.locator("img").count() == 0
    assert page.evaluate("window.pwned") is None


def test_lines_are_drawn_with_gaps_marked_and_a_click_selects(run):
    body = """
      const stage = await m.stage(m.create, argument);
      const click = ["mousemove", "mousedown", "mouseup", "click"];
      for (const type of click) m.mouse(stage, type, 0.99, 0.9);
      const tip = stage.root.querySelector(".chart-tip").innerText;
      return {colours: m.colours(stage), tip, said: stage.said}"""
    found = run("lines views_stage", body, NAMES)
    assert NAN in found["colours"], "a NaN is a gap in the line and a mark at the edge"
    assert "0,114,178" in found["colours"], "the first row in its colour"
    assert "n/b/kernel" in found["tip"] and "1e-6 u" in found["tip"] and "step 3" in found["tip"]
    assert [3, "n/b/kernel"] in found["said"]
    assert {"step": 3, "layer": "n/b/kernel"} in found["said"]


def test_the_profile_follows_the_step_and_says_which(run):
    body = """
      const stage = await m.stage(m.create, argument);
      const note = stage.root.querySelector(".figure-note");
      const [last, before] = [note.textContent, m.colours(stage)];
      await stage.update({step: 2});
      return [last, before, note.textContent, m.colours(stage)]"""
    last, before, pinned, after = run("depth views_stage", body, NAMES)
    assert "step 3 (last)" in last
    assert "step 2" in pinned and "last" not in pinned
    assert NAN not in before
    assert NAN in after, "the NaN of step 2 is marked"


@pytest.mark.parametrize("panel", ["lines", "depth"])
def test_no_number_at_all_is_said_in_words(run, panel):
    body = """
      const stage = await m.stage(m.create, argument);
      const { series } = stage.view;
      const drawn = stage.root.querySelectorAll("canvas").length;
      await stage.update({series: {...series, max: series.max.map(() => NaN)}});
      const nan = stage.root.textContent;
      const none = {...series, columns: 0, first: [], last: [], max: new Float32Array(0)};
      await stage.update({series: none});
      return [drawn, nan, stage.root.textContent, stage.root.querySelectorAll("canvas").length]"""
    drawn, nan, none, canvases = run(f"{panel} views_stage", body, NAMES)
    assert drawn == 1
    assert "No finite value" in nan
    assert "Nothing is recorded" in none
    assert canvases == 0


def test_a_hidden_panel_draws_once_it_is_shown(run):
    body = """
      const stage = await m.stage(m.create, argument, {hidden: true});
      const hidden = stage.root.querySelectorAll("canvas").length;
      stage.root.style.display = "";
      await m.frames();
      return [hidden, stage.root.querySelectorAll("canvas").length]"""
    assert run("lines views_stage", body, NAMES) == [0, 1]


def test_the_layer_view_asks_again_after_a_failure(run):
    body = """
      const stage = await m.stage(m.create, argument, {failing: true});
      const alert = stage.root.querySelector("[role=alert]");
      const failed = [alert.textContent, alert.hidden];
      stage.failing = false;
      await stage.update({});
      return [failed, alert.hidden, stage.root.querySelectorAll("canvas").length]"""
    assert run("layer views_stage", body, NAMES) == [["No answer.", False], True, 1]


COMPARED = """
  const stage = await m.stage(m.create, argument.names, {failing: argument.failing ?? false});
  const {run, series} = stage.view;
  const other = {...run, run: "q", title: "q", last_step: 7};
  const otherSeries = {...series, names: argument.others ?? argument.names, highest: 100};
  await stage.update({other, otherSeries});
  const text = (selector) => [...stage.root.querySelectorAll(selector)].map((e) => e.textContent);
"""


def test_a_comparison_is_told_in_words_first_and_leads_to_where_runs_part(run, page):
    body = (
        COMPARED
        + """
      stage.said.length = 0;
      stage.root.querySelector(".parting").click();
      return {said: stage.said, sentences: text(".sentences li"), parting: text(".parting")[0],
              differs: text("tr.differs"), same: text("tr.same"), only: text(".only"),
              canvases: stage.root.querySelectorAll("canvas").length}"""
    )
    found = run("compare views_stage", body, {"names": NAMES})
    assert found["said"] == [{"statistic": "grad_norm", "layer": "n/b/kernel", "step": 2}]
    assert found["sentences"] == ["The inputs are 74 times as large in b.", "<b>bold</b>"]
    assert "Step 2, n/b/kernel" in found["parting"] and "b 31" in found["parting"]
    assert found["differs"] == ["input_std174.1"]
    assert found["same"] == ["input_mean0.50.5"]
    assert "<img" in found["only"][0]
    assert found["canvases"] == 3, "two heatmaps and the lines"
    assert page.locator("img").count() == 0
    assert page.evaluate("window.pwned") is None


def test_both_heatmaps_have_one_scale_and_one_span(run):
    body = (
        COMPARED
        + """
      const labels = text(".heatmap .x-axis");
      const colour = (i) => {
        const canvas = stage.root.querySelectorAll(".heat-canvas")[i];
        return canvas.getContext("2d").getImageData(4, 4, 1, 1).data.join(",");
      };
      return [labels, colour(0), colour(1)]"""
    )
    labels, first, second = run("compare views_stage", body, {"names": NAMES})
    assert labels[0] == labels[1] and "7" in labels[0]
    assert first == second, "1 has the same colour in both, though b goes up to 100"


def test_a_row_without_a_counterpart_is_said_to_have_none(run):
    body = COMPARED + 'return text(".figure-note")'
    assert run("compare views_stage", body, {"names": NAMES, "others": ["x/y", "z/w"]}) == [
        "run b has no such row"
    ]
    assert run("compare views_stage", body, {"names": NAMES}) == [""]


def test_a_comparison_that_fails_leaves_the_pictures_and_says_why(run):
    body = (
        COMPARED + 'return [text(".view-error")[0], stage.root.querySelectorAll("canvas").length]'
    )
    found = run("compare views_stage", body, {"names": NAMES, "failing": True})
    assert found == ["No answer.", 3]
