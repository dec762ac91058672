"""No rule raises or warns, whatever a run holds."""

import warnings
from importlib import import_module

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradscope import catalog
from gradscope.causes import BY_SLUG, CAUSES
from gradscope.diagnosis.history import Snapshot
from gradscope.layout import Layout

RULES = sorted({cause.rule for cause in CAUSES})
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf, 3.4e38, 1e-45, -1.0]),
    st.floats(width=32),
)


def _objective(kind: str, loss: str | None, activation: str, units: int | None, **more) -> dict:
    output = {"layer": "a", "activation": activation, "units": units, "before": "relu"}
    return {"objective": {"kind": kind, "loss": loss, "classes": 2, "output": output, **more}}


OBJECTIVES = [
    _objective("sparse", "sparse_categorical_crossentropy", "linear", 3, logits=False),
    _objective("onehot", "categorical_crossentropy", "softmax", 3, logits=True),
    _objective("binary", "binary_crossentropy", "sigmoid", 1, logits=True),
    _objective("regression", None, "tanh", 1),
    _objective("regression", "mean_squared_error", "linear", None),
    {"objective": {"output": None}, "regularizers": {"a/kernel": {"l1": None}}, "dropout": {}},
]


@st.composite
def runs(draw) -> Snapshot:
    """Any statistics, any names, any number of steps, any numbers."""
    names = [s.name for s in catalog.STATISTICS]
    recorded = draw(st.lists(st.sampled_from(names), unique=True))
    count = draw(st.integers(0, 4))
    paths = draw(
        st.lists(
            st.sampled_from(["a/kernel", "b/kernel", "b/bias", "kernel#2", "", "a"]),
            unique=True,
            min_size=count,
            max_size=count,
        )
    )
    columns = {
        name: (name,) if catalog.BY_NAME[name].per == "step" else tuple(paths)
        for name in names
        if name in recorded
    }
    layout = Layout(columns)
    steps = draw(st.one_of(st.integers(0, 3), st.integers(18, 40)))
    rows = draw(hnp.arrays(np.float32, (steps, layout.slots), elements=NUMBERS, fill=NUMBERS))
    info = draw(
        st.sampled_from(
            [
                {},
                {"variables": {"a/kernel": {"shape": [3, 4]}}},
                {"variables": {"a/kernel": {"shape": [3]}}, "optimizers": [{"class": "SGD"}]},
                {"variables": None, "optimizers": None},
                {"variables": {"a/kernel": None}, "optimizers": [{}, 1]},
                *OBJECTIVES,
            ]
        )
    )
    at = np.array([0, 2, 7, 30], np.int64)
    figures = hnp.arrays(np.float64, 4, elements=NUMBERS)
    validation = {
        metric: (at, draw(figures))
        for metric in draw(st.sets(st.sampled_from(["loss", "accuracy", "other"])))
    }
    return Snapshot(layout, np.arange(steps, dtype=np.int64), rows, info, validation)


@pytest.mark.parametrize("rule", RULES)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(run=runs())
def test_any_run_is_judged_without_error_or_warning(rule, run):
    find = import_module(f"gradscope.diagnosis.rules.{rule}").find
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        findings = find(run)
    for finding in findings:
        assert finding.cause in BY_SLUG
        assert 0.0 <= finding.confidence <= 1.0 + 1e-9
        assert finding.severity in ("info", "warning", "critical")
        assert finding.step in run.series(run.statistics[0])[0]
        assert finding.layer is None or isinstance(finding.layer, str)
        assert finding.summary


SICK = {
    "vanishing": {"loss": 2.3, "grad_norm": np.logspace(-7, -1, 6)},
    "zeros": {"loss": 2.3, "grad_norm": [0, 0, 0, 0.1, 0.1, 0.1]},
    "growing": {
        "loss": np.logspace(0, 9, 40)[:, None],
        "global_grad_norm": np.logspace(0, 9, 40)[:, None],
    },
    "absurd": {"loss": 50.0, "update_ratio": 1e5},
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("sick", SICK)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_sick_run_with_holes_is_judged_without_error_or_warning(rule, sick, make_run, data):
    whole = make_run(40, **SICK[sick])
    names = data.draw(st.sets(st.sampled_from(whole.statistics), max_size=4), "left out")
    run = make_run(40, **{**SICK[sick], **dict.fromkeys(names)})
    slots = sum(len(run.names(name)) for name in run.statistics)
    cells = st.tuples(st.integers(0, 39), st.integers(0, slots - 1), NUMBERS)
    rows = np.concatenate([run.series(name)[1] for name in run.statistics], axis=1)
    for row, column, number in data.draw(st.lists(cells, max_size=20), "cells"):
        rows[row, column] = number
    layout = Layout({name: run.names(name) for name in run.statistics})
    holed = Snapshot(layout, np.arange(40, dtype=np.int64), rows, {}, {})
    find = import_module(f"gradscope.diagnosis.rules.{rule}").find
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for finding in find(holed):
            assert 0.0 <= finding.confidence <= 1.0 + 1e-9


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 3.4e38])
@pytest.mark.parametrize("steps", [0, 1, 3, 25, 60])
def test_one_number_everywhere_is_judged_without_error(rule, value, steps, make_run):
    constant = {s.name: value for s in catalog.STATISTICS}
    find = import_module(f"gradscope.diagnosis.rules.{rule}").find
    for finding in find(make_run(steps, **constant)):
        assert 0.0 <= finding.confidence <= 1.0
