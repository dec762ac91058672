"""Every check sees its fault, and passes the healthy twin."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope
from gradscope.preflight_checks import rates
from gradscope.report import Verdict
from tests.unit.preflight.nets import CLASSES, TARGETS, TWO, X, net, preflight

Losses = keras.losses
NAMES = [
    *("finite", "labels", "output and loss", "targets", "inputs", "gradients", "first loss"),
    *("learns the batch", "learning rate"),
]


def adam(rate: float = 1e-2) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(rate)


def failed(result: gradscope.Preflight) -> list[str]:
    return [check.name for check in result.checks if check.passed is False]


def found(result: gradscope.Preflight, cause: str) -> Verdict:
    """The verdict on a cause, a root or a symptom."""
    every = [one for root in result.verdicts for one in (root, *root.symptoms)]
    causes = [one.cause for one in every]
    assert cause in causes, f"{causes}\n{result}"
    return every[causes.index(cause)]


HEALTHY: dict[str, Callable[[], tuple[Any, ...]]] = {
    "softmax": lambda: (net(3, "softmax"), X, CLASSES, "sparse_categorical_crossentropy"),
    "logits": lambda: (
        *(net(3), X, CLASSES),
        Losses.SparseCategoricalCrossentropy(from_logits=True),
    ),
    "column of labels": lambda: (
        *(net(3, "softmax"), X, CLASSES[:, None], Losses.SparseCategoricalCrossentropy()),
    ),
    "one-hot": lambda: (
        *(net(3, "softmax"), X, np.eye(3, dtype="float32")[CLASSES]),
        "categorical_crossentropy",
    ),
    "label smoothing": lambda: (
        *(net(3, "softmax"), X, np.eye(3, dtype="float32")[CLASSES]),
        Losses.CategoricalCrossentropy(label_smoothing=0.05),
    ),
    "sigmoid": lambda: (net(1, "sigmoid"), X, TWO, "binary_crossentropy"),
    "binary logits by hand": lambda: (
        *(net(1), X, TWO),
        lambda y, p: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=p),
    ),
    "regression": lambda: (net(1), X, TARGETS, Losses.MeanSquaredError()),
    "regression by name": lambda: (net(1), X, TARGETS[:, 0], "mse"),
    "regression by hand": lambda: (
        *(net(1), X, TARGETS),
        lambda y, p: tf.reduce_mean(tf.abs(y - p)),
    ),
    "sigmoid for targets in 0 to 1": lambda: (
        *(net(1, "sigmoid"), X, (TARGETS - TARGETS.min()) / np.ptp(TARGETS)),
        "mse",
    ),
    "scaled in the model": lambda: (
        *(net(3, "softmax", keras.layers.Rescaling(1 / 255)), X * 255, CLASSES),
        "sparse_categorical_crossentropy",
    ),
    "normalized in the model": lambda: (
        *(net(3, "softmax", keras.layers.BatchNormalization()), X * 255, CLASSES),
        "sparse_categorical_crossentropy",
    ),
    "dropout": lambda: (
        *(net(3, "softmax", keras.layers.Dropout(0.6)), X, CLASSES),
        "sparse_categorical_crossentropy",
    ),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_passes_every_check(name: str) -> None:
    model, x, y, loss = HEALTHY[name]()
    result = preflight(model, (x, y), loss, adam())
    assert sorted(check.name for check in result.checks) == sorted(NAMES)
    assert [check.passed for check in result.checks] == [True] * len(NAMES), str(result)
    assert result.healthy and result.judged and result.verdicts == ()
    assert str(result).startswith("gradscope preflight: ready. All 9 checks passed in ")


def with_value(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.astype("float32")
    changed[5] = value
    return changed


def sick(model: Any, x: Any, y: Any, loss: Any, optimizer: Any = None) -> tuple[Any, ...]:
    return model, (x, y), loss, optimizer or adam()


SPARSE, MSE = "sparse_categorical_crossentropy", "mse"
SICK: dict[str, tuple[Callable[[], tuple[Any, ...]], str, str, str, str]] = {
    # name: (arguments, failed check, cause, part of the summary, part of the remedy)
    "NaN among the inputs": (
        lambda: sick(net(3, "softmax"), with_value(X, np.nan), CLASSES, SPARSE),
        *("finite", "nonfinite-input", "6 of 288 values of the inputs", "keep = np.isfinite(x)"),
    ),
    "NaN among the targets": (
        lambda: sick(net(1), X, with_value(TARGETS, np.nan), MSE),
        *("finite", "label-mismatch", "1 of 48 values of the labels", "keep = np.isfinite(y)"),
    ),
    "classes counted from 1": (
        lambda: sick(net(3, "softmax"), X, CLASSES + 1, SPARSE),
        *("labels", "label-mismatch", "labels lie outside 0 to 2", "y = y - 1"),
    ),
    "more classes than outputs": (
        lambda: sick(net(2, "softmax"), X, CLASSES, SPARSE),
        *("labels", "label-mismatch", "labels lie outside 0 to 1", "keras.layers.Dense(3)"),
    ),
    "labels of -1 and 1": (
        lambda: sick(net(1, "sigmoid"), X, 2 * TWO - 1, "binary_crossentropy"),
        *("labels", "label-mismatch", "these are -1 to 1", "y = (y > 0)"),
    ),
    "one class only": (
        lambda: sick(net(3, "softmax"), X, np.ones_like(CLASSES), SPARSE),
        *("labels", "label-mismatch", "All 48 labels of this batch are of class 1", "shuffle"),
    ),
    "rows that are no distribution": (
        lambda: sick(
            *(net(3, "softmax"), X, np.eye(3, dtype="float32")[CLASSES] * 2),
            "categorical_crossentropy",
        ),
        *("labels", "label-mismatch", "Rows of the labels sum to 2 to 2", "to_categorical"),
    ),
    "softmax on one unit": (
        lambda: sick(net(1, "softmax"), X, TWO, "binary_crossentropy"),
        *("output and loss", "output-mismatch", "softmax over one unit", "sigmoid"),
    ),
    "sigmoid for targets beyond 1": (
        lambda: sick(net(1, "sigmoid"), X, TARGETS, MSE),
        *("output and loss", "output-mismatch", "sigmoid gives values from 0 to 1", "Dense(1)"),
    ),
    "relu for negative targets": (
        lambda: sick(net(1, "relu"), X, TARGETS, MSE),
        *("output and loss", "output-mismatch", "relu gives values from 0 on", "no activation"),
    ),
    "logits taken for probabilities": (
        lambda: sick(net(3), X, CLASSES, Losses.SparseCategoricalCrossentropy()),
        *("output and loss", "output-mismatch", "takes probabilities", "from_logits=True"),
    ),
    "binary logits taken for probabilities": (
        lambda: sick(net(1), X, TWO, Losses.BinaryCrossentropy()),
        *("output and loss", "output-mismatch", "takes probabilities", "BinaryCrossentropy(from"),
    ),
    "softmax in the model and in the loss": (
        lambda: sick(
            *(net(3, "softmax"), X, CLASSES),
            lambda y, p: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p),
        ),
        *("output and loss", "output-mismatch", "softmax is taken twice", "no activation"),
    ),
    "softmax twice in the model": (
        lambda: sick(
            net(3, "softmax", after=[keras.layers.Softmax()]),
            *(X, CLASSES, SPARSE),
        ),
        *("output and loss", "output-mismatch", "softmax is taken twice", "no activation"),
    ),
    "labels (n,) against outputs (n, 1)": (
        lambda: sick(net(1), X, TARGETS[:, 0], lambda y, p: tf.reduce_mean((y - p) ** 2)),
        *("output and loss", "output-mismatch", "32 x 32 pairs", "y = y[:, None]"),
    ),
    "numbers of classes for the one-hot loss": (
        lambda: sick(net(3, "softmax"), X, CLASSES, "categorical_crossentropy"),
        *("output and loss", "output-mismatch", "can't be computed", "SparseCategorical"),
    ),
    "pixels as they are": (
        lambda: sick(net(3, "softmax"), np.round(np.abs(X) * 80), CLASSES, SPARSE),
        *("inputs", "unnormalized-input", "layers are initialized for about 1", "Rescaling(1 / "),
    ),
    "one feature in the thousands": (
        lambda: sick(net(1), X * np.array([1, 1, 1, 5e3, 1, 1], "float32"), TARGETS, MSE),
        *("inputs", "unnormalized-input", "Feature 3 of what net/hidden/kernel", "adapt(x_train)"),
    ),
    "inputs that are hardly there": (
        lambda: sick(net(1), X * 1e-4, TARGETS, MSE),
        *("inputs", "unnormalized-input", "No feature of what net/hidden/kernel", "adapt"),
    ),
    "prices as targets": (
        lambda: sick(net(1), X, TARGETS * 2e3 + 9e3, MSE),
        *("targets", "unscaled-target", "standard deviation 2e+03", "p * "),
    ),
    "a layer beside the way to the loss": (
        lambda: sick(*with_a_layer_aside(), TARGETS, MSE),
        *("gradients", "disconnected-variable", "2 of 6 trainable variables", "trainable = False"),
    ),
    "an output that begins with strong opinions": (
        lambda: sick(
            net(3, "softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=5)),
            *(X, CLASSES, SPARSE),
        ),
        *("first loss", "poor-initialization", "guessing among 3 classes gives 1.099", "glorot"),
    ),
    "a loss that is NaN at once": (
        lambda: sick(net(1), X, TARGETS, lambda y, p: tf.reduce_mean(tf.math.log(p - 1e3))),
        *("first loss", "nonfinite", "The loss of the first step is nan", "tf.maximum"),
    ),
    "weights all 0": (
        lambda: sick(net(3, "softmax", kernel_initializer="zeros"), X, CLASSES, SPARSE),
        *("learns the batch", "poor-initialization", "the same value", "he_normal"),
    ),
    "inputs that tell nothing": (
        lambda: sick(net(1), np.ones_like(X), TARGETS, MSE),
        *("learns the batch", "underfitting", "too little capacity", "Dense(128"),
    ),
    "a rate that is far too small": (
        lambda: sick(net(3, "softmax"), X, CLASSES, SPARSE, adam(1e-8)),
        *("learning rate", "learning-rate-low", "hardly moves", "Adam(learning_rate="),
    ),
    "a gradient that is clipped away": (
        lambda: sick(
            *(net(3, "softmax"), X, CLASSES, SPARSE),
            keras.optimizers.SGD(0.1, global_clipnorm=1e-3),
        ),
        *("learning rate", "over-clipped", "global_clipnorm=0.001 cuts", "global_clipnorm="),
    ),
    "a rate that is far too large": (
        lambda: sick(net(1), X, TARGETS, MSE, keras.optimizers.SGD(30.0)),
        *("learning rate", "learning-rate-high", "your learning rate of 30", "SGD(learning_rate="),
    ),
}


def with_a_layer_aside() -> tuple[keras.Model, np.ndarray]:
    keras.utils.set_random_seed(0)
    x = keras.Input((X.shape[1],))
    hidden = keras.layers.Dense(32, "relu")(x)
    aside = keras.layers.Dense(4, name="aside")(hidden)
    out = keras.layers.Dense(1)(hidden)
    frozen = keras.layers.Lambda(lambda pair: pair[0] + 0 * tf.reduce_sum(tf.round(pair[1])))
    return keras.Model(x, frozen([out, aside])), X


@pytest.mark.parametrize("name", SICK)
def test_a_sick_training_fails_the_check_that_is_there_for_it(name: str) -> None:
    arguments, check, cause, summary, remedy = SICK[name]
    result = preflight(*arguments())
    assert check in failed(result), str(result)
    assert not result.healthy
    verdict = found(result, cause)
    assert summary in verdict.summary, verdict.summary
    assert remedy in str(verdict.remedy), verdict.remedy
    assert verdict in result.verdicts, f"{cause} is no root:\n{result}"


def test_a_vanishing_gradient_is_named_where_the_batch_cant_be_learnt() -> None:
    keras.utils.set_random_seed(0)
    small = keras.initializers.RandomUniform(-0.05, 0.05)
    deep = [keras.layers.Dense(5, "sigmoid", kernel_initializer=small) for _ in range(10)]
    model = keras.Sequential([keras.Input((X.shape[1],)), *deep, keras.layers.Dense(1)])
    result = preflight(model, (X, TARGETS), MSE, keras.optimizers.SGD(0.01))
    assert "learns the batch" in failed(result), str(result)
    verdict = found(result, "vanishing-gradient")
    assert verdict.layer == f"{model.layers[0].path}/kernel"


def test_root_causes_come_before_what_they_bring_about() -> None:
    result = preflight(net(1), (X, TARGETS * 1e4 + 5e4), "mse", keras.optimizers.SGD(1.0))
    assert {"targets", "learning rate"} <= set(failed(result)), str(result)
    assert [verdict.cause for verdict in result.verdicts] == ["unscaled-target"]
    assert "learning-rate-high" in [one.cause for one in result.verdicts[0].symptoms]


def test_other_forms_of_models_and_batches() -> None:
    layers = keras.layers
    one, other = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    hidden = layers.Dense(16, "relu")(layers.Concatenate()([one, other]))
    model = keras.Model({"a": one, "b": other}, layers.Dense(1)(hidden))
    x = {"a": X[:, :4], "b": X[:, 4:]}
    assert preflight(model, (x, TARGETS), "mse", adam()).healthy
    words = np.random.default_rng(1).integers(0, 50, (40, 7))
    text = keras.Sequential(
        [keras.Input((7,)), layers.Embedding(50, 8), layers.LSTM(8), layers.Dense(2, "softmax")]
    )
    labels = words[:, 0] % 2
    result = preflight(text, (words, labels), SPARSE, adam())
    assert result.healthy, str(result)
    result = preflight(
        keras.Sequential([keras.Input((7, 3)), layers.GRU(8), layers.Dense(1)]),
        (np.random.default_rng(1).normal(0, 90, (40, 7, 3)), TARGETS[:40]),
        *("mse", adam()),
    )
    assert "inputs" in failed(result), str(result)


def test_a_model_of_several_outputs_is_tried_and_what_is_not_known_is_said() -> None:
    x = keras.Input((X.shape[1],))
    hidden = keras.layers.Dense(16, "relu")(x)
    model = keras.Model(x, [keras.layers.Dense(1)(hidden), keras.layers.Dense(3)(hidden)])

    def loss(y: Any, p: Any) -> Any:
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y[1], logits=p[1])
        return tf.reduce_mean((y[0] - p[0]) ** 2) + tf.reduce_mean(entropy)

    result = preflight(model, (X, (TARGETS, CLASSES)), loss, adam())
    undone = [check.name for check in result.checks if check.passed is None]
    assert undone == ["labels", "output and loss", "targets"]
    assert result.healthy and not result.judged
    assert "nothing failed" in result.headline and "3 of 9 checks were not done" in result.headline


def test_a_schedule_counts_by_its_highest_rate() -> None:
    warmup = keras.optimizers.schedules.CosineDecay(0.0, 900, warmup_target=1e-2, warmup_steps=100)
    result = preflight(net(3, "softmax"), (X, CLASSES), SPARSE, keras.optimizers.Adam(warmup))
    assert result.healthy, str(result)
    assert "yours is 0.01 (top of CosineDecay)" in result.checks[-1].figure


def test_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    model = net(3, "softmax")
    optimizer = keras.optimizers.LossScaleOptimizer(adam())
    result = preflight(model, (X, CLASSES), SPARSE, optimizer)
    assert result.healthy, str(result)


def test_inputs_for_which_the_model_fails_are_an_error() -> None:
    layers = [keras.layers.Embedding(50, 4), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((7,)), *layers])
    words = np.full((8, 7), 50)
    with pytest.raises(
        gradscope.GradscopeError, match="the step fails on this batch: .*50.* Check"
    ):
        preflight(model, (words, TARGETS[:8]), "mse", adam())


def test_with_time_for_one_rate_it_tries_the_optimizers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "LEAST_STEPS", 30)
    monkeypatch.setattr(rates, "RANGE_STEPS", 30)
    monkeypatch.setattr(rates, "_steps_afforded", lambda *_: 31)
    result = preflight(net(1), (X, TARGETS), "mse", adam())
    assert result.healthy and result.judged, str(result)
    assert "no time for others" in result.checks[-1].figure


def test_without_time_it_says_what_was_not_done() -> None:
    result = gradscope.preflight(net(1), (X, TARGETS), "mse", adam(), seconds=1e-3)
    undone = [check.name for check in result.checks if check.passed is None]
    assert undone == ["learns the batch", "learning rate"]
    assert result.healthy and not result.judged
