"""The reference itself against steps worked out by hand and by finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.compiled.observer import observed
from tests.compiled.reference import expected
from tests.zoo import ZOO, Entry, Part
from tests.zoo.entry import plain


def _one_weight() -> tuple[Part, ...]:
    layer = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=keras.initializers.Constant(2.0), name="line"
    )
    model = keras.Sequential([keras.Input((1,)), layer], name="one")
    return plain(model, lambda y, out: tf.reduce_sum((out - y) ** 2) / 2, keras.optimizers.SGD(0.1))


def test_a_line_worked_out_by_hand() -> None:
    # w = 2, x = (1, 3), y = (1, 1): errors (1, 5), loss 13, gradient 1·1 + 5·3 = 16, w' = 0.4.
    batch = (np.array([[1], [3]], np.float32), np.array([[1], [1]], np.float32))
    (line,) = expected(Entry("line", _one_weight, lambda: [batch]))
    first = line.steps[0]
    assert line.variables == ("one/line/kernel",)
    assert first["loss"]["loss"] == pytest.approx(13)
    assert first["grad_norm"]["0 one/line/kernel"] == pytest.approx(16)
    assert first["weight_norm"]["0 one/line/kernel"] == pytest.approx(2)
    assert first["update_norm"]["0 one/line/kernel"] == pytest.approx(1.6)
    assert first["update_ratio"]["0 one/line/kernel"] == pytest.approx(0.8)
    assert first["activation_mean"] == {"one/line": pytest.approx(4)}
    assert first["activation_rms"] == {"one/line": pytest.approx(np.sqrt(20))}
    assert first["activation_grad_norm"] == {"one/line": pytest.approx(np.sqrt(26))}
    assert first["dead_fraction"] == first["saturated_fraction"] == {}
    assert first["learning_rate"]["learning_rate"] == pytest.approx(0.1)


def test_activation_gradients_equal_finite_differences() -> None:
    (part,) = ZOO["float64"].fresh()
    x, y = (tf.constant(array) for array in ZOO["float64"].batches()[0])
    with observed(part.model) as seen:
        part.step(x, y)
    first = seen.outputs[0]
    a = first.tensor.numpy()
    last = part.model.layers[-1]
    kernel, bias = (seen.before[id(v)] for v in (last.kernel, last.bias))

    def loss(hidden: np.ndarray) -> float:
        logits = hidden @ kernel + bias
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(y)), y.numpy()]
        return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - chosen))

    slope = np.zeros_like(a)
    for index in np.ndindex(a.shape):
        shift = np.zeros_like(a)
        shift[index] = 1e-6
        slope[index] = (loss(a + shift) - loss(a - shift)) / 2e-6
    np.testing.assert_allclose(first.gradients[0].numpy(), slope, atol=1e-8)


def test_the_observed_step_trains_like_the_plain_one() -> None:
    entry = ZOO["bare_activations"]
    (watched,) = expected(entry)
    (part,) = entry.fresh()
    losses = [part.step(*map(tf.constant, batch)) for batch in entry.batches()]
    assert [loss.numpy() for loss in losses] == [loss.numpy() for loss in watched.returned]
    for variable, weights in zip(part.model.variables, watched.weights, strict=True):
        np.testing.assert_array_equal(variable.numpy(), weights)


def test_names_of_layers() -> None:
    names = {name: list(expected(ZOO[name])[0].steps[0]["activation_rms"]) for name in _NAMED}
    assert names == _NAMED


_NAMED = {
    "nested_models_called_twice": [
        "inner/in1",
        "inner/in2",
        "mid",
        "residual",
        "inner/in1@2",
        "inner/in2@2",
        "out",
    ],
    "several_outputs": [
        "split/one",
        "split/two",
        "split",
        "split[1]",
        "split[2]",
        "sum",
        "out",
    ],
    "bare_activations": ["bare/a", "bare/b", "bare/c", "bare/tanh", "bare/c@2", "bare/out"],
    "lstm_gru": ["recurrent/lstm", "recurrent/gru", "recurrent/out"],
}
