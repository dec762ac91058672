"""Each misuse gets an error that says what was got, what was expected, and what to do."""

import re
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope
from gradscope.errors import UsageError
from tests.unit.preflight.nets import TARGETS, X, net

BATCH = (X, TARGETS)
ADAM = keras.optimizers.Adam(1e-3)


def frozen() -> keras.Model:
    model = net(1)
    model.trainable = False
    return model


def data() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(BATCH).batch(8)


class NoSettings(keras.optimizers.SGD):
    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("no config")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": keras.Model}, "model=Model; expected a Keras model"),
        ({"model": 3}, "model=int; expected a Keras model"),
        ({"model": lambda x: x}, "an object with `trainable_variables`, got function. Pass the"),
        (
            {"model": keras.Sequential([keras.layers.Dense(1)])},
            "is not built, so it has no weights to try. Build it first: call model(x) once",
        ),
        ({"model": frozen}, "has no trainable variables, so it can't learn. Check that its"),
        ({"batch": X}, "batch is ndarray; expected one batch as the pair (x, y). Write preflight("),
        ({"batch": (X,)}, "batch is a tuple of 1; expected one batch as the pair (x, y). Leave"),
        ({"batch": (X, TARGETS, X)}, "batch is a tuple of 3; expected one batch as the pair"),
        ({"batch": data}, "batch is a data set; expected one batch as the pair (x, y). Take one"),
        ({"batch": (X, TARGETS[:7])}, "differ in their first axis: [(48, 6), (7, 1)]. Expected as"),
        ({"batch": (X[:1], TARGETS[:1])}, "the batch has 1 sample; expected 2 or more"),
        ({"batch": (X, 3.0)}, "the labels y hold a single number, expected an array whose first"),
        ({"batch": (X, None)}, "the labels y hold object, expected numbers"),
        ({"batch": (np.array(["a", "b"]), TARGETS[:2])}, "the inputs x hold <U1, expected numbers"),
        (
            {"batch": (X[:, :2], TARGETS)},
            "the model can't take the inputs of this batch, of shape ",
        ),
        ({"loss": "square"}, "loss='square' is no loss of Keras. Pass a name such as"),
        ({"loss": 3}, "loss is int, which can't be called; expected a Keras loss object, its name"),
        ({"loss": keras.losses.MeanSquaredError}, "is a class; expected an instance. Write Mean"),
        ({"loss": lambda p: p}, "loss <lambda> doesn't take two arguments; expected a function of"),
        ({"optimizer": keras.optimizers.Adam}, "Adam is a class; expected an instance. Write"),
        ({"optimizer": "adamo"}, "optimizer='adamo' is no optimizer of Keras. Pass a name such"),
        ({"optimizer": 1e-3}, "optimizer is float; expected a Keras optimizer, such as"),
        ({"optimizer": NoSettings(0.1)}, "NoSettings can't be made anew from its get_config()"),
        ({"seconds": 0}, "seconds=0; expected a positive number, about how long it may take"),
        ({"seconds": "1"}, "seconds='1'; expected a positive number"),
    ],
)
def test_misuse(arguments: dict[str, Any], message: str) -> None:
    given = {"model": net(1), "batch": BATCH, "loss": "mse", "optimizer": ADAM, **arguments}
    for name, value in given.items():
        if value is frozen or value is data:
            given[name] = value()
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        gradscope.preflight(**given)
    assert str(caught.value).startswith("preflight: ")
    assert "\n" not in str(caught.value)
