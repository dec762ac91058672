"""What each family of statistics costs, in the compiled program alone.

    python benchmarks/families.py [--rounds 60] [mlp cnn transformer lstm]

Programs with all statistics, with none, and with those of one family run in random order beside the
plain step; the other families' probes give zeros. No draining and no writing. Each figure is the
median ratio to the plain step of the same round. The last column is the time of the first call,
compilation included.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from workloads import WORKLOADS, Workload, train_step

import gradscope
from gradscope.probes import data, gradients, units, updates

Probes = dict[tuple[Any, str], Callable[..., Any]]


def _zeros(of: Any) -> tf.Tensor:
    return tf.zeros([len(of)])


FAMILIES: dict[str, Probes] = {
    "gradients": {
        (gradients, "gradients"): lambda g, scale=None: gradients.Gradient(*[_zeros(g)] * 4)
    },
    "updates": {(updates, "updates"): lambda old, new: updates.Update(*[_zeros(old)] * 3)},
    "output grads": {(units, "activation_grad_norms"): lambda g, scale=None: _zeros(g)},
    "outputs": {(units, "activations"): lambda outputs: units.Size(*[_zeros(outputs)] * 2)},
    "units": {
        (units, "silent"): lambda out, kind, x=None: tf.zeros([out.shape[-1]], tf.bool),
        (units, "shares"): _zeros,
    },
    "data": {
        (data, "inputs"): lambda tensors: data.Inputs(*[tf.zeros([])] * 3),
        (data, "label_entropy"): lambda *labels: tf.zeros([]),
    },
}


def main() -> None:
    """Prints one table for each workload."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workloads", nargs="*", default=["mlp", "cnn", "transformer"])
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    arms = {"plain": None, "none": {*FAMILIES}, "all": set[str]()}
    arms |= {f"only {name}": {*FAMILIES} - {name} for name in FAMILIES}
    for name in options.workloads:
        workload = WORKLOADS[name]()
        x, y = (tf.constant(part) for part in workload.batch)
        programs, first = {}, {}
        for arm, without in arms.items():
            start = time.perf_counter()
            programs[arm] = _program(workload, without, x, y)
            first[arm] = time.perf_counter() - start
        times = _times(programs, x, y, options.rounds)
        print(f"\n{name}: plain {np.median(times['plain']) * 1e3:.2f} ms")
        for arm in arms:
            ratio = np.median(times[arm] / times["plain"])
            print(f"  {arm:18} {ratio:6.3f}   first call {first[arm]:5.1f} s", flush=True)


def _program(workload: Workload, without: set[str] | None, x: Any, y: Any) -> Any:
    """The compiled step without some families, None for the plain one; called once."""
    keras.utils.set_random_seed(0)
    model = workload.build()
    step = train_step(model, keras.optimizers.Adam(1e-3))
    if without is None:
        program = tf.function(step, jit_compile=True)
        program(x, y)
        return program
    with tempfile.TemporaryDirectory() as logdir, _silenced(without):
        with gradscope.Scope(model, logdir, every=1, console=False) as scope:
            recorded = scope.step(step)
            recorded(x, y)
        return recorded.recorded


@contextmanager
def _silenced(families: set[str]) -> Iterator[None]:
    with ExitStack() as stack:
        for family in families:
            for (module, name), nothing in FAMILIES[family].items():
                stack.enter_context(mock.patch.object(module, name, nothing))
        yield


def _times(programs: dict[str, Any], x: Any, y: Any, rounds: int) -> dict[str, Any]:
    times = {arm: np.zeros(rounds) for arm in programs}
    rng = np.random.default_rng(0)
    for i in range(rounds):
        for arm in rng.permutation(list(programs)):
            start = time.perf_counter()
            programs[arm](x, y).numpy()
            times[arm][i] = time.perf_counter() - start
    return times


if __name__ == "__main__":
    main()
