"""Rows are matched by name, but for Keras' counters; steps by number."""

import numpy as np

from gradscope.comparison.matching import match
from tests.unit.comparison.views import View


def named(*names, steps=(0, 1, 2)):
    return View({"grad_norm": {name: np.arange(len(steps)) for name in names}}, steps)


def test_equal_names_belong_together_whatever_their_order():
    found = match(named("net/a/kernel", "net/b/kernel"), named("net/b/kernel", "net/a/kernel"))
    assert found.names == {"net/a/kernel": "net/a/kernel", "net/b/kernel": "net/b/kernel"}
    assert found.only_a == found.only_b == ()


def test_keras_counters_are_left_out():
    a = named("sequential/dense/kernel", "sequential/dense_1/kernel", "sequential/dense_2/kernel")
    b = named("sequential_1/dense_3/kernel", "sequential_1/dense_4/kernel",
              "sequential_1/dense_5/kernel")  # fmt: skip
    names, _, _ = match(a, b).shared("grad_norm")
    assert names == a.names("grad_norm")
    assert match(a, b).names["sequential_1/dense_4/kernel"] == "sequential/dense_1/kernel"


def test_counters_of_ten_and_more_are_ordered_as_numbers():
    a = named(*(f"m/dense_{i}/kernel" for i in range(8, 12)))
    b = named(*(f"m/dense_{i}/kernel" for i in range(98, 102)))
    assert match(a, b).names["m/dense_100/kernel"] == "m/dense_10/kernel"


def test_calls_and_outputs_keep_their_mark():
    a, b = named("m/dense", "m/dense@2"), named("m_1/dense_4", "m_1/dense_4@2")
    assert match(a, b).names == {"m_1/dense_4": "m/dense", "m_1/dense_4@2": "m/dense@2"}


def test_of_other_models_only_the_models_own_counter_is_left_out():
    a = named("sequential/first/kernel", "sequential/last/kernel")
    b = named("sequential_3/first/kernel", "sequential_3/extra/kernel", "sequential_3/last/kernel")
    found = match(a, b)
    assert found.names["sequential_3/last/kernel"] == "sequential/last/kernel"
    assert found.only_a == () and found.only_b == ("sequential_3/extra/kernel",)


def test_models_of_other_names_are_matched_by_what_is_in_them():
    a = named("broken/hidden_1/kernel", "broken/output/kernel", "broken/output")
    b = named("repaired/hidden_1/kernel", "repaired/output/kernel", "repaired/output")
    found = match(a, b)
    assert found.names["repaired/hidden_1/kernel"] == "broken/hidden_1/kernel"
    assert found.only_a == found.only_b == ()
    counted = named("repaired/dense_4/kernel", "repaired/dense_5/kernel")
    found = match(named("broken/dense/kernel", "broken/dense_1/kernel"), counted)
    assert found.names["repaired/dense_5/kernel"] == "broken/dense_1/kernel"


def test_what_is_ambiguous_stays_apart():
    a = named("one/dense/kernel", "one/dense_1/kernel")
    b = named("two/dense_2/kernel", "two/dense_3/kernel", "two/dense_4/kernel")
    found = match(a, b)
    assert found.names == {}
    assert len(found.only_a) == 2 and len(found.only_b) == 3


def test_only_steps_that_both_recorded_are_compared():
    a, b = named("k", steps=range(60)), named("k", steps=range(0, 90, 7))
    found = match(a, b)
    assert found.steps.tolist() == list(range(0, 60, 7))
    names, first, second = found.shared("grad_norm")
    assert names == ("k",)
    assert first[:, 0].tolist() == list(range(0, 60, 7))
    assert second[:, 0].tolist() == list(range(9))


def test_a_statistic_of_one_run_has_no_shared_names():
    a = named("k")
    b = View({"loss": {"loss": [1, 2, 3]}}, (0, 1, 2))
    assert match(a, b).shared("loss")[0] == ()
    assert match(a, View({}, ())).steps.tolist() == []
