"""Runs that begin alike to the bit: the first number that differs."""

import numpy as np
import pytest

from gradscope.comparison import compare
from tests.unit.comparison.views import KERNELS, LAYERS, training


def times(factor):
    return lambda values: values * np.float32(factor)


def test_a_run_and_itself():
    found = compare(training(0), training(0))
    assert found.exact and found.parting is None and found.layers == ()
    assert found.sentences == ("The two are the same in all 100 steps that both recorded.",)


def test_the_first_layer_of_the_first_step():
    b = training(0).changed("grad_norm", KERNELS[1], times(1.01), since=40)
    b = b.changed("grad_norm", KERNELS[0], times(1.01), since=41)
    b = b.changed("grad_norm", KERNELS[2], times(1.01), since=40)
    found = compare(training(0), b)
    assert found.exact
    assert (found.parting.statistic, found.parting.name, found.parting.step) == (
        "grad_norm", KERNELS[1], 40,
    )  # fmt: skip
    assert found.parting.b == pytest.approx(1.01 * found.parting.a, rel=1e-5)
    assert [place.name for place in found.layers] == [KERNELS[1], KERNELS[2], KERNELS[0]]
    assert "They are the same up to step 39 and part at step 40" in found.sentences[0]


@pytest.mark.parametrize(
    ("statistic", "name", "meaning"),
    [
        ("activation_rms", LAYERS[0], "the model's forward pass"),
        ("loss", "loss", "the labels or the loss"),
        ("grad_norm", KERNELS[0], "how gradients are computed"),
        ("update_ratio", KERNELS[0], "the optimizer or its settings"),
    ],
)
def test_what_differs_at_once_tells_where_to_look(statistic, name, meaning):
    b = training(0)
    later = ("activation_rms", "loss", "grad_norm", "update_ratio")
    for other in later[later.index(statistic) :]:
        for row in b.names(other):
            b = b.changed(other, row, times(1.01))
    found = compare(training(0), b)
    assert found.exact and found.parting.step == 0
    assert (found.parting.statistic, found.parting.name) == (statistic, name)
    assert meaning in found.sentences[0]


def test_what_xla_rounds_otherwise_is_the_same():
    b = training(0).changed("grad_norm", KERNELS[0], times(1 + 1e-6))
    assert compare(training(0), b).parting is None


def test_rounding_that_grows_is_no_parting():
    growth = 1 + 1e-7 * 1.2 ** np.arange(100)
    b = training(0).changed("grad_norm", KERNELS[0], lambda values: values * growth)
    found = compare(training(0), b)
    assert not found.exact and found.parting is None


def test_nan_parts_at_once():
    b = training(0).changed("grad_norm", KERNELS[2], lambda x: x * np.nan, since=77)
    found = compare(training(0), b)
    assert (found.parting.step, found.parting.name) == (77, KERNELS[2])
    assert found.to_dict()["parting"]["b"] is None


def test_other_batches_from_one_checkpoint_are_no_exact_twins():
    """Two fine-tunings of the same weights with other seeds part in no number that matters."""
    a, b = training(0), training(1)
    for name in KERNELS:
        first = a.series("weight_norm")[1][:, KERNELS.index(name)]
        b = b.changed("weight_norm", name, lambda _, first=first: first)
    found = compare(a, b)
    assert not found.exact and found.parting is None


def test_another_cadence_is_the_same_where_both_recorded():
    found = compare(training(0), training(0).kept(range(0, 100, 3)))
    assert found.exact and found.steps == 34 and found.parting is None


def test_runs_that_are_resumed_at_another_step_do_not_begin_together():
    assert not compare(training(0), training(0).kept(range(10, 100))).exact
