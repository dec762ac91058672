"""`gradscope doctor`: what it finds wrong, and that nothing that is broken can end it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from gradscope.cli import doctor, environment, examination, trials
from gradscope.cli.examination import Line
from gradscope.cli.main import main

GOOD = dict.fromkeys(environment.PACKAGES, "99.0")


def child(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def says(*answers: dict[str, object]) -> str:
    return "".join(f"print({json.dumps(answer)!r}, flush=True)\n" for answer in answers)


def works(name: str) -> dict[str, object]:
    return {"name": name, "ok": True, "figure": "fine"}


def by_name(lines: list[Line]) -> dict[str, Line]:
    return {line.name: line for line in lines}


def test_a_well_machine_is_0_and_problems_are_1_with_what_to_do(monkeypatch, capsys):
    well = [Line("gradscope", True, "1.0"), Line("data server", None, "not installed")]
    monkeypatch.setattr(environment, "examine", lambda: list(well))
    monkeypatch.setattr(trials, "examine", list)
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok       gradscope                1.0",
        "-        data server              not installed",
        "",
        "All is well.",
    ]
    monkeypatch.setattr(trials, "examine", lambda: [Line("XLA step", False, "no", "Do this.")])
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines()[2:] == [
        "problem  XLA step                 no",
        "                                  -> Do this.",
        "",
        "1 problem.",
    ]


def test_json_holds_the_same(monkeypatch, capsys):
    monkeypatch.setattr(environment, "examine", lambda: [Line("python", True, "3.11")])
    monkeypatch.setattr(trials, "examine", lambda: [Line("XLA step", False, "no", "Do this.")])
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "version": doctor.VERSION,
        "ok": False,
        "checks": [
            {"name": "python", "ok": True, "figure": "3.11", "advice": ""},
            {"name": "XLA step", "ok": False, "figure": "no", "advice": "Do this."},
        ],
    }


# what needs no trial


@pytest.mark.parametrize(
    ("minor", "implementation", "fits"),
    [
        ((3, 10), "CPython", False),
        ((3, 11), "CPython", True),
        ((3, 13), "CPython", True),
        ((3, 14), "CPython", False),
        ((3, 12), "PyPy", False),
    ],
)
def test_a_python_without_tensorflow_is_a_problem(minor, implementation, fits):
    assert environment.python(minor, implementation, "x").ok is fits


def test_a_package_that_is_missing_or_too_old_is_a_problem_if_it_is_required():
    required = {"keras": Requirement("keras>=3"), "numpy": Requirement("numpy>=1.26")}
    found = {"keras": "2.15.0", "numpy": None, "rich": None, "tensorflow": "2.22.0rc1"}
    lines = by_name(environment.packages(found, required))
    assert (lines["keras"].ok, lines["keras"].figure) == (False, "2.15.0, needs >=3")
    assert lines["keras"].advice == "pip install --upgrade 'keras>=3'"
    assert (lines["numpy"].ok, lines["numpy"].advice) == (False, "pip install 'numpy>=1.26'")
    assert lines["rich"].ok is None and lines["tensorflow"].ok is True


def test_what_gradscope_itself_requires_is_known():
    required = environment._requirements()
    assert {"tensorflow", "numpy", "tensorboard", "rich"} <= set(required)
    assert "pytest" not in required, "what developers need is no requirement"


@pytest.mark.parametrize(
    ("versions", "figure"),
    [
        ({"tensorboard": "2.20.0", "setuptools": "82.0.0"}, "can't start with setuptools 82"),
        ({"tf-keras": None}, "can't be imported without tf-keras"),
        ({"keras": "2.15.0"}, "keras before 3"),
    ],
)
def test_known_bad_combinations_are_named_with_their_cure(versions, figure):
    (line,) = environment.known_trouble({**GOOD, **versions})
    assert line.ok is False and figure in line.figure and line.advice.startswith("pip install ")


@pytest.mark.parametrize(
    "versions",
    [
        {"tensorboard": "2.20.0", "setuptools": "81.0"},
        {"tensorboard": "2.21.0", "setuptools": "82.0"},
        {"tf-keras": None, "tensorflow-probability": None},
        {"tensorboard": None},
    ],
)
def test_their_neighbours_are_not(versions):
    assert environment.known_trouble({**GOOD, **versions}) == []


def test_settings_are_shown_where_they_matter_and_nothing_else_of_the_environment():
    home = str(Path.home())
    given = {
        "XLA_FLAGS": f"--xla_dump_to={home}/dump",
        "KERAS_BACKEND": "jax",
        "TF_TOKEN_EXAMPLE": "secret",
        "PASSWORD": "secret",
    }
    (line,) = environment.settings(given)
    assert line.figure == "KERAS_BACKEND=jax XLA_FLAGS=--xla_dump_to=~/dump"
    assert environment.settings({}) == []


def test_keras_2_by_a_setting_is_a_problem():
    line = environment.settings({"TF_USE_LEGACY_KERAS": "1"})[-1]
    assert line.ok is False and "Unset TF_USE_LEGACY_KERAS" in line.advice


def test_a_directory_that_can_not_be_written_is_a_problem_and_not_named(tmp_path):
    assert environment.disk(tmp_path).ok is True
    line = environment.disk(tmp_path / "missing")
    assert line.ok is False and "missing" not in line.figure + line.advice


def test_a_full_disk_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "LEAST_FREE_BYTES", 1 << 62)
    assert environment.disk(tmp_path).ok is False


def test_messages_of_others_are_one_line_without_this_users_paths():
    message = f"in {Path.home()}/project\n  by {sys.prefix}/lib: " + 1000 * "x"
    shown = examination.fit_to_show(message)
    assert shown.startswith("in ~/project by PREFIX/lib: xx") and len(shown) == 300


# what is tried in other processes


def test_each_trial_that_answers_gets_its_line():
    lines = trials.tensorflow(child(says(*map(works, trials.STEPS))), 60)
    assert [(line.name, line.ok) for line in lines] == [(name, True) for name in trials.STEPS]


def test_a_tensorflow_that_dies_of_a_signal_is_reported_where_it_died():
    code = says(works("import tensorflow"), works("keras backend"), works("devices"))
    code += "import os, signal; os.kill(os.getpid(), signal.SIGABRT)"
    lines = trials.tensorflow(child(code), 60)
    assert [line.ok for line in lines] == [True, True, True, False, None, None]
    assert lines[3].name == "plain step" and "the process died of SIGABRT" in lines[3].figure
    assert lines[3].advice and not lines[4].advice


def test_a_tensorflow_that_hangs_is_given_up():
    code = says(works("import tensorflow")) + "import time; time.sleep(600)"
    lines = trials.tensorflow(child(code), 1.0)
    assert lines[0].ok is True
    assert (lines[1].ok, lines[1].figure) == (False, "no answer after 1 s")


def test_an_error_that_ends_the_process_is_quoted():
    lines = trials.tensorflow(child("raise ImportError('libcudart.so is missing')"), 60)
    assert lines[0].figure == (
        "the process ended with exit code 1: ImportError: libcudart.so is missing"
    )


def test_a_python_that_can_not_be_started_is_a_problem():
    lines = trials.tensorflow(["/nowhere/python"], 60)
    assert lines[0].ok is False and lines[0].figure.startswith("can't start Python")


def test_what_libraries_print_is_no_answer():
    code = "print('hello'); print('[1, 2]'); print('{}')\n" + says(*map(works, trials.STEPS))
    assert all(line.ok for line in trials.tensorflow(child(code), 60))


def test_a_failed_trial_says_what_to_do():
    failed = {"name": "XLA step", "ok": False, "figure": "no"}
    lines = by_name(trials.tensorflow(child(says(works("import tensorflow"), failed)), 60))
    assert "jit_compile=False" in lines["XLA step"].advice
    told = {**failed, "name": "keras backend", "advice": "Set it."}
    lines = by_name(trials.tensorflow(child(says(works("import tensorflow"), told)), 60))
    assert lines["keras backend"].advice == "Set it."


@pytest.mark.parametrize(
    ("devices", "driver", "visible", "problem"),
    [
        ("1 x CPU", "nvidia-smi", None, True),
        ("1 x CPU, 1 x GPU", "nvidia-smi", None, False),
        ("1 x CPU", None, None, False),
        ("1 x CPU", "nvidia-smi", "-1", False),
    ],
)
def test_a_gpu_that_tensorflow_does_not_see_is_a_problem(
    devices, driver, visible, problem, monkeypatch
):
    monkeypatch.setattr(trials.shutil, "which", lambda name: driver)
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    lines = trials._hidden_gpu(devices, environ)
    assert [line.ok for line in lines] == [False] * problem


def test_a_tensorboard_that_can_not_start_is_a_problem():
    lines = trials.tensorboard(child("raise ImportError('pkg_resources')"), 60)
    assert [line.ok for line in lines] == [False, None, None]
    assert "pkg_resources" in lines[0].figure


def test_a_data_server_that_is_absent_is_none():
    code = says(works("tensorboard tab"), works("other plugins"))
    code += says({"name": "data server", "ok": None, "figure": "not built", "advice": ""})
    lines = trials.tensorboard(child(code), 60)
    assert [line.ok for line in lines] == [True, True, None]


def test_a_plugin_that_fails_to_load_is_named(tmp_path):
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tensorboard_plugins]\nbroken = no_such_module:Plugin\n"
    )
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    code += "from gradscope.cli import trial_tab\ntrial_tab.main()\n"
    lines = by_name(trials.tensorboard(child(code), 60))
    assert lines["other plugins"].ok is False
    assert "broken: ModuleNotFoundError" in lines["other plugins"].figure
    assert lines["data server"].ok is not False


def test_the_real_trials_work_here():
    """The machine that runs the tests has a TensorFlow that works."""
    lines = trials.examine()
    assert [line for line in lines if line.ok is False and line.name != "devices"] == []
    named = by_name(lines)
    assert re.match(r"2\.\d+\.\d+", named["import tensorflow"].figure)
    assert "compiled and run" in named["XLA step"].figure
    assert "3 steps" in named["recorded step"].figure
    assert named["tensorboard tab"].figure == "the Gradscope plugin loads"


def test_doctor_itself_imports_neither_tensorflow_nor_tensorboard():
    code = (
        "import sys\n"
        "from gradscope.cli import environment, trials\n"
        "trials.examine = lambda: []\n"
        "from gradscope.cli.main import main\n"
        "main(['doctor'])\n"
        "print([n for n in ('tensorflow', 'keras', 'tensorboard', 'numpy') if n in sys.modules])\n"
    )
    run = subprocess.run(child(code), capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_the_bug_form_asks_for_it():
    form = Path(__file__).parents[3] / ".github" / "ISSUE_TEMPLATE" / "bug_report.yml"
    text = form.read_text(encoding="utf-8")
    assert "gradscope doctor" in text
