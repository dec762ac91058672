"""The tables say what the document holds."""

import io

import pytest

from gradscope.bench import table
from gradscope.cli import render
from tests.unit.bench import canned


def shown(document):
    stream = io.StringIO()
    table.show(document, render.console(stream))
    return stream.getvalue()


def test_a_row_for_each_arm_with_the_ratio_to_believe():
    rows = list(table.rows(canned.document("mlp")))
    assert [row.recorded for row in rows] == ["every=1", "every=10", "every=auto"]
    assert rows[0].figures == ("11.50", "12.65", "1.100", "1.100–1.100", "1.100–1.100")
    assert rows[2].figures[2] == "1.141", "of the whole time, not the median 1.000"


def test_the_terminal():
    text = shown(canned.document("mlp", "cnn"))
    assert "Abacus 3000" in text and "TensorFlow 2.21.0" in text
    lines = text.splitlines()
    assert [line.split()[:2] for line in lines if "every=1 " in line] == [
        ["mlp", "every=1"],
        ["cnn", "every=1"],
    ]
    assert any(
        line.split() == ["mlp", "1.5", "3.0", "2.00", "1.0", "1.0", "1.020"] for line in lines
    )
    assert max(map(len, lines[1:])) <= 100
    assert "mlp every=auto: Recording every=auto cost nothing." in lines
    assert "every=10 cost nothing" not in text


def test_figures_that_are_missing_and_why():
    text = shown(canned.document("mlp", run=canned.failing("timing")))
    assert "mlp –: its process died of signal 9" in text
    text = shown(canned.document("mlp", compiles=0, memory=False))
    assert any(
        line.split() == ["mlp", "2.0", "5.0", "2.50", "–", "–", "–"] for line in text.splitlines()
    )


def test_an_arm_that_would_take_too_long_says_so():
    document = canned.document("mlp")
    about = {"arm": "every=auto", "every": "auto", "only": None}
    document["workloads"][0]["arms"][2] = {**about, "problem": "it takes 9 minutes"}
    assert "mlp every=auto: not measured: it takes 9 minutes" in shown(document)
    assert "not measured: it takes 9 minutes" in table.markdown(document)


def test_a_wide_interval_is_not_passed_over():
    document = canned.document("mlp")
    document["workloads"][0]["arms"] = document["workloads"][0]["arms"][:1]
    assert not table.noisy(document) and "--pairs" not in shown(document)
    document["workloads"][0]["arms"][0]["ratio"].update(low=1.0, high=1.2)
    assert table.noisy(document) and "--pairs" in shown(document)


def test_markdown_is_a_table_also_where_a_title_has_a_bar():
    lines = table.markdown(canned.document("mlp")).splitlines()
    rows = [line for line in lines if line.startswith(r"| A mlp \| of [bold]some[/] size |")]
    assert len(rows) == 3
    assert {line.replace(r"\|", "").count("|") for line in rows} == {len(table.COLUMNS) + 1}


@pytest.mark.parametrize("every", [1, 10])
def test_the_headline_of_a_fixed_cadence_is_the_median(every):
    ratio = {"median": 1, "low": 2, "high": 3, "whole": 4, "whole_low": 5, "whole_high": 6}
    assert table.headline({"every": every, "ratio": ratio}) == (1, 2, 3)
    assert table.headline({"every": "auto", "ratio": ratio}) == (4, 5, 6)
