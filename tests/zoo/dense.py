"""Models of dense layers: sequential, functional, nested, subclassed; inputs, outputs, batches."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.zoo.entry import (
    OF_PAIRS,
    Batch,
    Entry,
    Part,
    from_logits,
    from_probabilities,
    mean_squared,
    plain,
    second,
    vectors,
)

Dense = keras.layers.Dense


def _sequential() -> tuple[Part, ...]:
    model = keras.Sequential(
        [
            keras.Input((4,)),
            Dense(8, "relu", name="first"),
            Dense(6, "sigmoid", name="second"),
            Dense(3, "softmax", name="last"),
        ],
        name="sequential",
    )
    return plain(model, from_probabilities, keras.optimizers.Adam(0.01))


def _in_and_out() -> tuple[Part, ...]:
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = Dense(5, "tanh", name="shared")
    a, b = shared(left), shared(right)
    joined = keras.layers.Concatenate(name="joined")([a, b])
    outputs = {"class": Dense(3, name="class")(joined), "value": Dense(1, name="value")(joined)}
    model = keras.Model({"left": left, "right": right}, outputs, name="inout")
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.2, 1, 0.5))

    def train_step(batch: dict[str, Any]) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            outputs = model(batch["inputs"], training=True)
            losses = {
                "class": from_logits(batch["targets"][0], outputs["class"]),
                "value": mean_squared(batch["targets"][1]["value"], outputs["value"]),
            }
            total = losses["class"] + 0.5 * losses["value"]
        grads = tape.gradient(total, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return {"total": total, "parts": losses}

    return (Part(model, train_step, (optimizer,)),)


def _nested_batches() -> list[Batch]:
    rng = np.random.default_rng(5)

    def one() -> dict[str, Any]:
        value = rng.normal(size=(5, 1)).astype("float32")
        return {
            "inputs": {
                side: rng.normal(size=(5, 4)).astype("float32") for side in ("left", "right")
            },
            "targets": (rng.integers(0, 3, 5), {"value": value}),
        }

    return [(one(),) for _ in range(3)]


def _nested() -> tuple[Part, ...]:
    inner = keras.Sequential([Dense(5, "relu", name="in1"), Dense(4, name="in2")], name="inner")
    x = keras.Input((4,))
    h = inner(x)
    middle_in = keras.Input((4,))
    middle = keras.Model(middle_in, Dense(4, "tanh", name="mid")(middle_in), name="middle")
    h = keras.layers.Add(name="residual")([x, middle(h)])
    h = inner(h)
    model = keras.Model(x, Dense(1, name="out")(h), name="outer")
    return plain(model, mean_squared)


class _Lazy(keras.Model):
    """Built at its first call; one variable is never used."""

    def __init__(self) -> None:
        super().__init__(name="lazy")
        self.first = Dense(5, name="first")
        self.unused = self.add_weight(shape=(3,), initializer="ones", name="unused")
        self.last = Dense(3, name="last")

    def call(self, x: Any) -> Any:
        return self.last(tf.nn.relu(self.first(x)))


def _lazy() -> tuple[Part, ...]:
    return plain(_Lazy(), from_logits)


class _Split(keras.layers.Layer):
    """Two outputs, and a third that the loss never sees."""

    def __init__(self) -> None:
        super().__init__(name="split")
        self.one = Dense(4, name="one")
        self.two = Dense(4, name="two")

    def build(self, shape: Any) -> None:
        self.one.build(shape)
        self.two.build(shape)

    def call(self, x: Any) -> Any:
        a, b = self.one(x), self.two(x)
        return a + b, a * b, 2.0 * a


def _several_outputs() -> tuple[Part, ...]:
    x = keras.Input((4,))
    a, b, _ = _Split()(x)
    model = keras.Model(x, Dense(1, name="out")(keras.layers.Add(name="sum")([a, b])), name="net")
    return plain(model, mean_squared)


class _Towers(keras.Model):
    """Two submodels whose layers have the same names; Keras 3 gives their variables one path."""

    def __init__(self) -> None:
        super().__init__(name="towers")
        self.left, self.right = self._tower("left"), self._tower("right")

    def _tower(self, name: str) -> keras.Model:
        x = keras.Input((4,))
        return keras.Model(x, Dense(3, name="dense")(x), name=name)

    def call(self, x: Any) -> Any:
        return self.left(x) + 2.0 * self.right(x)


def _towers() -> tuple[Part, ...]:
    return plain(_Towers(), from_logits)


ENTRIES = (
    Entry(
        "sequential", _sequential, vectors(4, sizes=(6, 6, 4)), labels=second, probabilities=True
    ),
    Entry(
        "two_inputs_two_outputs_nested_batch",
        _in_and_out,
        _nested_batches,
        unspecified=OF_PAIRS,
    ),
    Entry("nested_models_called_twice", _nested, vectors(4, "real")),
    Entry("built_inside_the_step", _lazy, vectors(4), labels=second),
    Entry("several_outputs", _several_outputs, vectors(4, "real")),
    Entry("same_names_in_two_submodels", _towers, vectors(4), labels=second, slow=True),
)
