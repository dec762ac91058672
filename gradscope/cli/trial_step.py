"""Tries TensorFlow for `gradscope doctor`: a process of its own that prints a JSON line per trial.

Not meant to be imported: TensorFlow may end the process that does.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable

Trial = Callable[[], str]


def main() -> int:
    """0 once all that can be tried has been; each trial is one line on standard output."""
    trials: tuple[tuple[str, Trial], ...] = (
        ("import tensorflow", _import),
        ("keras backend", _backend),
        ("devices", _devices),
        ("plain step", lambda: _step(jit_compile=False)),
        ("XLA step", lambda: _step(jit_compile=True)),
        ("recorded step", _recorded),
    )
    for place, (name, trial) in enumerate(trials):
        try:
            answer: dict[str, object] = {"ok": True, "figure": trial()}
        except Exception as error:
            message = str(error).strip()
            answer = {"ok": False, "figure": f"{type(error).__name__}: {message}"}
            if isinstance(error, _UnfitError):
                answer = {"ok": False, "figure": message, "advice": error.advice}
        print(json.dumps({"name": name, **answer}), flush=True)
        if not answer["ok"] and place == 0:
            break  # the others would say the same
    return 0


class _UnfitError(Exception):
    """It works, but gradscope can't use it so."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(found)
        self.advice = advice


def _import() -> str:
    begin = time.monotonic()
    import tensorflow as tf

    return f"{tf.version.VERSION} ({tf.version.GIT_VERSION}) in {time.monotonic() - begin:.1f} s"


def _backend() -> str:
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        advice = "Set KERAS_BACKEND=tensorflow before Keras is imported."
        raise _UnfitError(f"Keras runs on {backend}", advice)
    return f"{backend}, {keras.mixed_precision.global_policy().name}"


def _devices() -> str:
    import tensorflow as tf

    names: list[str] = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device)
        kind = details.get("device_name")
        names.append(f"{device.device_type} {kind}" if kind else device.device_type)
    return ", ".join(f"{names.count(name)} x {name}" for name in dict.fromkeys(names))


def _step(jit_compile: bool) -> str:
    """Trains a variable by one compiled step and looks at the result."""
    import tensorflow as tf

    weights = tf.Variable(tf.ones([4, 2]))
    inputs = tf.ones([8, 4])

    @tf.function(jit_compile=jit_compile)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.matmul(inputs, weights) ** 2)
        weights.assign_sub(0.01 * tape.gradient(loss, weights))
        return loss

    begin = time.monotonic()
    loss = float(step())
    # 16 outputs of 4 each; the gradient of every weight is 8 * 2 * 4 = 64
    if abs(loss - 256) > 1e-2 or abs(float(weights[0, 0]) - 0.36) > 1e-4:
        raise ArithmeticError(f"wrong result: loss {loss}, weight {float(weights[0, 0])}")
    return f"compiled and run in {time.monotonic() - begin:.1f} s"


def _recorded() -> str:
    """Records a few steps of a small net and reads them back."""
    import keras
    import numpy as np
    import tensorflow as tf

    import gradscope

    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(3, "relu")])
    optimizer = keras.optimizers.SGD(0.01)
    count = 3
    with tempfile.TemporaryDirectory() as logdir:
        scope = gradscope.Scope(model, logdir=os.path.join(logdir, "run"))

        @scope.step(jit_compile=False)
        def step(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            return loss

        with scope:
            for _ in range(count):
                step(np.ones([8, 4], np.float32), np.ones([8, 3], np.float32))
        run = gradscope.open_run(scope.logdir)
        if len(run.steps) != count:
            raise ArithmeticError(f"{len(run.steps)} steps were read back, expected {count}")
        return f"{count} steps, {len(run.statistics)} statistics, written and read back"


if __name__ == "__main__":
    sys.exit(main())
