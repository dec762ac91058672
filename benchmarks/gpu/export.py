"""Writes training steps as StableHLO, for a GPU machine without TensorFlow.

    python -m benchmarks.gpu.export --output build/gpu
    python -m benchmarks.gpu.export mlp resnet50:gpu --output build/gpu --device-forms gpu

For each workload the plain step and the recorded ones, the values they start from, and the first
rows of statistics that this machine's CPU computes: `python -m benchmarks.gpu.replay` compares the
GPU's with them. No GPU is needed here. A workload is a name of `gradscope bench`, with ":gpu" for
the size that it has on a GPU; there the CPU computes no rows unless --reference all asks.
"""

import argparse
import datetime
import gc
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import gradscope
from benchmarks.gpu import hlo, manifest, state
from benchmarks.gpu.traced import ARMS, ROWS, Traced, trace
from gradscope import catalog
from gradscope.bench import workloads

DEFAULT = ("mlp", "cnn", "transformer", "lstm", "resnet50", "decoder")
"""Those that are the same on every device, and the two large ones ..."""

LARGE = ("resnet50:gpu", "decoder:gpu")
"""... also at the size of a GPU."""

SIZES = ("tiny", "cpu", "gpu")


class ExportError(Exception):
    """The compiled step is not what was traced."""


def main(arguments: list[str] | None = None) -> int:
    """Writes a folder for each workload; the exit code."""
    options = _parser().parse_args(arguments)
    for text in options.workloads or (*DEFAULT, *LARGE):
        name, _, size = text.partition(":")
        if name not in workloads.BUILDERS or (size or "cpu") not in SIZES:
            _parser().error(
                f"no workload is called {text!r}. There are: {', '.join(workloads.BUILDERS)}; with "
                f"a size after it, {', '.join(':' + s for s in SIZES)}; cpu where none is given."
            )
    for text in options.workloads or (*DEFAULT, *LARGE):
        name, _, size = text.partition(":")
        steps = options.steps if options.reference == "all" or size != "gpu" else 0
        steps = 0 if options.reference == "none" else steps
        folder = Path(options.output) / text.replace(":", "-")
        start = time.perf_counter()
        exact = options.state == "exact"
        compiled = size in ("", "cpu")
        write(name, size or "cpu", folder, options.device_forms, exact, steps, compiled)
        bytes_ = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{folder}: {bytes_ / 1e6:.2f} MB in {time.perf_counter() - start:.0f} s", flush=True)
    return 0


def write(
    name: str,
    size: Any,
    folder: Path,
    forms: Any,
    exact: bool = False,
    steps: int = 3,
    compiled: bool = True,
) -> manifest.Manifest:
    """Writes one workload; what its manifest says.

    forms: the device for which the statistics are written, "gpu" or "cpu".
    exact: store all initial values, instead of recipes for the large ones.
    steps: rows of statistics to compute here.
    compiled: count what TensorFlow's own XLA:CPU makes of each program, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    workload = workloads.build(name, size)
    stored: dict[str, state.Array] = {}
    programs, reference, counts = [], {}, (0, 0)
    for arm in ARMS:
        traced = trace(workload, arm, forms)
        inputs = traced.inputs(stored, exact)
        programs.append(_write_program(traced, inputs, folder, compiled))
        if arm == manifest.ALL:
            layers = len(traced.columns.get("activation_rms", ()))
            counts = len(traced.model.trainable_variables), layers
        if arm != manifest.PLAIN and steps:
            reference[arm] = traced.run(inputs, stored, steps)
        del traced
        gc.collect()
    manifest.write_arrays(folder, "state.npz", stored)
    manifest.write_arrays(folder, "reference.npz", reference)
    found = manifest.Manifest(
        name,
        workload.title,
        size,
        forms,
        *counts,
        scales={statistic.name: statistic.scale for statistic in catalog.STATISTICS},
        reference_steps=steps,
        programs=tuple(programs),
        versions=_versions(),
        date=datetime.date.today().isoformat(),
    )
    manifest.write(found, folder)
    return found


def _write_program(
    traced: Traced, inputs: tuple[manifest.Input, ...], folder: Path, compiled: bool
) -> manifest.Program:
    text = traced.module("stablehlo")
    signature = hlo.signature(text)
    if signature.inputs != tuple(given.spec for given in inputs):
        raise ExportError(
            f"export: the compiled {traced.arm} step takes {len(signature.inputs)} arguments, "
            f"expected the {len(inputs)} that were traced, in their order. TensorFlow "
            f"{tf.__version__} hands them over in another way: benchmarks/gpu/traced.py says how."
        )
    for tf32 in (True, False) if traced.columns else (True,):
        module = traced.module("stablehlo_serialized", tf32=tf32)
        manifest.write_module(folder, manifest.file_of(traced.arm, exact=not tf32), module)
    return manifest.Program(
        arm=traced.arm,
        inputs=inputs,
        outputs=signature.outputs,
        carried=signature.carried,
        operations=hlo.operations(text),
        kernels=asdict(hlo.kernels(traced.module("optimized_hlo"))) if compiled else {},
        rows=ROWS if traced.columns else None,
        columns=traced.columns,
    )


def _versions() -> dict[str, str]:
    return {
        "gradscope": gradscope.__version__,
        "tensorflow": f"{tf.__version__} ({tf.version.GIT_VERSION})",
        "keras": keras.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.export", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("workloads", nargs="*", help=f"default: {' '.join((*DEFAULT, *LARGE))}")
    parser.add_argument("--output", required=True, help="directory")
    parser.add_argument("--device-forms", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--state", choices=("recipe", "exact"), default="recipe")
    parser.add_argument("--steps", type=int, default=3, help="rows that this CPU computes")
    parser.add_argument("--reference", choices=("small", "all", "none"), default="small")
    return parser


if __name__ == "__main__":
    sys.exit(main())
