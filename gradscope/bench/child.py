"""The child process that measures one task: `python -m gradscope.bench.child TASK`.

TASK is JSON, see `plan.Task`. Each line that it prints is JSON: {"progress": text} on the way, and
one {"result": ...} or {"problem": text} at the end; what else is printed comes from libraries.
"""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from gradscope.bench import compiling, memory, timing, workloads
from gradscope.bench.plan import Task

DUMP = "GRADSCOPE_BENCH_DUMP"
"""The environment variable that says where XLA writes to."""


class DeviceError(Exception):
    """TensorFlow doesn't see the device; the message says which it sees."""


def main() -> int:
    """0 once an answer was printed."""
    task = Task.from_dict(json.loads(sys.argv[1]))
    try:
        name = use(task.device)
        answer: dict[str, Any] = {"result": {**measure(task), "machine": machine(name)}}
    except (
        DeviceError,
        memory.MemoryUnknownError,
        timing.TooSlowError,
        tf.errors.OpError,
    ) as error:
        kind = "device" if isinstance(error, DeviceError) else "other"
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        answer = {"problem": message, "kind": kind}
    _say(answer)
    return 0


def use(device: str) -> str:
    """The name of the device's hardware; TensorFlow sees no other accelerator from here on.

    Raises DeviceError where TensorFlow doesn't see it.
    """
    gpus = tf.config.list_physical_devices("GPU")
    kind, number = device.split(":")
    if kind == "CPU":
        tf.config.set_visible_devices([], "GPU")
        return _cpu_name()
    if int(number) >= len(gpus):
        seen = ", ".join(["CPU:0", *(f"GPU:{place}" for place in range(len(gpus)))])
        raise DeviceError(f"TensorFlow sees no {device} here, only {seen}")
    gpu = gpus[int(number)]
    tf.config.set_visible_devices([gpu], "GPU")
    tf.config.experimental.set_memory_growth(gpu, True)
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", device))


def measure(task: Task) -> dict[str, Any]:
    """What the task asks for, as JSON takes it."""
    workload = workloads.build(task.workload, task.size)
    if task.kind == "timing":
        return _timing(task, workload)
    if task.kind == "compile":
        plain, recorded = compiling.first_calls(
            workload, task.pairs, lambda done: _say({"progress": f"first call {done}"})
        )
        return {"plain_seconds": plain, "recorded_seconds": recorded}
    # With CUDA_VISIBLE_DEVICES the only visible GPU is number 0.
    device = "CPU:0" if task.device.startswith("CPU") else "GPU:0"
    dump = Path(os.environ.get(DUMP, ""))
    return {"bytes": memory.peak_bytes(workload, task.kind == "recorded", device, dump)}


def machine(name: str) -> dict[str, str]:
    """Versions and the device's name, which only this process knows."""
    return {"device_name": name, "tensorflow": tf.__version__, "keras": keras.__version__}


def _timing(task: Task, workload: workloads.Workload) -> dict[str, Any]:
    model, plain = timing.plain_step(workload)
    first = timing.first_call(plain, *timing.batch(workload))
    arms: list[dict[str, Any]] = []
    for arm in task.arms:

        def tell(done: int, name: str = arm.name) -> None:
            _say({"progress": f"{name}: {done} of {task.pairs} pairs"})

        _say({"progress": f"{arm.name}: compiling"})
        about = {"arm": arm.name, "every": arm.every, "only": arm.only}
        try:
            found = timing.pairs(workload, plain, arm, task.pairs, task.seconds, tell)
        except timing.TooSlowError as error:
            arms.append({**about, "problem": str(error)})
        else:
            arms.append({**about, **dataclasses.asdict(found)})
    return {
        "title": workload.title,
        "parameters": int(model.count_params()),
        "variables": len(model.trainable_variables),
        "first_call": first,
        "arms": arms,
    }


def _cpu_name() -> str:
    """What the system calls its processor, or "CPU"."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next((name for name in names if name), "CPU")


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
