"""What only reads a run never imports TensorFlow.

import-linter holds this for the modules themselves; only a fresh interpreter shows what packages
pull in on the way.
"""

import subprocess
import sys
import textwrap

import pytest

HEAVY = ("tensorflow", "keras", "tf_keras", "tensorflow_probability")

LIGHT_MODULES = (
    "gradscope",
    "gradscope.bench.plot",
    "gradscope.bench.result",
    "gradscope.bench.table",
    "gradscope.catalog",
    "gradscope.cli.main",
    "gradscope.diagnosis.engine",
    "gradscope.errors",
    "gradscope.layout",
    "gradscope.records",
    "gradscope.run",
    "gradscope.sinks.console",
    "gradscope.tensorboard.answers",
    "gradscope.tensorboard.loader",
    "gradscope.tensorboard.metadata",
    "gradscope.tensorboard.plugin",
)


def heavy_after(code: str) -> list[str]:
    """Which of HEAVY a fresh interpreter has imported after running some code."""
    probe = f"\nimport sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code) + probe],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_importing_it_does_not_import_tensorflow(module):
    assert heavy_after(f"import {module}") == []


@pytest.mark.parametrize("name", ["Report", "Verdict", "Run", "open_run", "diagnose"])
def test_readers_names_do_not_import_tensorflow(name):
    assert heavy_after(f"import gradscope; gradscope.{name}") == []


def test_the_check_sees_tensorflow():
    """Without this, a typing error in HEAVY would make every test above pass."""
    found = heavy_after("import gradscope; gradscope.Scope; import tensorflow_probability")
    assert sorted(found) == sorted(HEAVY)
