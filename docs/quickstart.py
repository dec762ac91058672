import keras
import tensorflow as tf

import gradscope
from gradscope.data import digits

x_train, y_train, x_test, y_test = digits()  # or your own data, model, loss and optimizer
batches = tf.data.Dataset.from_tensor_slices((x_train, y_train)).batch(32, drop_remainder=True)
layers = [keras.layers.Dense(64, "sigmoid") for _ in range(8)]
model = keras.Sequential([keras.Input([64]), *layers, keras.layers.Dense(10)])
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.SGD(0.05)

scope = gradscope.Scope(model, logdir="runs/digits")  # one per training run


@scope.step  # in place of @tf.function(jit_compile=True)
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


with scope:  # closes the run
    for _ in range(5):
        for x, y in batches:
            loss = train_step(x, y)
        scope.validate(loss=loss_fn(y_test, model(x_test)))  # optional

print(scope.report())  # which layer, since which step, why, and what to change
