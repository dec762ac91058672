"""A small model, exported here and replayed by jax in a process of its own.

jax is none of the project's dependencies. Where this interpreter has none, the variable
GRADSCOPE_JAX_PYTHON may name one that has; otherwise the replay is skipped.
"""

import ast
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks.gpu import export, hlo, manifest, state
from benchmarks.gpu.traced import trace
from gradscope.bench import workloads

pytestmark = pytest.mark.slow  # benchmarks have their own time

ROOT = Path(manifest.__file__).parents[2]
STEPS = 2


def small(size: str) -> workloads.Workload:
    """Two layers, the first large enough to be drawn from a recipe."""

    def build() -> keras.Model:
        hidden = keras.layers.Dense(8, "relu")
        return keras.Sequential([keras.Input((784,)), hidden, keras.layers.Dense(10)])

    return workloads.Workload("small", size, build, workloads.mlp("tiny").batch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An export of the small model."""
    folder = tmp_path_factory.mktemp("export") / "small"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(workloads.BUILDERS, "small", small)
        export.write("small", "tiny", folder, "gpu", steps=STEPS, compiled=False)
        yield folder


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter that has jax."""
    python = os.environ.get("GRADSCOPE_JAX_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import jax"], capture_output=True).returncode:
        pytest.skip("no jax here; GRADSCOPE_JAX_PYTHON names no interpreter that has it")
    return python


def products(operations: Mapping[str, int]) -> int:
    """How many matrix products there are."""
    return sum(operations.get(name, 0) for name in ("dot", "dot_general"))


def copied(folder: Path, to: Path) -> Path:
    to.mkdir()
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def replayed(python: str, folder: Path, steps: int = 8) -> tuple[int, dict, str]:
    """(exit code, JSON document, what was printed)."""
    output = folder.parent / f"{folder.name}.json"
    command = [python, "-m", "benchmarks.gpu.replay", folder, "--output", output]
    command += ["--steps", str(steps)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    document = json.loads(output.read_text()) if output.exists() else {}
    return done.returncode, document, done.stdout + done.stderr


def test_the_manifest_comes_back_as_it_was_written(folder):
    found = manifest.read(folder)
    manifest.write(found, folder)
    assert manifest.read(folder) == found
    assert found.variables == 4
    assert found.layers == 2
    assert [program.arm for program in found.programs] == ["plain", "gradients", "all"]


def test_each_program_carries_weights_and_slots_and_the_recorded_ones_their_rows(folder):
    found = manifest.read(folder)
    for program in found.programs:
        roles = [given.role for given in program.inputs]
        assert roles[:2] == ["batch", "batch"]
        assert roles.count("weight") == 4
        carried = {program.inputs[i].name for i in program.carried}
        weights = {given.name for given in program.inputs if given.role == "weight"}
        assert weights < carried
        # Adam: two slots a weight and the iteration; the rate stays
        slots = {given.name for given in program.inputs if given.name.startswith("adam/")}
        assert slots - carried == {"adam/learning_rate"}
        assert len(slots & carried) == 2 * 4 + 1
        assert (program.rows in carried) is (program.arm != "plain")
        for source, output in program.carried.items():
            assert program.inputs[source].spec == program.outputs[output]


def test_the_names_of_weights_are_the_same_in_all_programs(folder):
    first, *others = (
        {(i.name, json.dumps(i.recipe)) for i in program.inputs if i.role == "weight"}
        for program in manifest.read(folder).programs
    )
    assert all(other == first for other in others)


def test_the_reference_has_a_row_for_each_step_and_zeros_for_what_an_arm_leaves_out(folder):
    rows = manifest.read_arrays(folder, "reference.npz")
    columns = manifest.read(folder).program("all").columns
    assert set(rows) == {"gradients", "all"}
    where, start = {}, 0
    for statistic, names in columns.items():
        where[statistic] = slice(start, start := start + len(names))
    for table in rows.values():
        assert table.shape == (STEPS, start)
        assert (table[:, where["grad_norm"]] > 0).all()
    assert (rows["all"][:, where["activation_rms"]] > 0).all()
    assert (rows["gradients"][:, where["activation_rms"]] == 0).all()
    np.testing.assert_allclose(
        rows["gradients"][:, where["update_norm"]], rows["all"][:, where["update_norm"]], rtol=1e-5
    )


def test_the_recorded_programs_reduce_more_and_hold_no_products_with_ones(folder):
    found = manifest.read(folder)
    plain, gradients, everything = (program.operations for program in found.programs)
    assert plain["reduce"] < gradients["reduce"] < everything["reduce"]
    assert products(plain) == products(everything) > 0


def test_the_forms_for_a_cpu_hold_products_with_ones(folder):
    for_gpu = manifest.read(folder).program("all").operations
    for_cpu = hlo.operations(trace(small("tiny"), "all", "cpu").module("stablehlo"))
    assert products(for_cpu) > products(for_gpu)


def test_exact_programs_ask_for_all_digits(folder):
    modules = [
        manifest.read_module(folder, manifest.file_of("all", exact)) for exact in (False, True)
    ]
    assert modules[0] != modules[1]


def test_nothing_large_is_stored(folder):
    sizes = [array.size for array in manifest.read_arrays(folder, "state.npz").values()]
    assert max(sizes) <= state.SMALL
    weights = [i for i in manifest.read(folder).program("plain").inputs if i.role == "weight"]
    assert {i.recipe["kind"] for i in weights} == {"uniform", "constant", "stored"}


@pytest.mark.parametrize(
    ("broken", "words"),
    [("{}", "KeyError"), ('{"format": 99}', "format 99, expected 1"), ("no json", "Export again")],
)
def test_a_folder_that_is_no_export_is_refused(tmp_path, broken, words):
    (tmp_path / "manifest.json").write_text(broken)
    with pytest.raises(manifest.ManifestError, match=words):
        manifest.read(tmp_path)


def test_an_unknown_workload_is_refused(capsys):
    for name in ("nothing", "mlp:huge"):
        with pytest.raises(SystemExit) as exit_:
            export.main([name, "--output", "build/nowhere"])
        assert exit_.value.code == 2
        assert f"no workload is called '{name}'" in capsys.readouterr().err


def test_arguments_in_another_order_than_traced_are_noticed(monkeypatch, tmp_path):
    monkeypatch.setitem(workloads.BUILDERS, "small", small)
    real = hlo.signature

    def turned(module: str) -> hlo.Signature:
        found = real(module)
        return hlo.Signature(found.inputs[::-1], found.outputs, found.carried)

    monkeypatch.setattr(hlo, "signature", turned)
    with pytest.raises(export.ExportError, match="in their order"):
        export.write("small", "tiny", tmp_path / "x", "gpu", steps=0, compiled=False)


def test_the_replay_imports_neither_tensorflow_nor_gradscope():
    here = Path(manifest.__file__).parent
    of_ours = {"export.py", "traced.py"}
    allowed = {"jax", "jaxlib", "numpy", "benchmarks"} | sys.stdlib_module_names
    for file in here.glob("*.py"):
        tree = ast.parse(file.read_text())
        froms = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        imported = {name.partition(".")[0] for name in froms + names}
        if file.name in of_ours:
            assert "gradscope" in imported
        else:
            assert imported <= allowed, file.name
            assert not {f"benchmarks.gpu.{name[:-3]}" for name in of_ours} & set(froms)


def test_jax_gets_the_same_weights_and_the_same_statistics(folder, python, tmp_path):
    code, document, printed = replayed(python, copied(folder, tmp_path / "small"))
    assert code == 0, printed
    (result,) = document["workloads"]
    assert result["agree"]
    assert set(result["arms"]) == {"plain", "gradients", "all"}
    for name, arm in result["arms"].items():
        assert min(arm["seconds"]) > 0
        assert arm["memory"]["donated"] > 0.9 * arm["memory"]["outputs"]
        if name != "plain":
            assert arm["weights"]["agree"]
            assert arm["weights"]["relative"] < 1e-5
            assert arm["statistics"]["beyond"] == 0
            assert arm["kernels"]["reductions"] > result["arms"]["plain"]["kernels"]["reductions"]
    assert "statistics as the CPU's" in printed


def test_another_learning_rate_in_the_recorded_step_is_noticed(folder, python, tmp_path):
    broken = copied(folder, tmp_path / "small")
    found = json.loads((broken / "manifest.json").read_text())
    (program,) = [program for program in found["programs"] if program["arm"] == "all"]
    (rate,) = [given for given in program["inputs"] if given["name"] == "adam/learning_rate"]
    rate["recipe"]["value"] *= 1.01
    (broken / "manifest.json").write_text(json.dumps(found))
    code, document, printed = replayed(python, broken)
    assert code == 1, printed
    arms = document["workloads"][0]["arms"]
    assert arms["gradients"]["weights"]["agree"]
    assert not arms["all"]["weights"]["agree"]
    assert not arms["all"]["statistics"]["agree"]
    assert "all: weights after 2 steps NOT as the plain step's" in printed


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("plain.stablehlo.gz", b"nothing", "expected a compressed program, got BadGzipFile"),
        ("plain.stablehlo.gz", gzip.compress(b"nothing"), "can't compile this program on"),
        ("state.npz", None, "expected an array"),
    ],
    ids=["no archive", "no program", "no state"],
)
def test_a_damaged_export_says_what_is_damaged(folder, python, tmp_path, name, content, words):
    damaged = copied(folder, tmp_path / "small")
    (damaged / name).unlink()
    if content is not None:
        (damaged / name).write_bytes(content)
    code, document, printed = replayed(python, damaged)
    assert code == 2, printed
    assert not document
    assert words in printed
    assert "Traceback" not in printed


def test_a_directory_without_an_export_says_so(python, tmp_path):
    code, document, printed = replayed(python, tmp_path)
    assert code == 2
    assert not document
    assert "nothing to replay" in printed


def test_no_steps_are_refused(python, tmp_path):
    code, _, printed = replayed(python, tmp_path, steps=0)
    assert code == 2
    assert "--steps" in printed
