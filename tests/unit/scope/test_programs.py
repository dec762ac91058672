"""How many programs a step becomes, and what each of them holds."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import gradscope
from gradscope import recorder


def _step(model: keras.Model):
    optimizer = keras.optimizers.Adam(0.01)

    def train_step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    return train_step


def _model(activation: str = "relu") -> keras.Model:
    keras.utils.set_random_seed(0)
    hidden = keras.layers.Dense(16, activation)
    return keras.Sequential([keras.Input((4,)), hidden, keras.layers.Dense(1)])


def test_the_trace_that_creates_the_optimizers_variables_is_not_measured(
    tmp_path: Path, monkeypatch
):
    measured = []
    measure = recorder.measure
    monkeypatch.setattr(recorder, "measure", lambda trace: measured.append(1) or measure(trace))
    model = _model()
    scope = gradscope.Scope(model, tmp_path, every=1, console=False)
    step = scope.step(_step(model))
    with scope:
        for _ in range(3):
            step(tf.ones([8, 4]))
    assert (step.traces, len(measured)) == (2, 1)
    assert gradscope.open_run(tmp_path).series("loss")[0].tolist() == [0, 1, 2]


def test_scalars_of_a_step_share_one_concatenation(tmp_path: Path):
    model = _model()
    scope = gradscope.Scope(model, tmp_path, every=1, console=False)
    step = scope.step(_step(model))
    with scope:
        step(tf.ones([8, 4]))
        graph = step.recorded.get_concrete_function(tf.ones([8, 4])).graph
    rows = [op for op in graph.get_operations() if op.type == "ResourceScatterNdUpdate"]
    assert len(rows) == 1
    (row,) = {
        op.name: op
        for op in graph.get_operations()
        if op.type == "ConcatV2"
        and op.outputs[0].shape == [2 + scope._recorder.buffer.layout.slots]
    }.values()
    ones = [tensor for tensor in row.inputs if tensor.shape == [1]]
    assert len(ones) <= 1


def test_a_smooth_rectifier_is_judged_before_its_bias_is_added(tmp_path: Path):
    model = _model("gelu")
    bias = np.zeros(16, np.float32)
    bias[[2, 5]] = -1e6
    model.layers[0].bias.assign(bias)
    scope = gradscope.Scope(model, tmp_path, every=1, console=False)
    step = scope.step(_step(model))
    x = tf.constant(np.random.default_rng(0).normal(size=(64, 4)), tf.float32)
    with scope:
        step(x)
    _, dead = gradscope.open_run(tmp_path).series("dead_fraction")
    assert dead[0].tolist() == [2 / 16]
