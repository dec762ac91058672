"""Every activation: fused into a layer, as a layer of its own, bare inside a call."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.zoo.entry import Entry, Part, from_logits, mean_squared, plain, second, vectors

Dense = keras.layers.Dense

FUSED = (
    "relu relu6 elu selu gelu silu softplus leaky_relu sigmoid hard_sigmoid softmax tanh softsign"
).split()


_BIASES = keras.initializers.Constant([-12.0, -3.0, 0.0, 3.0, 12.0])
"""Makes units that are partly dead, partly saturated, partly neither."""


def _fused() -> tuple[Part, ...]:
    x = keras.Input((4,))
    outputs = [Dense(5, kind, bias_initializer=_BIASES, name=f"with_{kind}")(x) for kind in FUSED]
    joined = keras.layers.Concatenate(name="joined")(outputs)
    model = keras.Model(x, Dense(1, name="out")(joined), name="fused")
    return plain(model, mean_squared, keras.optimizers.SGD(0.01))


def _layers() -> tuple[Part, ...]:
    layers = keras.layers
    x = keras.Input((4,))
    h = Dense(5, bias_initializer=_BIASES, name="before")(x)
    outputs = [
        layers.ReLU(name="as_relu")(h),
        layers.ReLU(max_value=6.0, name="as_relu6")(h),
        layers.ReLU(negative_slope=0.1, name="as_leaky")(h),
        layers.LeakyReLU(name="as_leaky_relu")(h),
        layers.ELU(name="as_elu")(h),
        layers.Softmax(name="as_softmax")(h),
        layers.Activation("gelu", name="as_gelu")(h),
        layers.Activation("tanh", name="as_tanh")(h),
        layers.Activation("linear", name="as_linear")(h),
    ]
    joined = layers.Concatenate(name="joined")(outputs)
    model = keras.Model(x, Dense(1, name="out")(joined), name="layered")
    return plain(model, mean_squared, keras.optimizers.SGD(0.01))


class _Bare(keras.Model):
    """Bare activations: on a layer's own output, on a sum, and on a layer called twice."""

    def __init__(self) -> None:
        super().__init__(name="bare")
        self.a = Dense(5, bias_initializer=_BIASES, name="a")
        self.b = Dense(5, bias_initializer=_BIASES, name="b")
        self.c = Dense(5, name="c")
        self.out = Dense(3, name="out")

    def call(self, x: Any) -> Any:
        a = tf.nn.relu(self.a(x))
        b = keras.ops.sigmoid(self.b(x))
        c = keras.ops.tanh(self.c(a) + b)
        return self.out(tf.nn.elu(self.c(c)))


def _bare() -> tuple[Part, ...]:
    model = _Bare()
    model(np.zeros((1, 4), "float32"))
    return plain(model, from_logits)


ENTRIES = (
    Entry("fused_activations", _fused, vectors(4, "real")),
    Entry("activation_layers", _layers, vectors(4, "real")),
    Entry("bare_activations", _bare, vectors(4), labels=second),
)
