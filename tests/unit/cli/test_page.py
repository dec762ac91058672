"""The self-contained page, without a browser: what is in it, and that it stays small and harmless.

tests/plugin/test_html_report.py opens it in one.
"""

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from gradscope.cli.page import PageRun, embedding, frontend, page, runs_page
from gradscope.cli.page.document import MAX_BYTES, MOST_COMPARED
from gradscope.cli.runs import open_all, report_of
from gradscope.errors import UsageError
from gradscope.records import Remedy, Report, Verdict
from gradscope.run import Run
from tests.unit.cli.views import LONG, SICK, VANISHING, write_run

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\"&"


class Page(HTMLParser):
    """The elements of a page; scripts by their type."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: dict[str | None, tuple[dict[str, str | None], str]] = {}
        self._open: dict[str, str | None] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open = dict(attrs) if tag in ("script", "style") else None

    def handle_data(self, data):
        if self._open is None:
            self.text.append(data)
        elif self.elements[-1][0] == "script":
            self.scripts[self._open.get("type")] = (self._open, data)

    def handle_endtag(self, tag):
        self._open = None

    @property
    def data(self):
        return json.loads(self.scripts["application/json"][1])


def opened(logdir) -> list[tuple[Run, Report]]:
    return [(run, report_of(run)) for run in open_all(str(logdir))[0]]


def made(logdir) -> Page:
    return Page(runs_page(opened(logdir), str(logdir)))


def numbers(answer) -> np.ndarray:
    """float32[rows, columns] of an answer of `series`."""
    values = np.frombuffer(base64.b64decode(answer["max"]), "<f4")
    return values.reshape(answer["rows"], answer["columns"])


def wide(names: int, steps: int, statistics=("grad_norm", "update_ratio", "weight_norm")):
    """Columns of a run of so many variables; grad_norm has a spike at one step."""
    rng = np.random.default_rng(0)
    columns = {
        statistic: {f"d{name}/kernel": rng.random(steps).tolist() for name in range(names)}
        for statistic in statistics
    }
    columns["grad_norm"]["d0/kernel"][steps // 3] = 1e6
    return {**columns, "loss": {"loss": rng.random(steps).tolist()}}


def test_the_part_without_scripts_says_it_all_in_words(tmp_path):
    write_run(tmp_path / "sick", verdicts=(VANISHING,))
    text = " ".join(" ".join(made(tmp_path / "sick").text).split())
    for part in (
        "gradscope: not healthy. 4 recorded steps.", "vanishing-gradient", "since step 4",
        "Use ReLU with He initialization.", VANISHING.remedy.code, "net/first/kernel",
        "loss, first → last step: 2 → 2", "▁▁▁▁▁▁▁▃▃▃▃▁", "2.0e-09",
        "Heatmap and charts need scripts, which are off here.",
    ):  # fmt: skip
        assert part in text, part
    assert text.index("not healthy") < text.index("2.0e-09") < text.index("need scripts")


def test_rows_that_a_verdict_names_come_first(tmp_path):
    last = dataclasses.replace(VANISHING, layer="net/last/kernel", symptoms=())
    write_run(tmp_path / "sick", verdicts=(last,))
    write_run(tmp_path / "well", columns=LONG)
    rows = [text for text in made(tmp_path / "sick").text if text.startswith("net/")]
    assert [*dict.fromkeys(rows)][:2] == ["net/last/kernel", "net/first/kernel"]
    rows = [text for text in made(tmp_path / "well").text if text.startswith("net/")]
    assert rows == ["net/first/kernel", "net/relu", "net/last/kernel"]


def test_it_holds_what_the_frontend_asks_a_server_for(tmp_path):
    write_run(tmp_path / "digits", verdicts=(VANISHING,))
    data = made(tmp_path / "digits").data
    (entry,) = data["runs"]["runs"]
    name = "digits/gradscope"
    assert (entry["run"], entry["title"], entry["cause"]) == (name, "digits", VANISHING.cause)
    assert set(data["run"]) == set(data["series"]) == {name}
    shown = [statistic["name"] for statistic in data["run"][name]["statistics"]]
    assert sorted(shown) == sorted(data["series"][name]) == sorted(SICK)
    first = numbers(data["series"][name]["grad_norm"])[0]
    assert first == pytest.approx([1e-7, 1e-7, 2e-7, 1e-7])
    assert "min" in data["series"][name]["loss"]


def test_runs_below_a_directory_are_named_as_tensorboard_does(tmp_path):
    write_run(tmp_path / "a", columns=LONG)
    write_run(tmp_path / "sweep" / "b", verdicts=(VANISHING,))
    page = made(tmp_path)
    assert list(page.data["run"]) == ["a/gradscope", "sweep/b/gradscope"]
    start = page.scripts["application/json"][0]["data-start"]
    assert start == "#gradscope&p.gradscope.run=sweep%2Fb%2Fgradscope", "a sick one first"


def test_the_run_of_the_current_directory_has_that_ones_name(tmp_path, monkeypatch):
    write_run(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    assert list(made(".").data["run"]) == ["here/gradscope"]


def test_a_page_names_no_directory_above_the_runs(tmp_path):
    write_run(tmp_path / "a", columns=LONG)
    write_run(tmp_path / "b", verdicts=(VANISHING,))
    assert str(tmp_path) not in runs_page(opened(tmp_path), str(tmp_path))


def test_a_run_that_is_judged_now_shows_those_verdicts(tmp_path):
    write_run(tmp_path / "cut", verdicts=None)
    run = open_all(str(tmp_path / "cut"))[0][0]
    text = page([PageRun("cut", run, Report((VANISHING,), steps=4))], "cut")
    held = Page(text).data["run"]["cut"]
    assert [verdict["cause"] for verdict in held["verdicts"]] == ["vanishing-gradient"]
    assert held["judged"] and "not healthy" in held["headline"]


def test_few_runs_are_compared_with_each_other_and_many_are_not(tmp_path):
    for number in range(2):
        write_run(tmp_path / f"run{number}", columns=LONG)
    pairs = [(one["a"], one["b"]) for one in made(tmp_path).data["compare"]]
    a, b = "run0/gradscope", "run1/gradscope"
    assert pairs == [(a, b), (b, a)]
    for number in range(2, MOST_COMPARED + 1):
        write_run(tmp_path / f"run{number}", columns=LONG)
    assert made(tmp_path).data["compare"] == []


def test_a_comparison_can_be_what_it_opens_with(tmp_path):
    write_run(tmp_path / "a", columns=LONG)
    write_run(tmp_path / "b", columns=LONG)
    runs = [PageRun(run.logdir[-1], run, report) for run, report in opened(tmp_path)]
    opens = Page(page(runs, "a", other="b", introduction="<p>They differ.</p>"))
    start = opens.scripts["application/json"][0]["data-start"]
    assert start == "#gradscope&p.gradscope.run=a&p.gradscope.other=b"
    assert opens.text.index("They differ.") < opens.text.index("a")


# what must not happen


def test_nothing_in_a_run_becomes_an_element(tmp_path):
    evil = Verdict(
        "vanishing-gradient", "critical", f"{EVIL}/kernel", 3, 0.97, EVIL, {EVIL: 1.0},
        (dataclasses.replace(VANISHING, layer=EVIL, summary=EVIL, symptoms=()),),
        Remedy(EVIL, EVIL, EVIL),
    )  # fmt: skip
    columns = {"grad_norm": {f"{EVIL}/kernel": [1.0] * 4}, "loss": {"loss": [1.0] * 4}}
    write_run(tmp_path / "evil", columns=columns, verdicts=(evil,))
    run = open_all(str(tmp_path / "evil"))[0][0]
    name = f"{EVIL}/gradscope"
    html = page([PageRun(name, run, Report((evil,), steps=4))], name)
    shown = Page(html)
    tags = [tag for tag, _ in shown.elements]
    assert "img" not in tags and tags.count("script") == 3
    assert not [a for _, given in shown.elements for a in given if a.startswith("on")]
    assert shown.data["run"][name]["verdicts"][0]["summary"] == EVIL, "and yet it can be read"
    assert EVIL in shown.text


def test_the_policy_lets_nothing_in_but_its_own_scripts_and_nothing_out(tmp_path):
    write_run(tmp_path / "a")
    shown = made(tmp_path / "a")
    policy = next(
        given["content"] for tag, given in shown.elements if tag == "meta" and "http-equiv" in given
    )
    nonce = re.search(r"script-src 'nonce-([0-9a-f]{32})' data:;", policy)
    assert nonce and policy and policy.startswith("default-src 'none';")
    assert "unsafe-eval" not in policy and "script-src 'unsafe-inline'" not in policy
    for kind in ("importmap", "module"):
        assert shown.scripts[kind][0]["nonce"] == nonce[1]
    other = Page(runs_page(opened(write_run(tmp_path / "b")), str(tmp_path / "b")))
    assert other.scripts["module"][0]["nonce"] != nonce[1], "not to be known beforehand"


def test_it_links_to_nothing(tmp_path):
    write_run(tmp_path / "a", verdicts=(VANISHING,))
    shown = made(tmp_path / "a")
    assert not [given for _, given in shown.elements if {"src", "href"} & set(given)]
    html = runs_page(opened(tmp_path / "a"), str(tmp_path / "a"))
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "@import" not in style and "url(" not in style.replace("url(data:", "")


# the frontend


def test_every_module_is_there_and_imports_by_bare_names_that_are_mapped():
    mapped = json.loads(frontend.import_map())["imports"]
    assert frontend.entry_import() in mapped
    for url in mapped.values():
        kind, _, content = url.partition(";base64,")
        assert kind == "data:text/javascript"
        source = base64.b64decode(content).decode()
        imports = re.findall(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']""", source)
        assert set(imports) <= set(mapped)
    assert "gradscope/vendor-uplot.js" in mapped and len(mapped) > 20


def test_a_module_that_is_missing_is_said(monkeypatch, tmp_path):
    (tmp_path / "index.js").write_text('import { a } from "./gone.js";\n')
    monkeypatch.setattr(frontend, "STATIC", tmp_path)
    with pytest.raises(UsageError, match=r"lacks gone\.js of the TensorBoard tab.* anew\.$"):
        frontend.import_map()


# the budget


def test_a_small_run_is_held_whole(tmp_path):
    (run, _), *_ = opened(write_run(tmp_path, columns=wide(3, 50)))
    held = embedding.embed(run, "r", embedding.need(run))
    assert not held.binned and held.left_out == ()
    assert all(one["columns"] == 50 for one in held.series.values())


def test_more_steps_than_columns_are_binned_and_a_spike_survives(tmp_path):
    (run, _), *_ = opened(write_run(tmp_path, columns=wide(20, 600)))
    held = embedding.embed(run, "r", embedding.need(run) / 3)
    assert held.binned and held.left_out == ()
    assert 150 <= held.series["grad_norm"]["columns"] <= 200
    assert numbers(held.series["grad_norm"])[0].max() == 1e6


def test_where_columns_would_be_too_few_the_least_telling_statistics_go(tmp_path):
    columns = wide(200, 300, ("grad_norm", "grad_max_abs", "update_ratio", "weight_norm"))
    (run, _), *_ = opened(write_run(tmp_path, columns=columns))
    held = embedding.embed(run, "r", embedding.need(run) / 5)
    assert held.left_out == ("grad_max_abs", "weight_norm")
    assert {"grad_norm", "loss"} <= set(held.series)
    assert held.series["grad_norm"]["columns"] >= embedding.LEAST_COLUMNS - 1
    shown = {one["name"] for one in held.answer["statistics"]}
    assert shown == set(held.series), "the picker offers what is there"


def test_what_a_verdict_points_to_is_kept_before_others(tmp_path):
    columns = wide(200, 300, ("grad_norm", "update_ratio", "weight_norm", "nonfinite_count"))
    bad = Verdict("nonfinite", "critical", "d3/kernel", 7, 1.0, "NaN.")
    (run, _), *_ = opened(write_run(tmp_path, columns=columns, verdicts=(bad,)))
    held = embedding.embed(run, "r", embedding.need(run) / 7)
    pointed = held.answer["verdicts"][0]["statistic"]
    assert pointed in held.series and held.left_out


def test_small_runs_leave_their_room_to_large_ones():
    assert embedding.shares([10.0, 10.0], 100.0) == [10.0, 10.0]
    assert embedding.shares([10.0, 1000.0, 1000.0], 110.0) == [10.0, 50.0, 50.0]
    assert embedding.shares([], 100.0) == []


def test_a_page_keeps_to_its_size_and_says_what_it_lacks(tmp_path):
    write_run(tmp_path / "big", columns=wide(150, 600))
    judged = opened(tmp_path / "big")
    whole = runs_page(judged, str(tmp_path / "big"))
    assert len(whole) < MAX_BYTES and "keep this page small" not in whole
    run, report = judged[0]
    limit = 1_200_000
    small = page([PageRun("big", run, report)], "big", max_bytes=limit)
    assert 0.8 * limit < len(small) < limit < len(whole)
    text = " ".join(Page(small).text)
    assert "To keep this page small, its charts don't show every step" in text
    assert re.search(r"charts have \d+ columns at most", text)


def test_a_run_without_a_step_is_no_failure(tmp_path):
    empty = {statistic: {name: [] for name in names} for statistic, names in SICK.items()}
    write_run(tmp_path / "new", columns=empty)
    shown = made(tmp_path / "new")
    assert "no step was recorded yet" in " ".join(shown.text)
    assert numbers(shown.data["series"]["new/gradscope"]["grad_norm"]).shape == (4, 0)
