"""TensorFlow's arms do the same work, and record what the bench says they do."""

import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import gradscope
from benchmarks.rivals import fitting, plain_tensorflow, recording, summaries
from benchmarks.rivals.rivals import EPOCH
from benchmarks.rivals.tensorflow_net import net

pytestmark = pytest.mark.slow  # benchmarks have their own time

TINY = "mlp:tiny"
MAKERS = {
    "graph": plain_tensorflow.graph,
    "gradscope": recording.maker(2),
    "inside": summaries.inside,
    "outside": summaries.outside,
}


def losses(maker, where) -> list[float]:
    arm = maker(TINY, where)
    found = [float(arm.step(*arm.batch)) for _ in range(4)]
    arm.close()
    return found


def tags(where) -> EventAccumulator:
    return EventAccumulator(str(where), size_guidance={"tensors": 0}).Reload()


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> list[float]:
    return losses(plain_tensorflow.compiled, tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("name", MAKERS)
def test_all_loops_train_the_same_net_alike(name, plain, tmp_path):
    assert losses(MAKERS[name], tmp_path) == pytest.approx(plain, rel=1e-4)
    assert len(set(plain)) == 4


@pytest.mark.parametrize("name", ["inside", "outside"])
def test_summaries_hold_each_variable_at_each_step(name, tmp_path):
    arm = MAKERS[name](TINY, tmp_path)
    arm.run(2)
    arm.close()
    read = tags(tmp_path)
    paths = [variable.path for variable in net(TINY).model.trainable_variables]
    # Keras numbers layers on within a process: their names end differently.
    kinds = ("gradient_norm", "gradient", "weight")
    found = read.Tags()["tensors"]
    assert len(found) == 3 * len(paths) + 1
    assert all(sum(tag.startswith(f"{kind}/") for tag in found) == len(paths) for kind in kinds)
    assert all(len(read.Tensors(tag)) == 2 for tag in found)


def test_gradscope_records_as_often_as_its_name_says(tmp_path):
    arm = recording.maker(2)(TINY, tmp_path)
    arm.run(6)
    arm.close()
    steps, _ = gradscope.open_run(tmp_path).series("grad_norm")
    assert steps.tolist() == [0, 2, 4]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_the_callback_writes_histograms_once_an_epoch(tmp_path):
    arm = fitting.with_callback(TINY, tmp_path)
    arm.run(EPOCH)
    arm.run(EPOCH)
    arm.close()
    read = tags(tmp_path / "train")
    histograms = [tag for tag in read.Tags()["tensors"] if "/histogram" in tag]
    assert len(histograms) == len(net(TINY).model.weights)
    assert all(len(read.Tensors(tag)) == 2 for tag in histograms)


def test_a_fit_takes_whole_epochs(tmp_path):
    arm = fitting.plain(TINY, tmp_path)
    with pytest.raises(ValueError, match=f"70 steps are no whole epochs of {EPOCH}"):
        arm.run(70)
    arm.close()


def test_a_fit_that_fails_does_not_hang(tmp_path):
    import keras

    class Broken(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            raise RuntimeError("broken")

    arm = fitting.Fit(TINY, [Broken()])
    with pytest.raises(RuntimeError, match="broken"):
        arm.run(EPOCH)
    arm.close()


@pytest.mark.slow
def test_check_numerics_is_really_on(tmp_path):
    # In a process of its own: it changes TensorFlow for all that is traced after it.
    program = """
import sys, numpy as np, tensorflow as tf
from pathlib import Path
from benchmarks.rivals import check_numerics
arm = check_numerics.arm("mlp:tiny", Path("."))
arm.run(1)
x, y = arm.batch
try:
    arm.step(x * float("nan"), y)
except tf.errors.InvalidArgumentError as error:
    sys.exit(0 if "NaN" in str(error) else 3)
sys.exit(4)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
