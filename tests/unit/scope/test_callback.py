"""gradscope.Callback: the same as Scope, for model.fit."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 6)).astype("float32")
Y = (X[:, 0] > 0).astype("int32") + (X[:, 1] > 1)


def classifier(**options: Any) -> keras.Model:
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "relu"), layers.Dense(3, "softmax")], name="net"
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def fit(model: keras.Model, *callbacks: Any, **options: Any) -> Any:
    settings = {"batch_size": 10, "epochs": 2, "verbose": 0, "shuffle": False, **options}
    return model.fit(X, Y, callbacks=list(callbacks), **settings).history["loss"]


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize(
    ("executions", "every", "expected"),
    [
        (1, 1, list(range(18))),
        (1, 4, [0, 4, 8, 12, 16]),
        (4, 1, list(range(18))),
        # 9 batches an epoch: executions of 4, 4 and 1 steps, of which those with step 0, 10 count
        (4, 10, [0, 1, 2, 3, 9, 10, 11, 12]),
    ],
)
def test_what_fit_records(
    tmp_path: Path, jit_compile: bool, executions: int, every: int, expected: list[int]
) -> None:
    options = {"jit_compile": jit_compile, "steps_per_execution": executions}
    plain = classifier(**options)
    plain_losses = fit(plain)
    model = classifier(**options)
    callback = gradscope.Callback(tmp_path, every=every)
    assert fit(model, callback) == pytest.approx(plain_losses, rel=1e-6)
    for one, other in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    run = gradscope.open_run(tmp_path)
    assert run.steps.tolist() == expected
    assert run.names("grad_norm") == tuple(v.path for v in model.trainable_variables)
    assert run.names("dead_fraction") == (model.layers[0].path,)
    assert callback.report().steps == len(expected)


def test_losses_are_those_of_the_batches(tmp_path: Path) -> None:
    class Watch(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.losses: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            # Keras reports the mean of the epoch so far.
            self.losses.append(logs["loss"] * (batch + 1) - sum(self.losses))

    watch = Watch()
    fit(classifier(), gradscope.Callback(tmp_path, every=1), watch, epochs=1)
    recorded = gradscope.open_run(tmp_path).series("loss")[1][:, 0]
    np.testing.assert_allclose(recorded, watch.losses, rtol=1e-4)


def test_validation_figures_of_each_epoch(tmp_path: Path) -> None:
    model = classifier()
    history = model.fit(
        *(X, Y),
        batch_size=10,
        epochs=3,
        verbose=0,
        validation_data=(X[:20], Y[:20]),
        callbacks=[gradscope.Callback(tmp_path, every=2)],
    ).history
    steps, values = gradscope.open_run(tmp_path).validation["loss"]
    assert steps.tolist() == [8, 17, 26]
    np.testing.assert_allclose(values, history["val_loss"], rtol=1e-6)


def test_a_train_step_of_the_models_own(tmp_path: Path) -> None:
    class Custom(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="custom")
            self.dense = keras.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def train_step(self, data: Any) -> Any:
            x, _ = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(self(x, training=True) ** 2)
            grads = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=True))
            return {"mine": loss}

    model = Custom()
    model.compile("sgd")
    own = type(model).train_step
    model.fit(X, Y, batch_size=45, verbose=0, callbacks=[gradscope.Callback(tmp_path, every=1)])
    assert gradscope.open_run(tmp_path).steps.tolist() == [0, 1]
    assert type(model).train_step is own
    assert "train_step" not in vars(model)


def test_a_second_fit_goes_on(tmp_path: Path) -> None:
    model, callback = classifier(), gradscope.Callback(tmp_path, every=3)
    fit(model, callback, epochs=1)
    fit(model, callback, epochs=1)
    assert gradscope.open_run(tmp_path).steps.tolist() == [0, 3, 6, 9, 12, 15]


def test_a_fit_that_is_broken_off_leaves_the_model_its_own(tmp_path: Path) -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 4:
                raise KeyboardInterrupt

    model, callback = classifier(), gradscope.Callback(tmp_path, every=1)
    with pytest.raises(KeyboardInterrupt):
        fit(model, Interrupt(), callback)
    fit(model, epochs=1)  # without the callback nothing is recorded
    fit(model, callback, epochs=1)
    steps = gradscope.open_run(tmp_path).steps.tolist()
    assert steps == list(range(4 + 9))


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_data_of_unknown_length(tmp_path: Path) -> None:
    model = classifier(steps_per_execution=4)

    def batches() -> Any:
        for start in range(0, 60, 10):  # 6 batches: executions of 4 and 2 steps
            yield X[start : start + 10], Y[start : start + 10]

    signature = (tf.TensorSpec((10, 6), tf.float32), tf.TensorSpec((10,), tf.int32))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    model.fit(
        data,
        epochs=3,
        verbose=0,
        shuffle=False,
        validation_data=(X[:20], Y[:20]),
        callbacks=[gradscope.Callback(tmp_path, every=1)],
    )
    run = gradscope.open_run(tmp_path)
    assert int(model.optimizer.iterations) == 18
    assert run.steps.tolist() == list(range(18))
    assert run.validation["loss"][0].tolist() == [5, 11, 17]


def test_two_callbacks_in_one_fit(tmp_path: Path) -> None:
    first, second = (gradscope.Callback(tmp_path / name, every=1) for name in "ab")
    with pytest.warns(gradscope.GradscopeWarning, match="another gradscope.Callback") as caught:
        fit(classifier(), first, second, epochs=1)
    assert len(caught) == 1
    assert gradscope.open_run(tmp_path / "a").steps.tolist() == list(range(9))


def test_several_replicas_are_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier()

    class Two:
        num_replicas_in_sync = 2

    callback = gradscope.Callback(tmp_path, every=1)
    callback.set_model(model)
    monkeypatch.setattr(type(model), "distribute_strategy", Two(), raising=False)
    with pytest.warns(gradscope.GradscopeWarning, match="Two runs 2 replicas, whose steps"):
        callback.on_train_begin()
    callback.on_train_batch_begin(0)
    callback.on_train_batch_end(0)
    callback.on_epoch_end(0, {"val_loss": 1.0})
    callback.on_train_end()
    assert not list(tmp_path.iterdir())


def test_mixed_precision_is_unscaled(tmp_path: Path) -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = classifier(jit_compile=False)
        fit(model, gradscope.Callback(tmp_path, every=1), epochs=1)
    finally:
        keras.config.set_dtype_policy("float32")
    run = gradscope.open_run(tmp_path)
    scale = run.series("loss_scale")[1][:, 0]
    assert scale[0] == 2.0**15
    assert set(np.log2(scale) % 1) == {0.0}
    assert 0.3 < run.series("loss")[1][0, 0] < 3
    assert 0.01 < run.series("global_grad_norm")[1][0, 0] < 10
