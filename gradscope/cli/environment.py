"""What `gradscope doctor` can say without starting anything: versions, platform, disk."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

import gradscope
from gradscope.cli.examination import Line, fit_to_show

PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "tensorboard",
    "tensorflow-probability",
    "tf-keras",
    "protobuf",
    "setuptools",
    "pillow",
    "rich",
)
"""What a report of a mistake should name; not all are requirements of gradscope's own."""

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
"""What TensorFlow has wheels for."""

LEAST_FREE_BYTES = 100 << 20
"""A run of 500 layers and 20,000 steps takes about so much."""

_SETTINGS = (
    *("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "KERAS_BACKEND", "XLA_FLAGS", "TF_XLA_"),
    *("TF_USE_LEGACY_KERAS", "TF_ENABLE_", "TF_DISABLE_", "TF_FORCE_", "TF_GPU_", "TF_CPU_"),
    *("TF_NUM_", "TF_DETERMINISTIC_", "TF_CUDNN_", "TF_CPP_"),
)
"""Beginnings of the environment variables that change what TensorFlow does; of no others the
values are shown, which may be secret."""

Versions = Mapping[str, str | None]


def examine() -> list[Line]:
    """The lines on gradscope, Python, platform, packages, settings and disk."""
    versions = {name: _version(name) for name in PACKAGES}
    return [
        Line("gradscope", True, gradscope.__version__),
        python(sys.version_info[:2], platform.python_implementation(), platform.python_version()),
        Line("platform", True, f"{platform.platform()}, {os.cpu_count()} cores"),
        *packages(versions, _requirements()),
        *known_trouble(versions),
        *settings(os.environ),
        disk(Path.cwd()),
    ]


def python(minor: tuple[int, ...], implementation: str, full: str) -> Line:
    """Whether TensorFlow has wheels for this Python."""
    fits = OLDEST_PYTHON <= minor <= NEWEST_PYTHON and implementation == "CPython"
    advice = "Use CPython 3.11, 3.12 or 3.13: TensorFlow has no wheels for others."
    return Line("python", fits, f"{full} ({implementation})", "" if fits else advice)


def packages(versions: Versions, required: Mapping[str, Requirement]) -> list[Line]:
    """A line for each package: there where it is required, and new enough."""
    lines: list[Line] = []
    for name, found in versions.items():
        need = required.get(name)
        if found is None:
            missing = need is not None
            advice = f"pip install '{need}'" if missing else ""
            lines.append(Line(name, False if missing else None, "not installed", advice))
        elif need is not None and not need.specifier.contains(found, prereleases=True):
            advice = f"pip install --upgrade '{need}'"
            lines.append(Line(name, False, f"{found}, needs {need.specifier}", advice))
        else:
            lines.append(Line(name, True, found))
    return lines


def known_trouble(versions: Versions) -> list[Line]:
    """A problem for each combination of versions that is known not to work."""
    return [
        Line("known trouble", False, figure, advice)
        for applies, figure, advice in _TROUBLE
        if applies(versions)
    ]


def settings(environment: Mapping[str, str]) -> list[Line]:
    """One line with the settings that change what TensorFlow does, and one for each bad one."""
    given = [f"{n}={v}" for n, v in sorted(environment.items()) if n.startswith(_SETTINGS)]
    lines = [Line("settings", True, fit_to_show(" ".join(given)))] if given else []
    if environment.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true"):
        advice = "Unset TF_USE_LEGACY_KERAS: gradscope watches Keras 3 models."
        lines.append(Line("settings", False, "tf.keras is Keras 2", advice))
    return lines


def disk(directory: Path) -> Line:
    """Whether a run can be written into a directory, which is not named."""
    try:
        with tempfile.TemporaryFile(dir=directory) as probe:
            probe.write(b"gradscope")
        free = shutil.disk_usage(directory).free
    except OSError as error:
        advice = "Give the Scope a logdir that you can write to."
        return Line("current directory", False, f"can't be written: {error.strerror}", advice)
    room = f"{free / 2**30:.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        return Line(
            "current directory", False, room, "Make room, or give the Scope another logdir."
        )
    return Line("current directory", True, f"can be written, {room}")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _requirements() -> dict[str, Requirement]:
    """name -> what gradscope asks for; empty where it runs without having been installed."""
    try:
        lines = requires("gradscope") or []
    except PackageNotFoundError:
        return {}
    parsed = [Requirement(line) for line in lines]
    needed = [r for r in parsed if r.marker is None or r.marker.evaluate({"extra": ""})]
    return {requirement.name: requirement for requirement in needed}


def _below(versions: Versions, name: str, limit: str) -> bool:
    found = versions.get(name)
    return found is not None and Version(found) < Version(limit)


def _from(versions: Versions, name: str, limit: str) -> bool:
    found = versions.get(name)
    return found is not None and Version(found) >= Version(limit)


_TROUBLE: tuple[tuple[Callable[[Versions], bool], str, str], ...] = (
    (
        lambda v: _below(v, "tensorboard", "2.21") and _from(v, "setuptools", "82"),
        "tensorboard before 2.21 can't start with setuptools 82 or later",
        "pip install --upgrade 'tensorboard>=2.21'",
    ),
    (
        lambda v: v.get("tensorflow-probability") is not None and v.get("tf-keras") is None,
        "tensorflow-probability can't be imported without tf-keras",
        "pip install 'tensorflow-probability[tf]'",
    ),
    (
        lambda v: _below(v, "keras", "3"),
        "keras before 3: its models can't be watched",
        "pip install --upgrade 'keras>=3'",
    ),
)
