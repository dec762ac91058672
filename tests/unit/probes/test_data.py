"""gradscope.probes.data against its float64 twins."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from gradscope.probes import data
from tests import oracles
from tests.unit.probes.arrays import SHAPES, SQUARE_FLOOR, arrays, few, same


@few
@given(st.lists(arrays(1e6), min_size=1, max_size=3).filter(lambda xs: sum(x.size for x in xs) > 0))
def test_inputs_of_any_shapes(inputs: list[np.ndarray]) -> None:
    got = data.inputs([tf.constant(x) for x in inputs])
    largest = oracles.input_max_abs(inputs)
    slack = 1e-5 * largest + SQUARE_FLOOR
    assert math.isclose(got.input_mean, oracles.input_mean(inputs), abs_tol=slack)
    assert math.isclose(got.input_std, oracles.input_std(inputs), rel_tol=1e-4, abs_tol=slack)
    assert same(got.input_max_abs, largest)


def test_a_mean_far_from_zero_does_not_swallow_the_deviation() -> None:
    x = (1e4 + np.random.default_rng(0).normal(size=(64, 8))).astype(np.float32)
    assert same(data.inputs([tf.constant(x)]).input_std, oracles.input_std([x]), rtol=1e-3)


def test_images_of_bytes() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    got = data.inputs([tf.constant(x)])
    assert same(got.input_mean, oracles.input_mean([x]))
    assert same(got.input_std, oracles.input_std([x]))
    assert same(got.input_max_abs, 255)


def test_without_numeric_inputs_all_is_nan() -> None:
    assert all(math.isnan(value) for value in data.inputs([]))


@few
@given(st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_entropy_of_class_numbers(labels: list[int]) -> None:
    got = data.label_entropy(tf.constant(labels), "sparse", 7)
    assert math.isclose(got, oracles.label_entropy(labels, "classes"), abs_tol=1e-5)


@few
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_entropy_of_one_hot_rows(labels: list[int]) -> None:
    rows = np.eye(4, dtype=np.float32)[labels]
    got = data.label_entropy(tf.constant(rows), "onehot", 4)
    assert math.isclose(got, oracles.label_entropy(rows, "onehot"), abs_tol=1e-5)


@few
@given(st.lists(st.integers(0, 1), min_size=1, max_size=30))
def test_entropy_of_binary_labels(labels: list[int]) -> None:
    column = np.float32(labels)[:, np.newaxis]
    got = data.label_entropy(tf.constant(column), "binary", 1)
    assert math.isclose(got, oracles.label_entropy(labels, "classes"), abs_tol=1e-5)


@pytest.mark.parametrize("kind", [None, "sparse"])
def test_labels_that_are_no_classes_have_none(kind: str | None) -> None:
    assert math.isnan(data.label_entropy(None, kind, 3))
    assert math.isnan(data.label_entropy(tf.constant([1.5]), None, None))


@few
@given(SHAPES)
def test_one_class_only_has_none_to_spread(shape: tuple[int, ...]) -> None:
    if math.prod(shape):
        assert float(data.label_entropy(tf.fill(shape, 2), "sparse", 3)) == 0


@pytest.mark.parametrize("features", [0, 3])
def test_inputs_that_turn_out_to_have_no_features_do_not_stop_a_step(features: int) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None])])
    def measured(x: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(data.features([x]))

    x = np.arange(2 * features, dtype=np.float32).reshape(2, features)
    got = [float(value) for value in measured(tf.constant(x))]
    if not features:
        assert all(math.isnan(value) for value in got)
        return
    rms = np.sqrt(np.mean(x.astype(np.float64) ** 2, 0))
    np.testing.assert_allclose(got, [rms.max(), rms.min(), 2], rtol=1e-6)


def test_entropy_of_one_hot_rows_whose_length_is_not_known() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None])])
    def measured(labels: tf.Tensor) -> tf.Tensor:
        return data.label_entropy(labels, "onehot", 4)

    assert math.isnan(measured(tf.eye(4)))
    assert same(data.label_entropy(tf.eye(4), "onehot", 4), math.log(4))
