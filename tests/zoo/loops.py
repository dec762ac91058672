"""Steps of another shape: several losses, tapes and optimizers, a GAN, any return value."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.zoo.entry import (
    OF_PAIRS,
    Batch,
    Entry,
    Part,
    Step,
    from_logits,
    mean_squared,
    second,
    vectors,
)

Dense = keras.layers.Dense
Input = keras.Input


class AutoEncoder(keras.Model):
    """An encoder whose code is both decoded and classified."""

    def __init__(self) -> None:
        super().__init__(name="autoencoder")
        self.encoder = Dense(3, "tanh", name="encoder")
        self.decoder = Dense(4, name="decoder")
        self.classifier = Dense(3, name="classifier")

    def call(self, x: Any) -> Any:
        code = self.encoder(x)
        return self.decoder(code), self.classifier(code)


def _built() -> AutoEncoder:
    model = AutoEncoder()
    model(np.zeros((1, 4), "float32"))
    return model


def _persistent_tape() -> tuple[Part, ...]:
    model, optimizer = _built(), keras.optimizers.SGD(0.1)

    def train_step(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        variables = model.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            rebuilt, logits = model(x, training=True)
            rebuild, classify = mean_squared(x, rebuilt), from_logits(y, logits)
        first, other = tape.gradient(rebuild, variables), tape.gradient(classify, variables)
        summed = [_sum(a, b) for a, b in zip(first, other, strict=True)]
        optimizer.apply_gradients(zip(summed, variables, strict=True))
        return rebuild, classify

    return (Part(model, train_step, (optimizer,)),)


def _sum(a: tf.Tensor | None, b: tf.Tensor | None) -> tf.Tensor | None:
    return b if a is None else a if b is None else a + b


def _two_optimizers() -> tuple[Part, ...]:
    model = _built()
    slow, fast = keras.optimizers.SGD(0.1), keras.optimizers.Adam(0.1)

    def train_step(x: tf.Tensor, y: tf.Tensor) -> dict[str, tf.Tensor]:
        body = model.encoder.trainable_variables + model.decoder.trainable_variables
        head = model.classifier.trainable_variables
        with tf.GradientTape() as rebuild_tape, tf.GradientTape() as classify_tape:
            rebuilt, logits = model(x, training=True)
            rebuild, classify = mean_squared(x, rebuilt), from_logits(y, logits)
        body_grads = rebuild_tape.gradient(rebuild, body)
        head_grads = classify_tape.gradient(classify, head)
        slow.apply_gradients(zip(body_grads, body, strict=True))
        fast.apply_gradients(zip(head_grads, head, strict=True))
        return {"rebuild": rebuild, "classify": classify}

    return (Part(model, train_step, (slow, fast)),)


def _list_of_losses() -> tuple[Part, ...]:
    model, optimizer = _built(), keras.optimizers.SGD(0.1)

    def train_step(x: tf.Tensor, y: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            rebuilt, logits = model(x, training=True)
            losses = [mean_squared(x, rebuilt), from_logits(y, logits)]
        grads = tape.gradient(losses, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))

    return (Part(model, train_step, (optimizer,)),)


def _by_hand() -> tuple[Part, ...]:
    model = keras.Sequential([Input((4,)), Dense(3, "relu", name="only")], name="own")

    def train_step(x: tf.Tensor, y: tf.Tensor) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = from_logits(y, logits)
        variables = model.trainable_variables
        for variable, grad in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(0.1 * grad)
        return {"loss": loss, "deep": [(logits, None), {"count": 7}], "name": None}

    return (Part(model, train_step),)


def _crossentropy(label: float, logits: tf.Tensor) -> tf.Tensor:
    labels = label * tf.ones_like(logits)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


def gan() -> tuple[Part, ...]:
    """A generator and a discriminator, each with its optimizer and its step."""
    make = keras.Sequential(
        [Input((4,)), Dense(5, "relu", name="g1"), Dense(4, name="g2")], name="generator"
    )
    judge = keras.Sequential(
        [Input((4,)), Dense(5, "leaky_relu", name="d1"), Dense(1, name="d2")], name="discriminator"
    )
    make_optimizer, judge_optimizer = keras.optimizers.Adam(0.02), keras.optimizers.SGD(0.1)

    def judge_step(z: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            on_real, on_fake = judge(real, training=True), judge(make(z, training=True))
            loss = _crossentropy(1.0, on_real) + _crossentropy(0.0, on_fake)
        grads = tape.gradient(loss, judge.trainable_variables)
        judge_optimizer.apply_gradients(zip(grads, judge.trainable_variables, strict=True))
        return loss

    def make_step(z: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
        del real
        with tf.GradientTape() as tape:
            loss = _crossentropy(1.0, judge(make(z, training=True)))
        grads = tape.gradient(loss, make.trainable_variables)
        make_optimizer.apply_gradients(zip(grads, make.trainable_variables, strict=True))
        return loss

    return (
        Part(judge, judge_step, (judge_optimizer,)),
        Part(make, make_step, (make_optimizer,)),
    )


def _noise_and_data() -> list[Batch]:
    rng = np.random.default_rng(21)
    return [tuple(rng.normal(size=(6, 4)).astype("float32") for _ in range(2)) for _ in range(3)]


def _penalty_step(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Step:
    def train_step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(x)
                out = model(x, training=True)
            slope = inner.gradient(out, x)
            loss = mean_squared(y, out) + 0.1 * tf.reduce_mean(tf.square(slope))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    return train_step


def _gradient_penalty() -> tuple[Part, ...]:
    model = keras.Sequential(
        [Input((4,)), Dense(5, "tanh", name="p1"), Dense(1, name="p2")], name="smooth"
    )
    optimizer = keras.optimizers.SGD(0.1)
    return (Part(model, _penalty_step(model, optimizer), (optimizer,)),)


ENTRIES = (
    Entry("two_losses_persistent_tape", _persistent_tape, vectors(4), labels=second, prediction=1),
    Entry(
        "two_losses_two_optimizers",
        _two_optimizers,
        vectors(4),
        labels=second,
        prediction=1,
        unspecified=frozenset({"learning_rate"}),
    ),
    Entry(
        "list_of_losses_returns_none",
        _list_of_losses,
        vectors(4),
        labels=second,
        prediction=1,
        slow=True,
    ),
    Entry(
        "update_by_hand_returns_anything",
        _by_hand,
        vectors(4),
        labels=second,
        unspecified=frozenset({"clip_fraction"}),
    ),
    Entry("gan", gan, _noise_and_data, unspecified=OF_PAIRS),
    Entry("gradient_penalty", _gradient_penalty, vectors(4, "real"), slow=True),
)
