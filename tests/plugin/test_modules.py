"""The pure modules of the tab, called in Chromium: numbers as text, colours, rows, state, cells."""

import math
import string
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plugin.modules import Modules

pytestmark = pytest.mark.browser

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def call(context) -> Iterator[Modules]:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield Modules(page)
    page.close()
    assert not errors


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.0123456", "0.0123"),
        ("1.2e-7", "1.2e-7"),
        ("54321", "54,321"),
        ("-3.14159", "-3.14"),
        ("0", "0"),
        ("999.7", "1,000"),
        ("2.5e9", "2.5e9"),
        ("NaN", "NaN"),
        ("Infinity", "∞"),
        ("-Infinity", "−∞"),
        ("null", "–"),
    ],
)
def test_a_number_is_written_in_three_digits(call, value, text):
    assert call("format", f"return m.number({value})") == text


def test_ticks_have_the_digits_that_tell_them_apart(call):
    assert call("format", "return m.labels([2.301, 2.302, 2.303])") == ["2.301", "2.302", "2.303"]
    assert call("format", "return m.labels([20000, 20002])") == ["20,000", "20,002"]
    assert call("format", "return m.labels([0, 0.5, 1])") == ["0", "0.5", "1"]


def test_what_is_small_and_what_is_long_ago_reads_well(call):
    assert call("format", "return [0, 45, 190, 7300, 1e6].map((s) => m.ago(1e9, 1e9 + s))") == [
        *("just now", "45 s ago", "3 min ago", "2 h ago", "12 days ago")
    ]
    assert call("format", "return m.steps(7, 7) + '; ' + m.steps(1000, 1999)") == (
        "step 7; steps 1,000–1,999"
    )


def test_a_name_is_cut_at_its_front_between_two_parts(call):
    cut = "return [30, 21, 10, 3].map((n) => m.shorten('encoder/block_3/conv/kernel', n))"
    assert call("format", cut) == [
        *("encoder/block_3/conv/kernel", "…/block_3/conv/kernel", "…/kernel", "…el")
    ]
    assert call("format", "return m.shorten('😀😀😀😀', 3)") == "…😀😀"


def test_the_ramp_gets_lighter_all_the_way(call):
    colours = call("colours", "return [...Array(101).keys()].map((i) => m.rampBytes(i / 100))")
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in colours]
    assert all(b > a for a, b in pairwise(light))
    assert (
        call("colours", "return [m.ramp(-1) === m.ramp(0), m.ramp(2) === m.ramp(1)]") == [True] * 2
    )


def test_a_log_scale_places_decades_evenly_and_keeps_what_is_no_size_apart(call):
    scale = "const s = m.scaleOf({scale: 'log'}, 1e-4, 1);"
    assert call("colours", scale + "return [1e-4, 1e-3, 1e-2, 1].map(s.position)") == pytest.approx(
        [0, 0.25, 0.5, 1]
    )
    own = scale + "return [s.colour(NaN), s.colour(Infinity), s.colour(0), s.colour(1e-9)]"
    nan, infinite, zero, tiny = call("colours", own)
    assert len({nan, infinite, zero, tiny}) == 4
    assert tiny == call("colours", "return m.ramp(0)")
    assert call("colours", scale + "return s.ticks.map((tick) => tick.label)") == [
        *("1e-4", "0.001", "0.01", "0.1", "1")
    ]


def test_a_share_reaches_from_0_to_1_whatever_is_recorded(call):
    scale = "const s = m.scaleOf({scale: 'share'}, 0.4, 0.5);"
    assert call("colours", scale + "return [s.low, s.high, s.position(0.25)]") == [0, 1, 0.25]
    assert call("colours", scale + "return s.colour(0) === m.ramp(0)"), "0 is a share like others"


@pytest.mark.parametrize("ends", ["null, null", "0, 0", "3, 3", "-2, 5", "1e-30, 1e30", "0, 7"])
@pytest.mark.parametrize("kind", ["log", "linear", "share"])
def test_every_scale_has_ticks_on_it(call, kind, ends):
    scale = f"const s = m.scaleOf({{scale: '{kind}'}}, {ends});"
    ticks = call("colours", scale + "return s.ticks.map((tick) => [tick.value, tick.t])")
    assert 1 <= len(ticks) <= 12
    assert all(0 <= t <= 1 and math.isfinite(value) for value, t in ticks)


def test_rows_of_one_layer_are_a_block(call):
    names = ["net/a/kernel", "net/a/bias", "net/b/kernel", "net/b/bias", "net/scale"]
    assert call("rows", "return m.blocksOf(argument)", names) == [
        {"name": "net/a", "rows": [0, 1]},
        {"name": "net/b", "rows": [2, 3]},
        {"name": "net", "rows": [4]},
    ]
    assert call("rows", "return m.sharedPath(argument)", names) == "net/"


@pytest.mark.parametrize(
    "name",
    ["encoder/block_{block}/dense_{i}/kernel", "dense_{i}/kernel", "dense_{i}", "{block}/{i}"],
)
def test_500_rows_fold_into_few_and_none_is_lost(call, name):
    names = [name.format(i=i, block=i // 4) for i in range(500)]
    shown = call("rows", "return m.shownRows(argument, null)", names)
    assert 2 <= len(shown) <= 48
    assert [row for one in shown for row in one["rows"]] == list(range(500))
    assert len({one["name"] for one in shown}) == len(shown), "a name says which block it is"


def test_the_block_of_the_selected_row_is_open(call):
    names = [f"block_{i // 20}/dense_{i}/kernel" for i in range(500)]
    script = "return m.shownRows(argument[0], null, argument[1]).filter((row) => !row.folded)"
    opened = call("rows", script, [names, names[45]])
    assert [row["rows"] for row in opened] == [[i] for i in range(40, 60)]


def test_folding_is_what_the_state_says(call):
    names = [f"b{i // 2}/v{i}" for i in range(8)]
    counts = (
        "return [null, ['b1'], m.foldable(argument)].map((f) => m.shownRows(argument, f).length)"
    )
    assert call("rows", counts, names) == [8, 7, 4]
    assert call("rows", "return m.foldedNow(argument, ['b1', 'gone'])", names) == ["b1"]


@pytest.mark.parametrize(
    ("names", "wanted", "found"),
    [
        (["dense", "dense_1"], "dense_1/kernel", "dense_1"),
        (["dense/kernel", "dense/bias"], "dense", "dense/kernel"),
        (["a/b", "a/b/c"], "a/b/c/kernel", "a/b/c"),
        (["dense"], "other/kernel", None),
        (["dense"], None, None),
    ],
)
def test_a_row_is_found_again_on_another_axis(call, names, wanted, found):
    assert call("rows", "return m.matchRow(...argument)", [names, wanted]) == found


def test_the_address_holds_the_state_and_leaves_others_alone(call):
    script = "return m.encode({run: 'a b/&=', first: 0, folded: []}, argument)"
    hash_ = call("store", script, "#scalars&tagFilter=x&p.gradscope.run=old")
    ours = ["run=a%20b%2F%26%3D", "first=0", "folded="]
    assert hash_ == "&p.gradscope.".join(["#gradscope&tagFilter=x", *ours])
    state = call("store", "return m.decode(argument)", hash_)
    assert (state["run"], state["first"], state["folded"], state["last"]) == ("a b/&=", 0, [], None)


@pytest.mark.parametrize(
    "hash_",
    [
        "",
        "#",
        "#gradscope",
        "#gradscope&p.gradscope.first=abc",
        "#gradscope&p.gradscope.first=&p.gradscope.__proto__=1",
        "#gradscope&p.gradscope.first=1.5&p.gradscope.nothing=1",
    ],
)
def test_an_address_of_something_else_is_no_state(call, hash_):
    assert set(call("store", "return Object.values(m.decode(argument))", hash_)) == {None}


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    run=st.text(st.characters(codec="utf-8"), min_size=1),
    step=st.integers(0, 2**50),
    folded=st.none() | st.lists(st.text(string.printable, min_size=1), max_size=4),
)
def test_any_state_survives_the_address(call, run, step, folded):
    state = {"run": run, "step": step, "folded": folded}
    read = call("store", "return m.decode(m.encode(argument))", state)
    assert {key: read[key] for key in state} == state


def test_numbers_survive_their_way(call):
    script = """const values = new Float32Array([1.5, NaN, Infinity, -0, 1e-45]);
      return [...m.floats(m.base64(values))].map(String)"""
    assert call("series", script) == [*("1.5", "NaN", "Infinity", "0", "1.401298464324817e-45")]


def test_a_cut_holds_the_columns_that_touch_the_range(call):
    script = """const max = m.base64(Float32Array.from([0, 1, 2, 3, 10, 11, 12, 13]));
      const answer = {rows: 2, columns: 4, first: [0, 10, 20, 30], last: [9, 19, 29, 39], max};
      const cut = m.cut(answer, {first: 15, last: 20, rows: "1"});
      return [cut.rows, cut.first, cut.last, [...m.floats(cut.max)]]"""
    assert call("series", script) == [1, [10, 20], [19, 29], [11, 12]]


def test_a_folded_block_shows_the_largest_and_nan_wins(call):
    script = """const max = Float32Array.from([1, NaN, 5, 2, 3, Infinity]);
      const series = {rows: 2, columns: 3, max};
      return [...m.cellsOf(series, [{rows: [0, 1]}], null)].map(String)"""
    assert call("cells", script) == ["2", "NaN", "Infinity"]


def test_a_spike_between_columns_of_one_pixel_is_seen(call):
    script = """const columns = 1000, max = new Float32Array(columns).fill(1);
      max[argument[0]] = argument[1] ?? NaN;
      const edges = Float64Array.from({length: columns + 1}, (_, i) => i - 0.5);
      const pixels = m.toPixels(max, 1, edges, {from: -0.5, to: 999.5}, 97, 1);
      return [...pixels].flatMap((v, x) => v === 1 ? [] : [[x, String(v)]])"""
    for at in (0, 1, 499, 998, 999):
        assert call("cells", script, [at, 7]) == [[at * 97 // 1000, "7"]]
    assert call("cells", script, [503, None]) == [[503 * 97 // 1000, "NaN"]]


def test_rows_of_one_pixel_show_the_largest(call):
    script = """const cells = new Float32Array(500).fill(1); cells[123] = 9;
      const edges = Float64Array.of(-0.5, 0.5);
      return [...m.toPixels(cells, 500, edges, {from: -0.5, to: 0.5}, 1, 100)]"""
    pixels = call("cells", script)
    assert pixels.index(9) == 24 and sum(pixels) == 99 + 9


def test_what_is_painted_is_what_the_legend_says(call):
    script = """const scale = m.scaleOf({scale: argument}, 1e-6, 10);
      const values = Float32Array.from([NaN, Infinity, 0, 1e-6, 3e-3, 0.7, 10]);
      const bytes = new Uint8Array(m.paint(values, scale).buffer);
      const element = document.createElement("i");
      return [...values].map((value, i) => {
        element.style.color = scale.colour(value);
        const want = element.style.color.match(/\\d+/g).map(Number);
        return Math.max(...want.map((v, c) => Math.abs(v - bytes[4 * i + c])));
      })"""
    for kind in ("log", "linear"):
        assert max(call("cells colours", script, kind)) <= 3, kind


def test_no_gradient_is_not_nan(call):
    script = """const series = {rows: 2, columns: 2, max: Float32Array.of(NaN, NaN, 1, NaN)};
      const counted = {rows: 2, columns: 2, max: Float32Array.of(0, 3, 0, 0)};
      const absent = m.absentOf(series, counted, "variable");
      const cells = m.cellsOf(series, [{rows: [0]}, {rows: [1]}], absent);
      const colours = m.paint(cells, {log: true, position: () => 0});
      return [[...cells].map(String), m.kindsOf(cells).absent, colours[0]]"""
    assert call("cells", script) == [["-Infinity", "NaN", "1", "-Infinity"], True, 0]


def test_a_class_without_samples_is_not_nan(call):
    script = """const series = {rows: 2, columns: 2, max: Float32Array.of(NaN, NaN, 1, 2)};
      const loss = {rows: 1, columns: 2, max: Float32Array.of(0.5, NaN)};
      return [...m.absentOf(series, loss, "class")]"""
    assert call("cells", script) == [1, 0, 0, 0]


def test_a_column_lasts_until_the_next_begins(call):
    script = """const series = {columns: 3, first: [0, 1, 11], last: [0, 1, 11]};
      const edges = m.edgesOf(series, {from: -0.5, to: 20.5});
      return [[...edges], [-1, 0, 5, 11, 20.4, 30].map((s) => m.columnAt(edges, s))]"""
    assert call("axis", script) == [[-0.5, 0.5, 10.5, 20.5], [-1, 0, 1, 2, 2, -1]]


@pytest.mark.parametrize(
    ("last", "width"), [(0, 900), (3, 900), (499, 400), (20_000, 900), (7, 30)]
)
def test_ticks_of_the_steps_are_whole_and_have_room(call, last, width):
    ticks = call("axis", f"return m.stepTicks({{from: -0.5, to: {last}.5}}, {width})")
    assert ticks and all(
        tick["value"] == int(tick["value"]) and 0 <= tick["t"] <= 1 for tick in ticks
    )
    places = [tick["t"] * width for tick in ticks]
    widest = 7 * max(len(tick["label"]) for tick in ticks)
    assert all(b - a > widest for a, b in pairwise(places))


def test_names_become_text_never_elements(call):
    script = """const hostile = '<img src=x onerror="window.hit = 1"><b>x</b>';
      const coded = m.coded("`" + hostile + "`");
      const attributes = {title: hostile, class: hostile};
      const element = m.el("p", attributes, hostile, [null, [hostile]], coded);
      document.body.append(element);
      await new Promise((done) => setTimeout(done, 50));
      const found = element.querySelectorAll("img, b").length;
      return [found, element.textContent === hostile.repeat(3), window.hit ?? null]"""
    assert call("dom", script) == [0, True, None]


def test_an_answer_is_asked_for_once_until_its_run_changes(call):
    script = """const asked = [], own = window.fetch;
      let revision = "1", status = 200;
      window.fetch = async (url) => {
        const route = new URL(url).pathname.slice(1);
        asked.push(route);
        const error = JSON.stringify({error: "gone; known: a"});
        if (status !== 200) return new Response(error, {status});
        const max = m.base64(Float32Array.of(revision, NaN));
        const answers = {
          runs: {runs: [{run: "a", revision}], complaints: []},
          run: {revision, statistics: [{name: "loss", axis: "step"}], axes: {step: ["step"]}},
          series: {revision, rows: 1, columns: 2, first: [0, 1], last: [0, 1], max},
        };
        return new Response(JSON.stringify(answers[route]));
      };
      const said = [];
      const read = async () => [...(await m.series("a", "loss")).max].map(String);
      try {
        await m.runs();
        said.push(await read(), await read(), asked.splice(0));
        revision = "2";
        await m.runs();
        said.push(await read(), asked.splice(0));
        status = 404;
        for (const _ of [1, 2]) {
          await m.series("a", "other").catch((error) => said.push([error.message, error.gone]));
        }
        said.push(asked.splice(0));
        window.fetch = async () => { throw new TypeError("refused"); };
        await m.runs().catch((error) => said.push(error.away));
      } finally { window.fetch = own; }
      return said;"""
    assert call("data series", script) == [
        *(["1", "NaN"], ["1", "NaN"], ["runs", "run", "series"]),
        *(["2", "NaN"], ["runs", "run", "series"]),
        *(["gone; known: a", True], ["gone; known: a", True], ["series", "series"]),
        True,
    ]
