"""What stands in the terminal, character by character where it teaches."""

import dataclasses
import io
import math

import numpy as np
import pytest

from gradscope.cli import render, sparks, summary
from gradscope.records import Report
from tests.unit.cli.views import SICK, VANISHING, View

NAN, INF = math.nan, math.inf


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def page(
    width=80, encoding="utf-8", verdicts=(VANISHING,), show_all=False, columns=SICK, sort="worst"
) -> str:
    """The page of a run as a terminal or pipe of that width and encoding gets it."""
    raw = io.BytesIO()
    out = render.console(io.TextIOWrapper(raw, encoding=encoding, write_through=True))
    out.width = width
    validation = {"accuracy": (np.array([0, 30]), np.array([0.25, 0.5]))}
    view = View(columns, validation=validation)
    render.run_page(out, view, Report(verdicts, steps=4), "runs/[gan]", show_all, sort)
    return raw.getvalue().decode(encoding)


def drawn(draw, *values: float) -> str:
    return draw(np.array(values))


PAGE = """\
runs/[gan]
loss, first → last step: 2 → 2  ████████████
validation accuracy, first → last step: 0.25 → 0.5  ▅▅▅▅▅▅▅▅▅▅▅█
              gradient                        update / weight  dead satu-
layer            first     last course          weight   norm units rated
▸first/kernel  1.0e-07  1.0e-07 ▁▁▁▁▁▁▁▃▃▃▃▁ 2.0e-09 ▼      5         40%

 relu                                                           75%   12%
 last/kernel         1      100 ▁▁▁▅▅▅▅××××█     0.001      2
▸ named by a verdict. gradient: its norm. course: over the steps, log scale.
update / weight: median, usually near 0.001 (▼ below 1/30 of it, ▲ above 30
times). dead: units silent for all of the last steps. saturated: of sigmoid and
tanh the values at the ends of their range, of ReLU the units that are off for a
whole batch. 2 more rows with --all.
gradscope: not healthy. 4 recorded steps.
╭─ [critical] vanishing-gradient ──────────────────────────────────────────────╮
│ The gradient shrinks 40-fold from layer to layer.                            │
│ (in net/first/kernel, since step 4, confidence 99%)                          │
│ It explains: learning-rate-low.                                              │
│ Evidence: fold per layer 40.                                                 │
│ What to change: Use ReLU with He initialization.                             │
│ Reference: He et al. 2015                                                    │
│ More: gradscope explain vanishing-gradient                                   │
╰──────────────────────────────────────────────────────────────────────────────╯
    keras.layers.Dense(64, activation="relu", kernel_initializer="he_normal", name="first")
"""


def test_the_whole_page_at_80_columns():
    assert [line.rstrip() for line in page().splitlines()] == PAGE.splitlines()


def test_sparkline_spans_its_values_on_a_log_scale():
    assert drawn(sparks.sparkline, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1) == "▁▂▃▄▅▆▇█"


def test_sparkline_of_noise_around_a_constant_is_flat():
    assert set(drawn(sparks.sparkline, 1.0, 1.05, 0.98, 1.1)) == {"▁"}


def test_sparkline_shows_what_is_not_finite_and_what_is_zero():
    assert drawn(sparks.sparkline, 1, NAN, 10, INF, 0) == "▁×█×▁"


def test_sparkline_of_nothing_but_zeros_or_nan():
    assert drawn(sparks.sparkline, 0, 0, NAN) == "▁▁×"


def test_bars_stand_on_zero_so_that_a_stagnating_loss_looks_level():
    assert drawn(sparks.bars_from_zero, 2.31, 2.30, 2.302) == "███"
    assert drawn(sparks.bars_from_zero, 2.0, 1.0, 0.0) == "█▅▁"
    assert drawn(sparks.bars_from_zero, -1.0, 0.0, 1.0) == "▁▅█"
    assert drawn(sparks.bars_from_zero, 0.0, NAN) == "▁×"


def test_a_row_for_each_layer_and_a_sign_for_what_a_verdict_names():
    rows = page(verdicts=(VANISHING,))
    assert "▸first/kernel" in rows
    assert " last/kernel" in rows
    assert "/bias" not in rows
    assert "2 more rows with --all." in " ".join(rows.split())


def test_all_rows_on_request():
    rows = page(show_all=True)
    assert "first/bias" in rows and "last/bias" in rows
    assert "--all" not in rows


def test_a_layer_that_a_verdict_names_is_marked_in_its_first_row():
    named = dataclasses.replace(VANISHING, layer="net/last")
    assert "▸last/kernel" in page(verdicts=(named,))


def test_update_ratios_far_from_the_guide_get_a_sign():
    lines = {
        line.split()[0].strip("▸"): line for line in page(show_all=True).splitlines() if "/" in line
    }
    assert "2.0e-09 ▼" in lines["first/kernel"]
    assert "0.004  " in lines["first/bias"]
    assert "0.001  " in lines["last/kernel"]
    assert "0.5 ▲" in lines["last/bias"]


def test_a_gradient_that_is_not_a_number_is_said():
    columns = {"grad_norm": {"a/kernel": [NAN, NAN, INF, NAN], "b/kernel": [1.0] * 4}}
    row = next(line for line in page(columns=columns).splitlines() if "a/kernel" in line)
    assert row.split() == ["a/kernel", "nan", "nan", "nan", "××××××××××××"]


@pytest.mark.parametrize("width", [30, 40, 50, 60, 70, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width):
    text = page(width=width)
    table = [line for line in text.splitlines() if "kernel" in line and "e-0" in line]
    assert len(table) == 1
    assert "1.0e-07" in table[0], "the last gradient stays, whatever the width"
    code = VANISHING.remedy.code
    assert all(len(line) <= width or code in line for line in text.splitlines())


def test_a_narrow_table_drops_columns_instead_of_digits():
    lines = page(width=40).splitlines()
    header = next(line for line in lines if line.startswith("layer"))
    assert header.split() == ["layer", "last", "weight"], "the gradient and the update ratio"
    assert lines[lines.index(header) - 1].split() == ["gradient", "update", "/"]


def test_the_legend_speaks_of_what_is_shown_only():
    legend = " ".join(page(width=40).split())
    assert "update / weight: median" in legend
    assert "course:" not in legend and "saturated:" not in legend
    columns = {"grad_norm": {"a/kernel": [1.0] * 4, "b/kernel": [1.0] * 4}}
    legend = " ".join(page(columns=columns).split())
    assert "gradient: its norm. course: over the steps, log scale. gradscope:" in legend
    assert "named by a verdict" not in legend, "no row is marked"


def test_a_long_path_keeps_its_end():
    name = "net/encoder_with_a_long_name/block_11/attention/query/kernel"
    columns = {"grad_norm": {name: [1.0] * 4, "net/other/kernel": [1.0] * 4}}
    assert "…_11/attention/query/kernel" in page(width=60, columns=columns)


def test_code_to_paste_is_never_wrapped_or_boxed():
    code = VANISHING.remedy.code
    assert f"    {code}" in page(width=40).splitlines()


def test_a_panel_says_what_where_since_when_how_sure_and_what_to_change():
    text = " ".join(page().replace("│", " ").split())
    assert "[critical] vanishing-gradient" in text
    assert "The gradient shrinks 40-fold from layer to layer." in text
    assert "(in net/first/kernel, since step 4, confidence 99%)" in text
    assert "It explains: learning-rate-low." in text
    assert "What to change: Use ReLU with He initialization." in text
    assert "Reference: He et al. 2015" in text
    assert "gradscope: not healthy. 4 recorded steps." in text


def test_a_healthy_run_says_so():
    raw = io.StringIO()
    render.print_verdicts(Report((), steps=20), render.console(raw))
    assert raw.getvalue().startswith("gradscope: healthy. ")


def test_only_a_run_that_was_judged_and_found_well_is_green(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    remark = dataclasses.replace(VANISHING, severity="info")

    def colour(*verdicts, steps):
        raw = io.StringIO()
        render.print_verdicts(Report(verdicts, steps=steps), render.console(raw))
        return raw.getvalue().partition("m")[0]

    assert colour(steps=20) == "\x1b[1;32"
    yellow = [colour(steps=0), colour(steps=4), colour(remark, steps=20)]
    assert yellow == ["\x1b[1;33"] * 3
    assert colour(VANISHING, steps=20) == "\x1b[1;31"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1"])
def test_a_terminal_without_utf8_gets_signs_that_it_has(encoding):
    text = page(encoding=encoding)
    assert text.isascii()
    assert ">first/kernel" in text
    assert "2.0e-09 v" in text
    assert "loss, first -> last step: 2 -> 2  ############" in text


def test_a_character_that_the_terminal_lacks_does_not_end_the_report():
    verdict = dataclasses.replace(VANISHING, summary="‖g‖ shrinks.")
    assert "?g? shrinks." in page(encoding="ascii", verdicts=(verdict,))


def test_a_pipe_gets_no_colour():
    assert "\x1b" not in page()


def test_no_colour_is_honoured_on_a_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31m" not in page()
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[31m" in page(), "the test would see a colour"


def test_square_brackets_are_text_not_markup():
    assert page().startswith("runs/[gan]\n")
    raw = io.StringIO()
    render.console(raw).print("gradscope report runs/[red]")
    assert raw.getvalue() == "gradscope report runs/[red]\n"
    columns = {"grad_norm": {"[red]gan[/red]/kernel": [1.0] * 4, "d/kernel": [1.0] * 4}}
    assert "[red]gan[/red]/kernel" in page(columns=columns, width=100)


def test_a_run_without_a_step_is_no_failure():
    raw = io.StringIO()
    out = render.console(raw)
    render.run_page(out, View({}, steps=[]), Report((), steps=0), "runs/new")
    assert "no step was recorded yet, so there is nothing to judge." in raw.getvalue()
    assert "gradient:" not in raw.getvalue(), "no legend without a table"
    traced = View({"grad_norm": {"net/a/kernel": []}}, steps=[])
    render.run_page(out, traced, Report((), steps=0), "runs/new")
    assert "kernel" not in raw.getvalue(), "no table without a number"


def test_forty_rows_of_a_deep_net():
    columns = {"grad_norm": {f"layer_{place}/kernel": [1.0] * 4 for place in range(300)}}
    lines = page(columns=columns, verdicts=()).splitlines()
    assert sum("/kernel" in line for line in lines) == render.MAX_ROWS
    assert summary.rows(View(columns))[-1].name == "layer_299/kernel"
    assert any("layer_299/kernel" in line for line in lines)


LAST = dataclasses.replace(VANISHING, layer="net/last/kernel", symptoms=())


def table_of(text: str) -> list[str]:
    """The first word of each row of the table, "" for the gap."""
    lines = text.splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("layer"))
    end = next(place for place, line in enumerate(lines) if "gradient: its norm" in line)
    return [(line.split() or [""])[0] for line in lines[begin + 1 : end]]


def test_rows_that_a_verdict_names_come_first_and_a_gap_follows():
    worst = ["▸last/kernel", "", "first/kernel", "relu"]
    assert table_of(page(verdicts=(LAST,))) == worst


def test_all_from_input_to_output_on_request_and_in_a_healthy_run():
    depth = ["first/kernel", "relu", "▸last/kernel"]
    assert table_of(page(verdicts=(LAST,), sort="depth")) == depth
    remark = dataclasses.replace(LAST, severity="info")
    assert table_of(page(verdicts=(remark,))) == depth
    assert table_of(page(verdicts=())) == ["first/kernel", "relu", "last/kernel"]


def test_no_gap_where_every_row_is_named():
    columns = {"grad_norm": {"net/first/kernel": [1.0] * 4}, "loss": {"loss": [1.0] * 4}}
    assert table_of(page(columns=columns)) == ["▸first/kernel"]


def test_evidence_is_told_in_words_the_telling_figures_first():
    evidence = {
        "drop_decades": 5.01, "probability_gone": 1.0, "layers": 9.0, "loss_start": 2.3251,
        "loss_end": 2.3, "path": 7.0,
    }  # fmt: skip
    found = dataclasses.replace(VANISHING, evidence=evidence)
    text = " ".join(page(verdicts=(found,)).replace("│", " ").split())
    assert "Evidence: drop decades 5.01, layers 9, loss start 2.325, loss end 2.3. What" in text
    silent = dataclasses.replace(VANISHING, evidence={})
    assert "Evidence" not in page(verdicts=(silent,))


def test_a_loss_that_is_not_a_number_is_said():
    columns = {"grad_norm": {"a/kernel": [1.0] * 4}, "loss": {"loss": [2.0, 1.0, NAN, NAN]}}
    assert "loss, first → last step: 2 → nan" in page(columns=columns)


def test_a_name_stays_on_its_line():
    names = {"net/line\nbreak\x1b[31m/kernel": [1.0] * 4, "net/b/kernel": [1.0] * 4}
    assert " line?break?[31m/kernel" in page(columns={"grad_norm": names}, width=100)
