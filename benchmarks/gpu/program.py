"""A StableHLO program as a compiled function of jax, each step's state handed to the next."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import jax.export  # pyright: ignore[reportMissingImports]
import jax.numpy as jnp  # pyright: ignore[reportMissingImports]
import numpy as np

from benchmarks.gpu import hlo, manifest

jax.config.update("jax_enable_x64", True)  # step counters are int64


class ProgramError(Exception):
    """This jax can't compile a program."""


@dataclass(frozen=True)
class Memory:
    """Bytes that the compiled step needs, by its own buffer assignment.

    donated: of the outputs, those that take an input's place.
    """

    arguments: int
    outputs: int
    donated: int
    temporary: int

    @property
    def peak(self) -> int:
        """All that is held at once while a step runs."""
        return self.arguments + self.outputs - self.donated + self.temporary


@dataclass(frozen=True)
class Compiled:
    """A step, compiled for one device.

    call: (carried inputs, other inputs) -> (their next values, other outputs); takes the memory of
        the first. In the order of `carried` and `fixed`.
    carried, fixed: numbers of the program's inputs.
    seconds: what lowering and compiling took.
    memory, operations, bytes, kernels: None where this jax doesn't tell.
    operations: floating-point, of a step; bytes: that it reads and writes.
    """

    program: manifest.Program
    device: Any
    call: Any
    carried: tuple[int, ...]
    fixed: tuple[int, ...]
    seconds: float
    memory: Memory | None
    operations: float | None
    bytes: float | None
    kernels: hlo.Kernels | None


def compile_program(
    folder: Path, program: manifest.Program, device: Any, exact: bool = False
) -> Compiled:
    """The program of a folder, compiled for a device of jax.

    exact: the one whose products are never rounded to TF32.

    Raises ProgramError where jax can't compile it, ManifestError where it can't be read.
    """
    module = manifest.read_module(folder, manifest.file_of(program.arm, exact))
    carried = tuple(sorted(program.carried))
    fixed = tuple(i for i in range(len(program.inputs)) if i not in program.carried)
    start = time.perf_counter()
    try:
        compiled = _compile(module, program, (carried, fixed), device)
    except (ValueError, jax.errors.JaxRuntimeError) as error:
        raise ProgramError(
            f"{folder.name}/{program.arm}: jax {jax.__version__} can't compile this program on "
            f"{device.device_kind}: {error}"
        ) from error
    seconds = time.perf_counter() - start
    costs = _costs(compiled)
    return Compiled(
        program=program,
        device=device,
        call=compiled,
        carried=carried,
        fixed=fixed,
        seconds=seconds,
        memory=_memory(compiled),
        operations=costs.get("flops"),
        bytes=costs.get("bytes accessed"),
        kernels=_kernels(compiled),
    )


def _compile(
    module: bytes, program: manifest.Program, order: tuple[tuple[int, ...], ...], device: Any
) -> Any:
    """The function `Compiled.call`. order: its inputs, carried ones first, by their numbers."""
    carried, fixed = order
    place = jax.sharding.SingleDeviceSharding(device)
    inputs = [
        jax.ShapeDtypeStruct(i.spec.shape, np.dtype(i.spec.dtype), sharding=place)
        for i in program.inputs
    ]
    step = _callable(module, inputs, program.outputs, device.platform)
    moved = set(program.carried.values())

    def call(state: Sequence[Any], rest: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        given = dict(zip((*carried, *fixed), (*state, *rest), strict=True))
        results = step(*(given[i] for i in range(len(inputs))))
        # In the order of the inputs: jax lets each output take the place of the first input of
        # its shape that is left.
        fresh = [results[program.carried[i]] for i in carried]
        return fresh, [result for i, result in enumerate(results) if i not in moved]

    arguments = [[inputs[i] for i in numbers] for numbers in (carried, fixed)]
    return jax.jit(call, donate_argnums=0).lower(*arguments).compile()


def _callable(
    module: bytes, inputs: Sequence[Any], outputs: Sequence[manifest.Spec], platform: str
) -> Any:
    """The module as a function of jax: a dummy of its signature, exported, with its body."""

    def dummy(*arguments: Any) -> tuple[Any, ...]:
        return tuple(jnp.zeros(spec.shape, np.dtype(spec.dtype)) for spec in outputs)

    # jax.export tells CUDA from ROCm, which a device doesn't.
    name = "cpu" if platform == "cpu" else jax.export.default_export_platform()
    exported = jax.export.export(jax.jit(dummy, keep_unused=True), platforms=[name])(
        *(jax.ShapeDtypeStruct(i.shape, i.dtype) for i in inputs)
    )
    return dataclasses.replace(exported, mlir_module_serialized=module).call


def _memory(compiled: Any) -> Memory | None:
    found = compiled.memory_analysis()
    if found is None:
        return None
    return Memory(
        arguments=found.argument_size_in_bytes,
        outputs=found.output_size_in_bytes,
        donated=found.alias_size_in_bytes,
        temporary=found.temp_size_in_bytes,
    )


def _costs(compiled: Any) -> Mapping[str, float]:
    found = compiled.cost_analysis()
    found = found[0] if isinstance(found, list) and found else found
    return found if isinstance(found, Mapping) else {}


def _kernels(compiled: Any) -> hlo.Kernels | None:
    text = compiled.as_text()
    return hlo.kernels(text) if text else None
