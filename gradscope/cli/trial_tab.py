"""Tries TensorBoard's plugins for `gradscope doctor`: prints a JSON line per trial.

A process of its own: a plugin that fails to load takes TensorBoard with it, and whoever imports it.
"""

import json
import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

GROUP = "tensorboard_plugins"
NAME = "gradscope"


def main() -> int:
    """0 once all that can be tried has been; each trial is one line on standard output."""
    # as TensorBoard does it on its way to the plugins
    import_module("tensorboard.default")
    import_module("tensorboard.program")

    found = list(entry_points(group=GROUP))
    _say("tensorboard tab", *_ours([point for point in found if point.name == NAME]))
    _say("other plugins", *_others([point for point in found if point.name != NAME]))
    _say("data server", *_data_server())
    return 0


def _ours(points: list[EntryPoint]) -> tuple[bool, str, str]:
    if not points:
        advice = "Install gradscope anew, into the environment that TensorBoard runs in."
        return False, "the Gradscope plugin is not registered", advice
    error = _error(points[0])
    return (False, error, "") if error else (True, "the Gradscope plugin loads", "")


def _others(points: list[EntryPoint]) -> tuple[bool, str, str]:
    errors = [f"{point.name}: {error}" for point in points if (error := _error(point))]
    if errors:
        return False, "; ".join(errors), ""
    return True, ", ".join(sorted(point.name for point in points)) or "none", ""


def _error(point: EntryPoint) -> str:
    try:
        point.load()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _data_server() -> tuple[bool | None, str, str]:
    """TensorBoard does without it, only slower: its absence is no problem."""
    slow = "TensorBoard reads runs in Python, which is slower"
    try:
        server = import_module("tensorboard_data_server")
    except ImportError:
        return None, f"not installed: {slow}", ""
    if server.server_binary() is None:
        return None, f"not built for this platform: {slow}", ""
    return True, server.__version__, ""


def _say(name: str, ok: bool | None, figure: str, advice: str) -> None:
    answer = {"name": name, "ok": ok, "figure": figure, "advice": advice}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    sys.exit(main())
