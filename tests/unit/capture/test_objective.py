"""What a run says of its loss, its labels and its output layer: `info["objective"]`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.losses import mean_squared_error, sparse_categorical_crossentropy

import gradscope
from tests import oracles

layers, losses, nn = keras.layers, keras.losses, tf.nn

SAMPLES = 12
RNG = np.random.default_rng(4)
X = RNG.normal(size=(SAMPLES, 4)).astype("float32")
SPARSE = RNG.integers(0, 3, SAMPLES)
ONEHOT = np.eye(3, dtype="float32")[SPARSE]
BINARY = np.float32(SPARSE > 0)[:, np.newaxis]
REAL = RNG.normal(size=(SAMPLES, 1)).astype("float32")


def mean(function: Callable[..., Any], *more: Any) -> Callable[[Any, Any], Any]:
    """The loss that a function of (y, p), which is kept, gives for each sample, averaged."""
    return lambda y, p: tf.reduce_mean(function(y, p, *more))


def called(module: Any, name: str, *more: Any) -> Callable[[Any, Any], Any]:
    """The same of a function that is looked up in its module when it is called, as in most code."""
    return lambda y, p: tf.reduce_mean(getattr(module, name)(y, p, *more))


def swapped(name: str) -> Callable[[Any, Any], Any]:
    """TensorFlow's cross-entropies, by keyword."""
    return lambda y, p: tf.reduce_mean(getattr(nn, name)(logits=p, labels=y))


def by_hand(y: Any, p: Any) -> Any:
    """A cross-entropy that neither Keras nor TensorFlow has a name for."""
    return -tf.reduce_mean(tf.gather(tf.nn.log_softmax(p), tf.reshape(y, [-1]), batch_dims=1))


def of_probabilities(y: Any, p: Any) -> Any:
    """The same of probabilities; y class numbers or one-hot rows."""
    picked = tf.reduce_sum(y * p, -1) if y.shape.rank == 2 else tf.gather(p, y, batch_dims=1)
    return -tf.reduce_mean(tf.math.log(picked))


def ending_in(*last: Any) -> keras.Model:
    """A small model with these layers at its end."""
    return keras.Sequential([keras.Input((4,)), layers.Dense(5, "relu"), *last], name="net")


def dense(units: int, activation: str | None = None) -> Callable[[], list[Any]]:
    """The last layer."""
    return lambda: [layers.Dense(units, activation, name="out")]


def _twice() -> list[Any]:
    return [layers.Dense(3, "softmax", name="first"), layers.Softmax(name="second")]


def _reshaped() -> list[Any]:
    return [layers.Dense(3, "softmax", name="out"), layers.Reshape((3,))]


def _half() -> list[Any]:
    return [layers.Dense(3, "softmax", name="out", dtype="float16")]


def run_of(model: keras.Model, loss: Callable[..., Any], y: Any, logdir: Path, x: Any = X) -> Any:
    """The run of one step without XLA."""
    optimizer = keras.optimizers.SGD(0.1)
    scope = gradscope.Scope(model, str(logdir), every=1, console=False)

    @scope.step(jit_compile=False)
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
        return value

    with scope:
        train_step(tf.constant(x), tf.constant(y))
    return gradscope.open_run(str(logdir))


def told(run: Any) -> tuple[Any, ...]:
    """(loss, kind, from_logits, logits, activation, before) of a run."""
    facts = run.info["objective"]
    output = facts["output"]
    where = (output["activation"], output["before"])
    return facts["loss"], facts["kind"], facts["from_logits"], facts["logits"], *where


SCCE, CCE, BCE, MSE = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
    "mean_squared_error",
)
softmax_of_softmax = called(nn, "sparse_softmax_cross_entropy_with_logits")

CASES = {
    "object": (
        dense(3, "softmax"),
        losses.SparseCategoricalCrossentropy(),
        SPARSE,
        (SCCE, "sparse", False, True, "softmax", None),
    ),
    "object, arguments by name": (
        dense(3, "softmax"),
        lambda y, p: losses.SparseCategoricalCrossentropy()(y_pred=p, y_true=y),
        SPARSE,
        (SCCE, "sparse", False, True, "softmax", None),
    ),
    "function, arguments by name": (
        dense(1),
        lambda y, p: tf.reduce_mean(losses.mean_squared_error(y_pred=p, y_true=y)),
        REAL,
        (MSE, "regression", None, None, "linear", None),
    ),
    "object from logits": (
        dense(3),
        losses.CategoricalCrossentropy(from_logits=True),
        ONEHOT,
        (CCE, "onehot", True, True, "linear", None),
    ),
    "logits taken for probabilities": (
        dense(3),
        losses.CategoricalCrossentropy(),
        ONEHOT,
        (CCE, "onehot", False, False, "linear", None),
    ),
    "smoothed": (
        dense(3, "softmax"),
        losses.CategoricalCrossentropy(label_smoothing=0.1),
        ONEHOT,
        (CCE, "onehot", False, True, "softmax", None),
    ),
    "function": (
        dense(3),
        called(losses, "sparse_categorical_crossentropy", True),
        SPARSE,
        (SCCE, "sparse", True, True, "linear", None),
    ),
    "function imported before": (
        dense(3),
        mean(sparse_categorical_crossentropy, True),
        SPARSE,
        (SCCE, "sparse", True, True, "linear", None),
    ),
    "function of tf.keras": (
        dense(3, "softmax"),
        called(tf.keras.losses, "sparse_categorical_crossentropy"),
        SPARSE,
        (SCCE, "sparse", False, True, "softmax", None),
    ),
    "binary": (
        dense(1, "sigmoid"),
        losses.BinaryCrossentropy(),
        BINARY,
        (BCE, "binary", False, True, "sigmoid", None),
    ),
    "binary focal": (
        dense(1, "sigmoid"),
        losses.BinaryFocalCrossentropy(),
        BINARY,
        ("binary_focal_crossentropy", "binary", False, True, "sigmoid", None),
    ),
    "softmax on one unit": (
        dense(1, "softmax"),
        losses.BinaryCrossentropy(),
        BINARY,
        (BCE, "binary", False, True, "softmax", None),
    ),
    "tf.nn": (
        dense(1),
        swapped("sigmoid_cross_entropy_with_logits"),
        BINARY,
        (BCE, "binary", True, True, "linear", None),
    ),
    "tf.nn of a softmax": (
        dense(3, "softmax"),
        softmax_of_softmax,
        SPARSE,
        (SCCE, "sparse", True, True, "softmax", "softmax"),
    ),
    "softmax layer on a softmax": (
        _twice,
        losses.SparseCategoricalCrossentropy(),
        SPARSE,
        (SCCE, "sparse", False, True, "softmax", "softmax"),
    ),
    "logits restored from a softmax": (
        dense(3, "softmax"),
        losses.CategoricalCrossentropy(from_logits=True),
        ONEHOT,
        (CCE, "onehot", True, True, "softmax", None),
    ),
    "logits lost in a reshape": (
        _reshaped,
        losses.SparseCategoricalCrossentropy(from_logits=True),
        SPARSE,
        (SCCE, "sparse", True, True, "softmax", "softmax"),
    ),
    "logits lost in a cast": (
        _half,
        losses.SparseCategoricalCrossentropy(),
        SPARSE,
        (SCCE, "sparse", False, False, "softmax", None),
    ),
    "squares": (
        dense(1, "relu"),
        losses.MeanSquaredError(),
        REAL,
        (MSE, "regression", None, None, "relu", None),
    ),
    "squares by function": (
        dense(1, "exponential"),
        called(losses, "mean_squared_error"),
        REAL,
        (MSE, "regression", None, None, "exponential", None),
    ),
    "squares imported before": (
        dense(1),
        mean(mean_squared_error),
        REAL,
        (None, "regression", None, None, "linear", None),
    ),
    "squares by hand, squeezed": (
        dense(1),
        lambda y, p: tf.reduce_mean((y - tf.squeeze(p, -1)) ** 2),
        REAL[:, 0],
        (None, "regression", None, None, "linear", None),
    ),
    "by hand": (dense(3), by_hand, SPARSE, (None, "sparse", None, None, "linear", None)),
    "by hand, a column": (
        dense(3),
        by_hand,
        SPARSE[:, np.newaxis],
        (None, "sparse", None, None, "linear", None),
    ),
    "by hand, of a softmax": (
        dense(3, "softmax"),
        of_probabilities,
        SPARSE,
        (None, "sparse", None, None, "softmax", None),
    ),
    "by hand, one-hot": (
        dense(3, "softmax"),
        of_probabilities,
        ONEHOT,
        (None, "onehot", None, None, "softmax", None),
    ),
    "hinge": (
        dense(1),
        losses.Hinge(),
        2 * BINARY - 1,
        ("hinge", None, None, None, "linear", None),
    ),
}


@pytest.mark.filterwarnings(
    "ignore:.*received `from_logits=True`:UserWarning", "ignore:.*softmax over axis -1:UserWarning"
)
@pytest.mark.parametrize("case", CASES)
def test_loss_labels_and_output_layer(case: str, tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`:UserWarning")
@pytest.mark.parametrize(
    "case", ["object", "binary focal", "softmax layer on a softmax", "logits lost in a reshape"]
)
def test_they_are_the_same_without_a_graph(case: str, tmp_path: Path) -> None:
    """Also "by hand", where there are no operations to look at."""
    tf.config.run_functions_eagerly(True)
    try:
        check(case, tmp_path)
        check("by hand", tmp_path / "by_hand")
    finally:
        tf.config.run_functions_eagerly(False)


def check(case: str, logdir: Path) -> None:
    """The facts of a case are the expected ones."""
    last, loss, y, expected = CASES[case]
    keras.utils.set_random_seed(2)
    run = run_of(ending_in(*last()), loss, y, logdir)
    assert told(run) == expected
    output = run.info["objective"]["output"]
    assert output["layer"] == ("net/second" if last is _twice else "net/out")
    assert output["units"] == (3 if expected[1] in ("sparse", "onehot") else 1)


@pytest.mark.parametrize("kind", ["sparse", "onehot", "binary", "by hand"])
def test_class_losses_average_to_the_loss(kind: str, tmp_path: Path) -> None:
    """The mean cross-entropy over all samples is the loss itself, for any cross-entropy."""
    last, loss, y = {
        "sparse": CASES["object"][:3],
        "onehot": CASES["object from logits"][:3],
        "binary": CASES["binary"][:3],
        "by hand": CASES["by hand, of a softmax"][:3],
    }[kind]
    keras.utils.set_random_seed(2)
    run = run_of(ending_in(*last()), loss, y, tmp_path)
    shares, means = run.series("class_share")[1][0], run.series("class_loss")[1][0]
    assert run.names("class_loss") == tuple(str(c) for c in range(len(shares)))
    np.testing.assert_allclose(np.nansum(shares * means), run.series("loss")[1][0, 0], rtol=1e-4)


def test_labels_are_found_though_the_inputs_were_changed_first(tmp_path: Path) -> None:
    """Both arguments have the output's shape; the model's input was made of one of them."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="out")], name="net")
    scope = gradscope.Scope(model, str(tmp_path), every=1, console=False)

    @scope.step(jit_compile=False)
    def train_step(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean((model(batch["x"] / 2.0) - batch["y"]) ** 2)
        tape.gradient(value, model.trainable_variables)
        return value

    with scope:
        train_step({"x": tf.constant(X), "y": tf.constant(X + 3.0)})
    run = gradscope.open_run(str(tmp_path))
    assert told(run)[:2] == (None, "regression")
    mean_of = run.series("target_mean")[1][0, 0]
    np.testing.assert_allclose(mean_of, oracles.target_mean(X + 3.0), rtol=1e-5)


def test_two_arguments_that_fit_are_none(tmp_path: Path) -> None:
    model = ending_in(*dense(1)())
    scope = gradscope.Scope(model, str(tmp_path), every=1, console=False)

    @scope.step(jit_compile=False)
    def train_step(x: Any, y: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(weight * (model(x) - y) ** 2)
        tape.gradient(value, model.trainable_variables)
        return value

    with scope:
        train_step(tf.constant(X), tf.constant(REAL), tf.ones([SAMPLES, 1]))
    run = gradscope.open_run(str(tmp_path))
    assert run.info["objective"]["kind"] is None
    assert np.isnan(run.series("target_mean")[1]).all()
    assert np.isfinite(run.series("output_std")[1]).all()


def test_the_first_of_two_losses_counts(tmp_path: Path) -> None:
    def both(y: Any, p: Any) -> Any:
        squares = losses.MeanSquaredError()(tf.one_hot(y, 3), p)
        return squares + losses.SparseCategoricalCrossentropy(from_logits=True)(y, p)

    assert told(run_of(ending_in(*dense(3)()), both, SPARSE, tmp_path))[:2] == (MSE, "regression")


def test_more_classes_than_a_hundred_have_no_columns(tmp_path: Path) -> None:
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    run = run_of(ending_in(*dense(101)()), loss, SPARSE, tmp_path)
    assert run.info["objective"]["classes"] == 101
    assert "class_loss" not in run.statistics
    assert np.isfinite(run.series("accuracy")[1]).all()
