"""A closer look at layers of a step, against float64 twins of the same step's gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradscope import buffer, detail
from gradscope.capture.watch import watch
from gradscope.closeup import Closeup
from tests.oracles import detail as oracle

X = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")


def model_of(layers):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((5,)), *layers], name="net")


def gradients_of(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(X) ** 2)
    return dict(
        zip(
            [v.path for v in model.trainable_variables],
            tape.gradient(loss, model.trainable_variables),
            strict=True,
        )
    )


def looked(model, closeup, xla=True, scale=1.0):
    """The row of one step that `closeup` watches, by key, without the model's name."""

    def step(x):
        with watch(object(), model) as trace:
            with tf.GradientTape() as tape:
                loss = scale * tf.reduce_mean(model(x) ** 2)
            tape.gradient(loss, model.trainable_variables)
            trace.scale = None if scale == 1 else tf.constant(scale)
            closeup.take(trace)

    with tf.device("CPU:0"):
        tf.function(step, jit_compile=xla)(tf.constant(X))
    steps, values = buffer.read(closeup.snapshot(), -1)
    assert len(steps) == 1
    columns = closeup.layout.columns
    return {key.replace("/net/", "/"): values[0][closeup.layout.where(key)] for key in columns}


def dense(units, activation=None, name=None):
    return keras.layers.Dense(units, activation, name=name)


@pytest.mark.parametrize("xla", [True, False])
def test_details_are_those_of_numpy(xla):
    model = model_of([dense(6, "sigmoid", "a"), dense(4, "relu", "b"), dense(3, name="c")])
    closeup = Closeup(["net/a", "net/b"], capacity=4)
    found = looked(model, closeup, xla)
    a = model.layers[0](X).numpy()
    b = model.layers[1](a).numpy()
    grads = {path.removeprefix("net/"): grad.numpy() for path, grad in gradients_of(model).items()}
    assert set(found) == {
        *(f"grad_histogram/{v}" for v in ("a/kernel", "a/bias", "b/kernel", "b/bias")),
        *("grad_unit_rms/a/kernel", "grad_unit_rms/b/kernel"),
        *("unit_mean/a", "unit_rms/a", "unit_saturated/a"),
        *("unit_mean/b", "unit_rms/b", "unit_firing/b"),
    }
    for name in ("a/kernel", "a/bias", "b/kernel", "b/bias"):
        counts = dict(zip(detail.bin_names(), found[f"grad_histogram/{name}"], strict=True))
        assert {k: n for k, n in counts.items() if n} == oracle.grad_histogram(grads[name])
    close = {"rtol": 1e-4, "atol": 1e-7}
    want = oracle.grad_unit_rms(grads["b/kernel"])
    np.testing.assert_allclose(found["grad_unit_rms/b/kernel"], want, **close)
    np.testing.assert_allclose(found["unit_mean/a"], oracle.unit_mean(a), **close)
    np.testing.assert_allclose(found["unit_rms/b"], oracle.unit_rms(b), **close)
    np.testing.assert_allclose(found["unit_firing/b"], oracle.unit_firing(b, "relu"), **close)
    saturated = oracle.unit_saturated(a, "sigmoid")
    np.testing.assert_allclose(found["unit_saturated/a"], saturated, **close)


def test_the_loss_scale_is_divided_out():
    model = model_of([dense(6, name="a")])
    plain = looked(model, Closeup(["net/a"], capacity=2))
    scaled = looked(model, Closeup(["net/a"], capacity=2), scale=1024.0)
    np.testing.assert_array_equal(
        plain["grad_histogram/a/kernel"], scaled["grad_histogram/a/kernel"]
    )
    np.testing.assert_allclose(
        plain["grad_unit_rms/a/kernel"], scaled["grad_unit_rms/a/kernel"], rtol=1e-6
    )


def test_variables_inside_a_loop_belong_to_the_layer_above():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Reshape((5, 1)), keras.layers.LSTM(4, name="r"), dense(1)]
    found = looked(model_of(layers), Closeup(["net/r"], capacity=2))
    kernels = {key for key in found if key.startswith("grad_unit_rms/")}
    assert kernels == {f"grad_unit_rms/r/lstm_cell/{k}kernel" for k in ("", "recurrent_")}
    assert found["unit_mean/r"].shape == (4,)


def test_a_layer_that_is_not_there_gives_an_empty_row():
    closeup = Closeup(["gone"], capacity=2)
    assert looked(model_of([dense(2, name="a")]), closeup) == {}
    assert closeup.failure is None


def test_a_failure_is_kept_and_ends_nothing(monkeypatch):
    def broken(*_):
        raise ValueError("broken probe")

    monkeypatch.setattr("gradscope.probes.detail.grad_histogram", broken)
    model, closeup = model_of([dense(2, name="a")]), Closeup(["net/a"], capacity=2)
    with watch(object(), model) as trace:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(X) ** 2)
        tape.gradient(loss, model.trainable_variables)
        closeup.take(trace)
    assert str(closeup.failure) == "broken probe"
    assert closeup.snapshot() is None
