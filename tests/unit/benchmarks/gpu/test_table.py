"""What the table says of a result that is known."""

import copy

import pytest

from benchmarks.gpu import table

ARM = {
    "step_quartiles": [0.010, 0.012, 0.015],
    "ratio_quartiles": [1.0, 1.0, 1.0],
    "queued_share": 0.1,
    "compile_seconds": 10.0,
    "compile_ratio": 1.0,
    "memory": {"peak": 250_000_000},
    "memory_ratio": 1.0,
    "operations": 1e9,
    "bytes": 1e9,
    "floor_seconds": 0.004,
    "kernels": {"launches": 100, "fusions": 80, "reductions": 30},
    "stablehlo": {"reduce": 20},
    "weights": None,
    "statistics": None,
}
RECORDED = {
    **ARM,
    "ratio_quartiles": [1.01, 1.02, 1.05],
    "compile_ratio": 1.4,
    "memory_ratio": 1.004,
    "bytes": 1.1e9,
    "kernels": {"launches": 130, "fusions": 100, "reductions": 90},
    "stablehlo": {"reduce": 110},
    "weights": {"relative": 3e-7, "variable": "v", "nudged": 1e-7, "limit": 1e-6, "agree": True},
    "statistics": {
        "values": 90,
        "median": 1e-7,
        "undetermined": 4,
        "beyond": 0,
        "stray": [],
        "agree": True,
    },
}
RESULT = {
    "workload": "mlp",
    "title": "MLP: 784",
    "size": "cpu",
    "forms": "gpu",
    "variables": 20,
    "layers": 10,
    "exported": {"date": "2026-11-21", "tensorflow": "2.21.0"},
    "compared_after_steps": 3,
    "finite": {"plain": True, "all": True},
    "arms": {"plain": ARM, "all": RECORDED},
}


def changed(**arm: object) -> str:
    result = copy.deepcopy(RESULT)
    result["arms"]["all"] |= arm
    return table.rows(result)


def test_an_arm_is_a_line_with_its_figures():
    lines = table.rows(RESULT).splitlines()
    (line,) = [line for line in lines if line.startswith("  all  ")]
    for figure in ("12.000 (10.000-15.000)", "1.020 (1.010-1.050)", "10.0 s ×1.40"):
        assert figure in line
    for figure in ("250.0 ×1.004", "130 100 90", "4.000"):
        assert figure in line


def test_what_recording_adds_is_told_per_variable_and_layer():
    text = table.rows(RESULT)
    assert "all: +30 kernels, +60 reductions (as traced +90) for 30 variables and layers" in text
    assert "1.0 kernels and 2.0 reductions each; +100.0 MB" in text


def test_agreement_is_said_with_its_figures():
    text = table.rows(RESULT)
    assert "weights after 3 steps as the plain step's: at most 3e-07 apart" in text
    assert "statistics as the CPU's: of 90 values 0 beyond" in text
    assert "1e-07; 4 left out" in text
    assert "NOT" not in text


def test_weights_that_are_the_same_are_called_equal():
    assert "equal to the plain step's, to the bit" in changed(
        weights={**RECORDED["weights"], "relative": 0.0, "variable": ""}
    )


def test_disagreement_is_said_and_the_strays_are_named():
    stray = {
        "statistic": "grad_norm",
        "name": "dense/kernel",
        "step": 2,
        "found": "nan",
        "expected": 0.25,
        "limit": 0.001,
    }
    text = changed(
        weights={**RECORDED["weights"], "relative": "inf", "agree": False},
        statistics={**RECORDED["statistics"], "beyond": 1, "stray": [stray], "agree": False},
    )
    assert "weights after 3 steps NOT as the plain step's: at most inf apart" in text
    assert "statistics NOT as the CPU's: of 90 values 1 beyond" in text
    assert "grad_norm dense/kernel step 2: nan, on the CPU 0.25, limit ±0.001" in text


def test_what_is_not_known_is_a_question_mark():
    text = changed(memory=None, memory_ratio=None, kernels=None, floor_seconds=None)
    (line,) = [line for line in text.splitlines() if line.startswith("  all  ")]
    assert line.count("?") == 5


def test_statistics_that_were_not_compared_are_said_to_be():
    assert "all: statistics not compared" in changed(statistics=None)


def test_a_host_that_is_too_slow_and_weights_that_broke_are_told():
    assert "all: the host, queueing steps, took most of the time" in changed(queued_share=0.95)
    result = {**RESULT, "finite": {"plain": True, "all": False}}
    assert "all: NaN or infinite weights" in table.rows(result)
    assert "NaN" not in table.rows(RESULT)


@pytest.mark.parametrize("listed", [True, False])
def test_the_heading_says_device_rates_and_versions(listed):
    card = {"name": "H100 SXM", "bandwidth": 3350, "tf32": 494} if listed else None
    text = table.heading(
        {
            "device": {"kind": "NVIDIA H100", "platform": "gpu"},
            "card": card,
            "copy_rate": 3e12,
            "date": "2026-11-21",
            "versions": {"jax": "1.2", "jaxlib": "1.3", "numpy": "2.4", "python": "3.12"},
        }
    )
    assert "NVIDIA H100 (gpu), 2026-11-21" in text
    assert ("3350 GB/s, 494 TFLOP/s" in text) is listed
    assert ("not in the list of cards" in text) is not listed
    assert "a copy runs at 3000 GB/s" in text
    assert "jax 1.2, jaxlib 1.3" in text
