"""The JSON document of a bench: everything that was measured, raw, and what follows from it.

    version       of this form; raised when a key changes its meaning or goes
    date          ISO 8601, UTC;  command: as it was typed
    machine       device, device_name, cores, platform, python, tensorflow, keras, numpy, gradscope
    plan          pairs, seconds (of a block), compiles
    workloads[]   name, title, shows, parameters, variables, problem (null, or why there is nothing)
      arms[]      arm, every, only (families, null for all), block (steps), plain and recorded
                  (seconds per step, pair by pair), first_call (seconds), ratio (estimate.Ratio),
                  reported (what gradscope's own report says that it costs, an Overhead; or null)
      compile     plain_seconds, recorded_seconds, ratio (of the medians), repetitions; where those
                  are 0 it is one call each, the plain one first
      memory      plain_bytes, recorded_bytes, ratio

An arm, `compile` and `memory` have the key `problem` instead where they could not be measured; the
latter two are null where they were not asked for.
"""

import dataclasses
import datetime
import math
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import gradscope
from gradscope.bench import estimate, parent
from gradscope.bench.plan import WORKLOADS, Plan, Task

VERSION = 1

Document = dict[str, Any]


def measure(
    plan: Plan,
    command: Sequence[str],
    progress: Callable[[str, str], None],
    finished: Callable[[Document], None],
    run: Callable[[Task, Callable[[str], None]], dict[str, Any]] = parent.run,
) -> Document:
    """The document of a plan.

    command: the words that were typed.
    progress: told the workload and what is being done.
    finished: given the document so far whenever a workload is done.
    run: does a task.

    Raises UsageError where the device doesn't exist.
    """
    document = _head(plan, command)
    for name in plan.workloads:
        answers: dict[str, dict[str, Any]] = {}
        problems: dict[str, str] = {}
        for task in plan.tasks(name):

            def tell(doing: str, name: str = name, kind: str = task.kind) -> None:
                progress(name, doing if kind == "timing" else f"{_DOING[kind]} {doing}".strip())

            tell("loading TensorFlow" if task.kind == "timing" else "")
            try:
                answers[task.kind] = run(task, tell)
            except parent.TaskError as error:
                problems[task.kind] = str(error)
                if task.kind == "timing":
                    break
            document["machine"].update(answers.get(task.kind, {}).pop("machine", {}))
        document["workloads"].append(_workload(name, answers, problems))
        finished(document)
    return document


_DOING = {
    "compile": "compile time:",
    "plain": "memory of the plain step",
    "recorded": "memory of the recorded step",
}


def _head(plan: Plan, command: Sequence[str]) -> Document:
    return {
        "version": VERSION,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join(command),
        "machine": {
            "device": plan.device,
            "device_name": None,
            "cores": os.cpu_count(),
            "platform": platform.platform(),
            "python": platform.python_version(),
            "tensorflow": None,
            "keras": None,
            "numpy": _version("numpy"),
            "gradscope": gradscope.__version__,
        },
        "plan": {"pairs": plan.pairs, "seconds": plan.seconds, "compiles": plan.compiles},
        "workloads": [],
    }


def _workload(
    name: str, answers: dict[str, dict[str, Any]], problems: dict[str, str]
) -> dict[str, Any]:
    timing = answers.get("timing", {})
    return {
        "name": name,
        "title": timing.get("title", name),
        "shows": WORKLOADS[name].shows,
        "parameters": timing.get("parameters"),
        "variables": timing.get("variables"),
        "problem": problems.get("timing"),
        "arms": [_arm(arm) for arm in timing.get("arms", [])],
        "compile": _compile(answers, problems),
        "memory": _memory(answers, problems),
    }


def _arm(found: dict[str, Any]) -> dict[str, Any]:
    if "problem" in found:
        return found
    ratio = estimate.ratio(found["plain"], found["recorded"])
    return {**found, "ratio": dataclasses.asdict(ratio)}


def _compile(answers: dict[str, dict[str, Any]], problems: dict[str, str]) -> dict[str, Any] | None:
    if "compile" in problems:
        return {"problem": problems["compile"]}
    if "compile" in answers:
        plain = answers["compile"]["plain_seconds"]
        recorded = answers["compile"]["recorded_seconds"]
        repetitions = len(plain)
    else:
        timing = answers.get("timing", {})
        calls = [arm["first_call"] for arm in timing.get("arms", []) if "first_call" in arm]
        if not calls:
            return None
        plain, recorded, repetitions = [timing["first_call"]], calls[:1], 0
    return {
        "plain_seconds": plain,
        "recorded_seconds": recorded,
        "repetitions": repetitions,
        "ratio": _finite(statistics.median(recorded) / statistics.median(plain)),
    }


def _memory(answers: dict[str, dict[str, Any]], problems: dict[str, str]) -> dict[str, Any] | None:
    for kind in ("plain", "recorded"):
        if kind in problems:
            return {"problem": problems[kind]}
    if "plain" not in answers or "recorded" not in answers:
        return None
    plain, recorded = answers["plain"]["bytes"], answers["recorded"]["bytes"]
    return {
        "plain_bytes": plain,
        "recorded_bytes": recorded,
        "ratio": _finite(recorded / plain) if plain else None,
    }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
