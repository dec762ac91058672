"""Every statistic of every zoo entry equals its float64 twin: eager, tf.function and XLA."""

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gradscope
from tests.compiled.compare import differences
from tests.compiled.reference import Expected, expected, tensors
from tests.zoo import ENTRIES, ZOO, Entry, Part
from tests.zoo.entry import mean_squared, plain

MODES = ("eager", "graph", "xla")

pytestmark = pytest.mark.filterwarnings(
    "ignore:Gradients do not exist for variables:UserWarning",  # the plain step warns as well
    "ignore:invalid value encountered:RuntimeWarning",  # NumPy on a batch with infinities
)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Iterator[str]:
    tf.config.run_functions_eagerly(request.param == "eager")
    yield request.param
    tf.config.run_functions_eagerly(False)


@functools.cache
def reference(name: str, random_compiled: bool) -> list[Expected]:
    return expected(ZOO[name], random_compiled=random_compiled)


def recorded(entry: Entry, logdir: Path, mode: str, **options: Any) -> list[Path]:
    """The log directories of the entry's parts, after its steps ran with a scope each."""
    parts = entry.fresh()
    logdirs = [logdir / str(position) for position in range(len(parts))]
    with contextlib.ExitStack() as stack:
        steps = []
        for part, path in zip(parts, logdirs, strict=True):
            scope = gradscope.Scope(part.model, str(path), every=1, **options)
            stack.enter_context(scope)
            steps.append(scope.step(part.step, jit_compile=mode == "xla"))
        for batch in entry.batches():
            for step in steps:
                step(*tensors(batch))
    return logdirs


@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, id=e.name, marks=[pytest.mark.slow] * e.slow) for e in ENTRIES],
)
def test_statistics_equal_their_oracles(entry: Entry, mode: str, tmp_path: Path) -> None:
    wanted = reference(entry.name, entry.random and mode == "xla")
    logdirs = recorded(entry, tmp_path, mode)
    for logdir, want in zip(logdirs, wanted, strict=True):
        wrong = differences(entry, gradscope.open_run(str(logdir)), want)
        assert not wrong, "\n".join([f"{len(wrong)} differences", *wrong[:40]])


def test_every_tolerance_has_its_reason() -> None:
    assert all(entry.why_rtol for entry in ENTRIES if entry.rtol > 1e-4)


def _blinking() -> tuple[Part, ...]:
    """Three units that fire exactly where their input is positive."""
    layer = keras.layers.Dense(3, "relu", kernel_initializer="identity", name="unit")
    model = keras.Sequential([keras.Input((3,)), layer], name="blinking")
    return plain(model, mean_squared, keras.optimizers.SGD(0.0))


BLINKS = ([1, 1, -1], [1, -1, -1], [1, -1, -1], [-1, -1, 1])
"""Step -> sign of each unit's input."""


@pytest.mark.parametrize(
    ("window", "dead"),
    [(1, [1 / 3, 2 / 3, 2 / 3, 2 / 3]), (2, [1 / 3, 1 / 3, 2 / 3, 1 / 3]), (9, [1 / 3] * 3 + [0])],
)
def test_dead_units_are_those_silent_for_a_whole_window(
    window: int, dead: list[float], mode: str, tmp_path: Path
) -> None:
    batches = [(np.float32([signs] * 2), np.zeros((2, 1), "float32")) for signs in BLINKS]
    entry = Entry("blinking", _blinking, lambda: batches)
    (want,) = expected(entry, window=window)
    assert [step["dead_fraction"]["blinking/unit"] for step in want.steps] == pytest.approx(dead)
    recorded(entry, tmp_path, mode, window=window)
    _, values = gradscope.open_run(str(tmp_path / "0")).series("dead_fraction")
    np.testing.assert_allclose(values[:, 0], dead, rtol=1e-6)
