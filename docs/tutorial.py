import keras
import tensorflow as tf

import gradscope
from gradscope.data import digits

x_train, y_train, x_test, y_test = digits()
batches = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(1437, seed=0)
batches = batches.batch(32, drop_remainder=True)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def build(activation, initializer):
    keras.utils.set_random_seed(0)
    layers = [keras.Input([64])]
    for place in range(1, 11):
        name = f"hidden_{place}"
        layers += [keras.layers.Dense(48, activation, kernel_initializer=initializer, name=name)]
    return keras.Sequential([*layers, keras.layers.Dense(10, name="output")], name="net")


def training(model, compiled):
    optimizer = keras.optimizers.SGD(0.05)

    @compiled
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return loss

    for epoch in range(1, 13):
        losses = [train_step(x, y) for x, y in batches]
        print(f"epoch {epoch:2}  loss {sum(losses) / len(losses):.3f}")
        yield


model = build("sigmoid", "glorot_uniform")
for _ in training(model, tf.function(jit_compile=True)):
    pass


def watched(model, logdir):
    scope = gradscope.Scope(model, logdir)
    with scope:
        for _ in training(model, scope.step):
            logits = model(x_test)
            hits = keras.metrics.sparse_categorical_accuracy(y_test, logits)
            scope.validate(loss=loss_fn(y_test, logits), accuracy=tf.reduce_mean(hits))
    return scope.report()


print(watched(build("sigmoid", "glorot_uniform"), "runs/before"))

print(watched(build("relu", "he_normal"), "runs/after"))
