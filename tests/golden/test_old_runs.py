"""Runs that earlier versions of gradscope wrote can still be opened."""

import math
from pathlib import Path

import numpy as np

from gradscope.layout import Layout
from gradscope.run import open_run

HERE = Path(__file__).parent
NAN, INF = np.nan, np.inf


def test_version_1():
    run = open_run(HERE / "v1")
    assert run.notes == ()
    assert run.steps.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert run.wall_times.tolist() == [1.7e9 + step for step in range(7)]
    assert run.layout == Layout(
        {"grad_norm": ("dense/kernel", "dense_1/kernel"), "loss": ("loss",)}
    )
    assert run.info == {"optimizer": {"name": "adam"}, "tensorflow": "2.21.0"}
    steps, norms = run.series("grad_norm")
    assert steps.tolist() == run.steps.tolist()
    kernels = [2.0**-step for step in range(7)]
    np.testing.assert_array_equal(norms[:, 0], kernels)
    np.testing.assert_array_equal(norms[:, 1], [INF] * 4 + [0] * 3)
    np.testing.assert_array_equal(
        run.series("loss")[1][:, 0], [2.0 ** -(step + 7) for step in range(4)] + [1] * 3
    )
    steps, losses = run.validation["loss"]
    assert (steps.tolist(), losses.tolist()) == ([6], [1.5])
    (verdict,) = run.verdicts
    assert (verdict.cause, verdict.severity, verdict.layer, verdict.step, verdict.confidence) == (
        "vanishing-gradient",
        "critical",
        "dense/kernel",
        3,
        0.96875,
    )
    assert verdict.evidence["fold_per_layer"] == 40.0
    assert math.isnan(verdict.evidence["p_value"])
    assert [symptom.cause for symptom in verdict.symptoms] == ["learning-rate-low"]
    assert verdict.remedy.reference == "He et al. 2015"
    assert run.overhead is None, "it was not measured then"
