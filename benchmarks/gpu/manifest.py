"""What an export holds: a folder for each workload, with its programs and what they start from.

<workload>/manifest.json            this module, as JSON
<workload>/<arm>.stablehlo.gz       a step, portable StableHLO
<workload>/<arm>.exact.stablehlo.gz the same, its products never rounded to TF32
<workload>/state.npz                initial values that are stored (state.py)
<workload>/reference.npz            <arm> -> the first rows of statistics, from the CPU
"""

import dataclasses
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu import state

FORMAT = 1
"""Of the manifest; raised when an older replay could not read it."""

STEP_COLUMNS = 2
"""Columns of a row before its statistics: the step, as two numbers."""

PLAIN, ALL = "plain", "all"
"""Arms: the step alone, and with all statistics."""


class ManifestError(Exception):
    """A folder is no export, or one of another version."""


@dataclass(frozen=True)
class Spec:
    """Shape and type of a tensor; dtype as NumPy names it."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Input:
    """One argument of a program.

    role: "batch", "weight" (a trainable variable) or "state" (all other variables).
    recipe: its initial value; see state.py.
    """

    name: str
    role: str
    spec: Spec
    recipe: state.Recipe


@dataclass(frozen=True)
class Program:
    """One step.

    arm: "plain", or the name of what it records.
    outputs: all that it returns: what the step returns, then the variables that it changed.
    carried: number of an input -> number of the output that is its next value.
    operations: how often each operation stands in its StableHLO, before any optimization.
    kernels: what TensorFlow's own XLA:CPU makes of it; the fields of `hlo.Kernels`, or none.
    rows: name of the input that holds the rows of statistics; None for the plain step.
    columns: statistic -> the names of its values, in the order of a row.
    """

    arm: str
    inputs: tuple[Input, ...]
    outputs: tuple[Spec, ...]
    carried: Mapping[int, int]
    operations: Mapping[str, int]
    kernels: Mapping[str, Any]
    rows: str | None = None
    columns: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """One workload.

    workload, title, size: see gradscope.bench.
    forms: the device for which the statistics are written, "gpu" or "cpu".
    variables, layers: trainable variables, and layers whose output is recorded.
    scales: statistic -> "log", "linear" or "share".
    reference_steps: rows in reference.npz, 0 where the CPU has not run it.
    """

    workload: str
    title: str
    size: str
    forms: str
    variables: int
    layers: int
    scales: Mapping[str, str]
    reference_steps: int
    programs: tuple[Program, ...]
    versions: Mapping[str, str]
    date: str

    def program(self, arm: str) -> Program:
        """The program of an arm. Raises KeyError without it."""
        return {program.arm: program for program in self.programs}[arm]


def file_of(arm: str, exact: bool = False) -> str:
    """The name of a program's file.

    exact: of the one whose products are never rounded to TF32.
    """
    return f"{arm}.exact.stablehlo.gz" if exact else f"{arm}.stablehlo.gz"


def write(manifest: Manifest, folder: Path) -> None:
    """Writes manifest.json."""
    found = {"format": FORMAT, **dataclasses.asdict(manifest)}
    (folder / "manifest.json").write_text(json.dumps(found, indent=1) + "\n")


def read(folder: Path) -> Manifest:
    """The manifest of a folder.

    Raises ManifestError where there is none that this version reads.
    """
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text())
        version = found.pop("format")
        if version != FORMAT:
            raise ManifestError(
                f"{path}: format {version}, expected {FORMAT}. Export again with the version of "
                "benchmarks/gpu that replays."
            )
        programs = tuple(_program(p) for p in found.pop("programs"))
        return Manifest(**found, programs=programs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(
            f"{path}: expected what benchmarks.gpu.export writes, got {type(error).__name__}: "
            f"{error}. Export again."
        ) from error


def write_arrays(folder: Path, name: str, arrays: Mapping[str, Any]) -> None:
    """Writes named arrays, compressed."""
    np.savez_compressed(folder / name, **arrays)


def read_arrays(folder: Path, name: str) -> dict[str, state.Array]:
    """The named arrays of a file; empty where there is none."""
    if not (folder / name).exists():
        return {}
    with np.load(folder / name, allow_pickle=False) as arrays:
        return dict(arrays)


def write_module(folder: Path, name: str, module: bytes) -> None:
    """Writes a StableHLO module, compressed."""
    (folder / name).write_bytes(gzip.compress(module, mtime=0))


def read_module(folder: Path, name: str) -> bytes:
    """The StableHLO module of a file.

    Raises ManifestError where it is missing or damaged.
    """
    try:
        return gzip.decompress((folder / name).read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise ManifestError(
            f"{folder / name}: expected a compressed program, got {type(error).__name__}: {error}. "
            "Export again."
        ) from error


def _spec(found: dict[str, Any]) -> Spec:
    return Spec(tuple(found["shape"]), found["dtype"])


def _program(found: dict[str, Any]) -> Program:
    inputs = tuple(Input(**{**i, "spec": _spec(i["spec"])}) for i in found["inputs"])
    return Program(
        **{
            **found,
            "inputs": inputs,
            "outputs": tuple(_spec(o) for o in found["outputs"]),
            "carried": {int(i): o for i, o in found["carried"].items()},
            "columns": {name: tuple(names) for name, names in found["columns"].items()},
        }
    )
