"""Frozen layers, variables that no gradient reaches, regularization."""

import keras
import tensorflow as tf

from tests.zoo.entry import Entry, Part, Step, from_logits, plain, second, vectors

Dense = keras.layers.Dense


def frozen_backbone() -> tuple[Part, ...]:
    """Two frozen layers and a frozen batch normalization under one that learns."""
    backbone = keras.Sequential(
        [
            keras.Input((4,)),
            Dense(8, "tanh", name="frozen1"),
            keras.layers.BatchNormalization(name="frozen_norm"),
            Dense(8, "relu", name="frozen2"),
        ],
        name="backbone",
    )
    backbone.trainable = False
    x = keras.Input((4,))
    model = keras.Model(x, Dense(3, name="head")(backbone(x)), name="transfer")
    return plain(model, from_logits)


def _frozen_middle() -> tuple[Part, ...]:
    model = keras.Sequential(
        [
            keras.Input((4,)),
            Dense(6, "relu", name="learns1"),
            Dense(6, "relu", trainable=False, name="frozen"),
            Dense(3, name="learns2"),
        ],
        name="sandwich",
    )
    return plain(model, from_logits)


def _unreached() -> tuple[Part, ...]:
    x = keras.Input((4,))
    h = Dense(6, "relu", name="trunk")(x)
    outputs = [Dense(3, name="used")(h), Dense(2, "sigmoid", name="ignored")(h)]
    return plain(keras.Model(x, outputs, name="forked"), lambda y, out: from_logits(y, out[0]))


def _regularized_model() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,)),
            Dense(6, "relu", kernel_regularizer=keras.regularizers.L2(0.1), name="with_l2"),
            Dense(6, "tanh", kernel_regularizer=keras.regularizers.L1(0.02), name="with_l1"),
            Dense(3, activity_regularizer=keras.regularizers.L2(0.05), name="with_activity"),
        ],
        name="regularized",
    )


def _regularized_step(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Step:
    def train_step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = from_logits(y, model(x, training=True))
            total = loss + tf.add_n(model.losses)
        grads = tape.gradient(total, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    return train_step


def _regularized() -> tuple[Part, ...]:
    model, optimizer = _regularized_model(), keras.optimizers.SGD(0.1)
    return (Part(model, _regularized_step(model, optimizer), (optimizer,), regularized=True),)


def _regularizers_left_out() -> tuple[Part, ...]:
    return plain(_regularized_model(), from_logits)


ENTRIES = (
    Entry("frozen_backbone", frozen_backbone, vectors(4), labels=second),
    Entry("frozen_in_the_middle", _frozen_middle, vectors(4), labels=second, slow=True),
    Entry("output_no_loss_sees", _unreached, vectors(4), labels=second),
    Entry("regularized", _regularized, vectors(4), labels=second),
    Entry("regularizers_left_out", _regularizers_left_out, vectors(4), labels=second, slow=True),
)
