from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.disconnected_variable import find


def info(*lost: str, **more: Any) -> dict[str, Any]:
    return {
        "unconnected": list(lost),
        "layers": {f"net/dense_{i}": {"class": "Dense"} for i in range(1, 7)},
        "variables": {f"net/dense_{i}/kernel": {"shape": [10, 10]} for i in range(1, 7)}
        | {"net/unused/kernel": {"shape": [10, 40]}},
        **more,
    }


FIRST = "net/dense_1/kernel"


@pytest.fixture
def failing(make_run):
    def run(facts, steps=100):
        noise = np.random.default_rng(5).normal(0.0, 0.02, size=(steps, 1))
        return make_run(steps, loss=2.3 + noise, info=facts)

    return run


def test_a_variable_of_a_layer_that_ran_is_named(failing):
    (finding,) = find(failing(info(FIRST)))
    assert finding.cause == "disconnected-variable"
    assert finding.severity == "warning"
    assert finding.layer == FIRST
    assert finding.step == 0
    assert finding.confidence > 0.9
    assert finding.evidence["share_of_weights"] == pytest.approx(0.1)
    assert finding.summary.startswith(f"No gradient reaches {FIRST}, though the layer ran, and the")
    assert "argmax" in finding.remedy.text


def test_it_is_a_remark_where_the_run_does_well(make_run):
    (finding,) = find(make_run(info=info(FIRST)))
    assert finding.severity == "info"
    assert finding.confidence == 1.0


def test_it_is_a_remark_while_the_run_is_too_young_to_tell(failing):
    (finding,) = find(failing(info(FIRST), steps=3))
    assert finding.severity == "info"


def test_a_layer_that_never_ran_is_a_remark(failing):
    (finding,) = find(failing(info("net/unused/kernel")))
    assert finding.severity == "info"
    assert "had no part in the loss" in finding.summary
    assert finding.remedy.code == "layer.trainable = False"


def test_a_loop_that_asks_for_a_part_on_purpose_is_no_fault(failing):
    (finding,) = find(failing(info(FIRST, none_gradients=[])))
    assert finding.severity == "info"


def test_one_that_an_optimizer_was_handed_none_for_is(failing):
    (finding,) = find(failing(info(FIRST, none_gradients=[FIRST])))
    assert finding.severity == "warning"


def test_the_inner_layers_of_one_that_ran_count(failing):
    (finding,) = find(failing(info("net/dense_1/cell/kernel")))
    assert finding.severity == "warning"


def test_of_many_the_summary_names_three(failing):
    lost = [f"net/dense_{i}/kernel" for i in range(1, 6)]
    (finding,) = find(failing(info(*lost)))
    assert f"{', '.join(lost[:3])} and others, though" in finding.summary
    assert finding.evidence["disconnected_variables"] == 5


@pytest.mark.parametrize("known", [None, [], 3, [None, 4]])
def test_a_run_that_says_nothing_of_it_is_fine(failing, known):
    assert not find(failing({"unconnected": known}))


def test_a_run_without_records_is_not_judged(failing):
    assert not find(failing(info(FIRST), steps=0))
