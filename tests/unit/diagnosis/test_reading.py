import numpy as np
import pytest

from gradscope.diagnosis.history import Snapshot
from gradscope.diagnosis.reading import kernels, onset, read, recorded_steps
from gradscope.layout import Layout


def run_of(columns, steps=1, info=None):
    layout = Layout(columns)
    rows = np.arange(steps * layout.slots, dtype=np.float32).reshape(steps, layout.slots)
    return Snapshot(layout, np.arange(steps, dtype=np.int64), rows, info or {}, {})


def kernel_paths(run):
    return [run.names("grad_norm")[i] for i in kernels(run)]


def test_biases_scales_and_embeddings_are_no_kernels():
    paths = ("e/embeddings", "d/kernel", "d/bias", "n/gamma", "n/beta", "d/bias#2", "d/kernel#2")
    assert kernel_paths(run_of({"grad_norm": paths})) == ["d/kernel", "d/kernel#2"]


def test_the_shape_decides_where_it_is_known():
    info = {"variables": {"net/w": {"shape": [3, 4]}, "net/c": {"shape": [4]}}}
    run = run_of({"grad_norm": ("net/w", "net/c", "net/unknown")}, info=info)
    assert kernel_paths(run) == ["net/w", "net/unknown"]


def test_depth_is_the_order_of_the_calls():
    columns = {"grad_norm": ("net/head/kernel", "net/stem/kernel"), "activation_rms": ()}
    assert kernel_paths(run_of(columns)) == ["net/head/kernel", "net/stem/kernel"]
    columns["activation_rms"] = ("net/stem", "net/head", "net")
    assert kernel_paths(run_of(columns)) == ["net/stem/kernel", "net/head/kernel"]


def test_depth_is_the_order_of_making_where_a_layer_is_unknown():
    columns = {"grad_norm": ("head/kernel", "stem/kernel"), "activation_rms": ("stem",)}
    assert kernel_paths(run_of(columns)) == ["head/kernel", "stem/kernel"]


def test_an_unrecorded_statistic_is_an_empty_series():
    series = read(run_of({"loss": ("loss",)}), "grad_norm")
    assert (series.names, len(series)) == ((), 0)
    assert series.at(np.array([1, 2])).shape == (2, 0)


def test_a_series_is_aligned_to_other_steps():
    series = read(run_of({"loss": ("loss",)}, steps=3), "loss")
    np.testing.assert_array_equal(series.at(np.array([2, 7])), [[2.0], [np.nan]])


def test_of_a_repeated_step_the_later_record_counts():
    layout = Layout({"loss": ("loss",)})
    rows = np.array([[1.0], [2.0], [9.0], [3.0]], np.float32)
    run = Snapshot(layout, np.array([0, 1, 1, 2]), rows, {}, {})
    series = read(run, "loss")
    assert series.steps.tolist() == [0, 1, 2]
    assert series.values[:, 0].tolist() == [1, 9, 3]


def test_the_recorded_steps_of_nothing_are_none():
    assert recorded_steps(run_of({})).tolist() == []


@pytest.mark.parametrize(
    ("flags", "since"),
    [
        ("", None),
        ("0000", None),
        ("1111", 0),
        ("0011", 2),
        ("1110", None),
        ("01111111111111111111110111111111", 1),
        ("11111111111111111111000000000001", None),
    ],
)
def test_an_onset_is_the_first_index_that_holds_to_the_end(flags, since):
    assert onset(np.array([flag == "1" for flag in flags], bool), share=0.9) == since
