"""A workload's plain and recorded steps, traced on this machine for another one."""

import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import keras
import tensorflow as tf

import gradscope
from benchmarks.gpu import state
from benchmarks.gpu.manifest import ALL, PLAIN, STEP_COLUMNS, Input, Spec
from gradscope.bench.families import silenced, without
from gradscope.bench.workloads import Workload, optimizer, train_step
from gradscope.probes import forms as reductions

SEED = 0

ARMS: Mapping[str, tuple[str, ...] | None] = {
    PLAIN: None,
    "gradients": ("gradients", "updates"),
    ALL: None,
}
"""What each arm records: families of gradscope.bench, None for all (plain: nothing)."""

ROWS = "gradscope_rows"
"""The variable that holds the rows of statistics."""


@dataclass(frozen=True)
class Traced:
    """A step that was traced and has not run.

    function: the tf.function; called with the batch it runs the step here.
    concrete: its one trace.
    batch: its arguments.
    columns: statistic -> names of its values; empty for the plain step.
    """

    arm: str
    model: keras.Model
    function: Any
    concrete: Any
    batch: tuple[tf.Tensor, ...]
    columns: Mapping[str, tuple[str, ...]]

    def module(self, stage: str, *, tf32: bool = True) -> Any:
        """The compiled step at a stage of `tf.function.experimental_get_compiler_ir`.

        tf32: let a GPU round the factors of matrix products and convolutions, as is TensorFlow's
            default; False asks for all their digits.
        """
        before = tf.config.experimental.tensor_float_32_execution_enabled()
        tf.config.experimental.enable_tensor_float_32_execution(tf32)
        try:
            return self.function.experimental_get_compiler_ir(*self.batch)(stage=stage)
        finally:
            tf.config.experimental.enable_tensor_float_32_execution(before)

    def arguments(self) -> list[tuple[str, str, Any]]:
        """(name, role, tensor or variable) of each argument of the compiled step, in its order."""
        variables = {id(variable.handle): variable for variable in self.concrete.graph.variables}
        weights = {id(v.value.handle) for v in self.model.trainable_variables}
        found = [(f"batch/{i}", "batch", part) for i, part in enumerate(self.batch)]
        counts: dict[str, int] = {}
        for captured in self.concrete.captured_inputs:
            variable = variables.get(id(captured))
            path = "constant" if variable is None else variable.name.partition(":")[0]
            counts[path] = count = counts.get(path, 0) + 1
            name = path if count == 1 else f"{path}#{count}"
            role = "weight" if id(captured) in weights else "state"
            found.append((name, role, captured if variable is None else variable))
        return found

    def inputs(self, stored: dict[str, state.Array], exact: bool) -> tuple[Input, ...]:
        """The arguments with their values, as they are now.

        stored, exact: as `state.recipe` takes them.
        """
        found = []
        for name, role, tensor in self.arguments():
            value = tensor.numpy()
            spec = Spec(tuple(value.shape), value.dtype.name)
            found.append(Input(name, role, spec, state.recipe(name, value, stored, exact)))
        return tuple(found)

    def run(
        self, inputs: tuple[Input, ...], stored: Mapping[str, state.Array], steps: int
    ) -> state.Array:
        """The first rows of statistics, float32[steps, slots], computed here.

        inputs, stored: what `inputs` gave; the step starts from these values.
        """
        rows, batch = None, []
        for (name, role, tensor), given in zip(self.arguments(), inputs, strict=True):
            value = state.values(given.recipe, given.spec.shape, given.spec.dtype, stored)
            if role == "batch":
                batch.append(tf.constant(value))
            elif isinstance(tensor, tf.Variable):
                tensor.assign(value)
            rows = tensor if name == ROWS else rows
        assert rows is not None, "only a recorded step has rows"
        for _ in range(steps):
            self.function(*batch)
        return rows.numpy()[:steps, STEP_COLUMNS:]


def trace(workload: Workload, arm: str, forms: Literal["cpu", "gpu"]) -> Traced:
    """One step of a workload, from the same seed for each arm.

    forms: the device for which the statistics are written.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(SEED)
    model, adam = workload.build(), optimizer()
    adam.build(model.trainable_variables)
    step = train_step(model, adam)
    batch = tuple(tf.constant(part) for part in workload.batch)
    if arm == PLAIN:
        plain = tf.function(step, jit_compile=True)
        return Traced(arm, model, plain, plain.get_concrete_function(*batch), batch, {})
    only = ARMS[arm]
    with (
        tempfile.TemporaryDirectory() as logdir,
        silenced(without(only)) if only else nullcontext(),
        reductions.forms(forms),
        gradscope.Scope(model, logdir, every=1, console=False) as scope,
    ):
        recorded = scope.step(step).recorded
        concrete = recorded.get_concrete_function(*batch)
        buffer = scope._recorder.buffer
        assert buffer is not None, "gradscope stepped aside: see its warning"
        return Traced(arm, model, recorded, concrete, batch, dict(buffer.layout.columns))
