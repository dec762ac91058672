"""gradscope.probes.classes and .targets against their float64 twins."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gradscope.probes import classes, data, gradients, targets
from tests import oracles
from tests.unit.probes.arrays import arrays, few, floats, same

CLASSES = 4


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, Any, Any, bool]:
    """(kind, labels, predictions, whether these are logits)."""
    kind, logits = draw(st.sampled_from(["sparse", "onehot", "binary"])), draw(st.booleans())
    samples = draw(st.integers(1, 12))
    low = 0 if kind == "binary" else -1  # out of range, as Keras' ignore_class
    top = 1 if kind == "binary" else CLASSES - 1
    numbers = np.array(draw(st.lists(st.integers(low, top), min_size=samples, max_size=samples)))
    width = 1 if kind == "binary" else CLASSES
    values = draw(npst.arrays(np.float32, (samples, width), elements=floats(30, special=False)))
    if not logits:
        values = 1 / (1 + np.exp(-values.astype(np.float64)))
    values = values.astype(np.float32)
    if kind == "onehot":
        rows = np.eye(CLASSES + 1, CLASSES, dtype=np.float32)[numbers]  # of zeros for −1
        return kind, rows, values, logits
    return kind, np.float32(numbers)[:, np.newaxis] if kind == "binary" else numbers, values, logits


def close(got: Any, want: list[float]) -> bool:
    """Whether a vector is the numbers, NaN where they are."""
    return bool(np.allclose(got, want, rtol=1e-4, atol=2e-6, equal_nan=True))


@few
@given(pairs())
def test_share_and_loss_of_classes(pair: tuple[str, Any, Any, bool]) -> None:
    kind, labels, values, logits = pair
    outputs = tf.constant(values)
    got = classes.of_classes(tf.constant(labels), outputs, outputs if logits else None, kind)
    count = 2 if kind == "binary" else CLASSES
    assert got is not None
    assert close(got.class_share, oracles.class_share(labels, count, kind))
    assert close(got.class_loss, oracles.class_loss(labels, values, count, kind, logits))


@few
@given(pairs())
def test_accuracy(pair: tuple[str, Any, Any, bool]) -> None:
    kind, labels, values, logits = pair
    outputs = tf.constant(values)
    got = classes.accuracy(tf.constant(labels), outputs, outputs if logits else None, kind)
    assert same(got, oracles.accuracy(labels, values, kind, logits))


def test_a_binary_logit_above_0_means_the_class_1() -> None:
    outputs, labels = tf.constant([[0.2], [-0.2]]), tf.constant([[1.0], [0.0]])
    assert same(classes.accuracy(labels, outputs, outputs, "binary"), 1.0)
    assert same(classes.accuracy(labels, outputs, None, "binary"), 0.5)


def test_restored_logits_are_what_the_loss_of_a_class_is_computed_from() -> None:
    logits = np.float32([[60.0, 0.0], [60.0, 0.0]])
    outputs = tf.nn.softmax(logits)
    got = classes.of_classes(tf.constant([0, 1]), outputs, tf.constant(logits), "sparse")
    assert got is not None
    np.testing.assert_allclose(got.class_loss, [0, 60], atol=1e-5)


def test_tokens_of_a_sequence_are_samples() -> None:
    values = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 3, (2, 5))
    outputs = tf.constant(values)
    got = classes.of_classes(tf.constant(labels), outputs, outputs, "sparse")
    assert got is not None
    assert close(got.class_loss, oracles.class_loss(labels, values, 3, "sparse", True))


@pytest.mark.parametrize(
    ("kind", "labels", "columns"),
    [
        ("regression", [[1.0]], 1),
        (None, [[1.0]], 1),
        ("binary", [[1.0, 0.0]], 2),
        ("sparse", [0], 101),
    ],
)
def test_what_has_no_columns(kind: str | None, labels: Any, columns: int) -> None:
    outputs = tf.zeros([1, columns])
    assert classes.of_classes(tf.constant(labels), outputs, outputs, kind) is None


def test_several_binary_labels_at_once_count_each() -> None:
    outputs = tf.constant([[0.9, 0.2], [0.4, 0.6]])
    labels = tf.constant([[1.0, 1.0], [0.0, 1.0]])
    assert same(classes.accuracy(labels, outputs, None, "binary"), 0.75)


@few
@given(arrays(1e3, shapes=npst.array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_range_and_spread_of_predictions(values: np.ndarray) -> None:
    got = targets.predicted(tf.constant(values))._asdict()
    slack = 1e-5 * float(np.abs(values).max())
    for name, value in got.items():
        want = getattr(oracles, name)(values)
        assert math.isnan(want) == math.isnan(value), name
        assert math.isnan(want) or math.isclose(value, want, rel_tol=1e-4, abs_tol=slack), name


def test_constant_predictions_have_no_spread() -> None:
    constant = tf.repeat([[0.1, 0.7, 0.2]], 8, axis=0)
    got = targets.predicted(constant)
    assert abs(float(got.output_spread)) < 1e-7
    assert float(got.output_std) > 0.2


@pytest.mark.parametrize("kind", ["sparse", "regression"])
def test_range_of_targets(kind: str) -> None:
    y = np.float32([[3], [5], [-2], [4]])
    got = targets.target(tf.constant(y), kind)
    classes_only = kind == "sparse"
    assert same(got.target_mean, math.nan if classes_only else oracles.target_mean(y))
    assert same(got.target_std, math.nan if classes_only else oracles.target_std(y))
    assert same(got.target_min, oracles.target_min(y))
    assert same(got.target_max, oracles.target_max(y))


def test_residual_of_a_column_and_a_vector() -> None:
    y, p = np.float32([1, 2, 4]), np.float32([[0], [2], [2]])
    got = targets.residual_rms(tf.constant(y), tf.constant(p), "regression")
    assert same(got, oracles.residual_rms(y, p))
    assert math.isnan(targets.residual_rms(tf.constant(y), tf.constant(p), "sparse"))


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("steps", [1, 5])
def test_labels_that_are_fewer_than_the_outputs_do_not_stop_a_step(steps, jit_compile):
    @tf.function(
        input_signature=[tf.TensorSpec([None, 1], tf.int32), tf.TensorSpec([None, steps, 2])],
        jit_compile=jit_compile,
    )
    def measured(labels, outputs):
        found = classes.of_classes(labels, outputs, outputs, "sparse")
        assert found
        return classes.accuracy(labels, outputs, outputs, "sparse"), *found

    right, share, loss = measured(tf.zeros([4, 1], tf.int32), tf.zeros([4, steps, 2]))
    fits = steps == 1
    nan = [math.nan, math.nan]
    np.testing.assert_allclose(right, 1.0 if fits else math.nan)
    np.testing.assert_allclose(share, [1.0, 0.0] if fits else nan)
    np.testing.assert_allclose(loss, [math.log(2), math.nan] if fits else nan, rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("outputs", [1, 10])
def test_targets_that_a_loss_broadcasts_do_not_stop_a_step(outputs, jit_compile):
    @tf.function(
        input_signature=[tf.TensorSpec([None, 1]), tf.TensorSpec([None, outputs])],
        jit_compile=jit_compile,
    )
    def measured(y, p):
        return targets.residual_rms(y, p, "regression")

    got = measured(tf.ones([4, 1]), tf.zeros([4, outputs]))
    assert same(got, 1.0 if outputs == 1 else math.nan)


def test_nan_in_predictions_is_nan_everywhere() -> None:
    outputs = tf.constant([[0.1, math.nan], [0.3, 0.2]])
    assert all(math.isnan(value) for value in targets.predicted(outputs))
    assert math.isnan(classes.accuracy(tf.constant([0, 1]), outputs, None, "sparse"))


@few
@given(
    st.lists(
        arrays(1e3, shapes=npst.array_shapes(min_dims=1, max_dims=4, max_side=4)),
        min_size=1,
        max_size=2,
    )
)
def test_scale_of_single_features(inputs: list[np.ndarray]) -> None:
    inputs = [np.where(np.abs(x) < 1e-6, 0, x).astype(np.float32) for x in inputs]
    got = data.features([tf.constant(x) for x in inputs])
    assert same(got.input_feature_rms_max, oracles.input_feature_rms_max(inputs), floor=1e-12)
    assert same(got.input_feature_rms_min, oracles.input_feature_rms_min(inputs), floor=1e-12)


def test_the_largest_feature_is_counted_through_all_inputs() -> None:
    inputs = [np.ones((2, 3), np.float32), np.float32([[1, 1, 9], [1, 1, -9]])]
    tensors = [tf.constant(x) for x in inputs]
    assert float(data.features(tensors).input_feature_max) == 5
    assert oracles.input_feature_max(inputs) == 5


@few
@given(
    st.lists(arrays(1e-3), min_size=1, max_size=3).filter(lambda gs: sum(g.size for g in gs) > 0)
)
def test_share_of_gradients_under_float16(grads: list[np.ndarray]) -> None:
    got = gradients.underflow_share([*(tf.constant(g) for g in grads), None])
    assert same(got, oracles.grad_underflow_share([*grads, None]))


def test_rows_that_slices_leave_out_are_zeros() -> None:
    slices = tf.IndexedSlices(
        tf.constant([[1.0], [1e-9]]), tf.constant([2, 0]), tf.constant([10, 1])
    )
    assert same(gradients.underflow_share([slices]), 0.9)


def test_batch_size_of_labels_else_of_inputs() -> None:
    inputs = [tf.zeros([7, 2])]
    assert float(data.batch_size(tf.zeros([5]), inputs)) == oracles.batch_size(np.zeros(5)) == 5
    assert float(data.batch_size(None, inputs)) == 7
    assert math.isnan(data.batch_size(None, []))


@pytest.mark.parametrize("width", [3, None])
def test_logits_of_a_part_of_the_outputs_do_not_stop_a_step(width: int | None) -> None:
    rows = tf.TensorSpec([None, CLASSES])

    @tf.function(input_signature=[rows, rows, tf.TensorSpec([None, width])])
    def measured(labels: tf.Tensor, outputs: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        assert classes.of_classes(labels, outputs, scores, "onehot") is None
        assert classes.of_classes(labels, outputs, outputs, "onehot") is not None
        return classes.accuracy(labels, outputs, scores, "onehot")

    labels = tf.one_hot([0, 1, 2, 3, 0], CLASSES)
    assert same(measured(labels, labels, labels[:, :3]), 1.0)
