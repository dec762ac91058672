"""How fast the Gradscope tab opens and answers on a big run, with each of TensorBoard's loaders.

    python -m benchmarks.tab                     # all of it: some minutes, 1 GB of disk in runs/
    python -m benchmarks.tab --steps 2000        # a smaller run
    python -m benchmarks.tab --only routes       # the server alone, no browser

The runs, 500 layers × 8 statistics × 20,000 steps each, are written once and kept in runs/tab.
"""

import argparse
import json
import math
import os
import platform
import statistics
import tempfile
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tab_in_browser import Browser
from benchmarks.writing import layout_of
from gradscope.layout import Layout
from gradscope.records import Diagnosis, Record, Remedy, Start, Validation, Verdict
from tests.plugin.boards import Live
from tests.plugin.server import Server

LAYERS, STATISTICS, STEPS = 500, 8, 20_000
RUN, TWIN = "first/gradscope", "second/gradscope"
LOADERS = {"Python loader": "false", "data server": "true"}
PARTS = ["routes", "browser", "compare", "live"]
PATTERNS = 997
"""Different steps; a prime, so that no period of theirs meets the screen's columns."""


def write_run(logdir: Path, layers: int, steps: int, seed: int) -> None:
    """Writes a run whose gradients fade towards the input and wander from step to step."""
    from gradscope.run import RunWriter

    layout = Layout({**layout_of(layers, STATISTICS).columns, "loss": ("loss",)})
    random = np.random.default_rng(seed)
    wander = 10 ** random.normal(0, 0.4, (PATTERNS, layout.slots)).astype(np.float32)
    fade = np.ones(layout.slots, np.float32)
    for statistic in ("grad_norm", "grad_max_abs", "update_norm", "update_ratio"):
        fade[layout.where(statistic)] = 10 ** np.linspace(-6, 0, layers)
    first = layout.names("grad_norm")[0]
    verdict = Verdict(
        *("vanishing-gradient", "critical", first, 19, 0.99, "The gradient fades."),
        remedy=Remedy("Use ReLU.", 'keras.layers.Dense(64, activation="relu")'),
    )
    writer = RunWriter(logdir)
    writer.start(Start(layout, 0))
    for step in range(steps):
        values = fade * wander[step % PATTERNS]
        values[layout.where("nonfinite_count")] = 0
        values[layout.where("loss")] = 2.3 * math.exp(-3 * step / steps)
        writer.record(Record(step, 1e9 + step, values, layout))
        if step % 500 == 499:
            writer.validation(Validation(step, 1e9 + step, {"loss": 2.4}))
    writer.diagnosis(Diagnosis(steps - 1, 1e9 + steps, (verdict,)))
    writer.close()


def prepared(layers: int, steps: int) -> tuple[Path, Path]:
    """(log directory with one such run, one with two), written where they are missing."""
    root = Path("runs/tab") / f"{layers}x{STATISTICS}x{steps}"
    one, two = root / "one", root / "two"
    if not (root / "written").exists():
        write_run(one / "first", layers, steps, 0)
        write_run(two / "second", layers, steps, 1)
        (two / "first/gradscope").mkdir(parents=True, exist_ok=True)
        for path in (one / "first/gradscope").iterdir():
            os.link(path, two / "first/gradscope" / path.name)
        (root / "written").touch()
    return one, two


def seconds(action: Callable[[], Any]) -> float:
    """How long an action took."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def wait_until_loaded(server: Server, last_step: int, runs: int) -> float:
    """Seconds until the tab's own routes know the last step and the verdict of all runs."""
    start = time.perf_counter()
    while True:
        try:
            listed = server.json("gradscope/runs")["runs"]
            loaded = [run for run in listed if run["last_step"] == last_step and run["cause"]]
            if len(loaded) == runs:
                return time.perf_counter() - start
        except urllib.error.URLError:
            pass
        time.sleep(0.02)


def memory(server: Server) -> int:
    """Megabytes that the server and its children hold in memory."""
    total, waiting = 0, [server.process.pid]
    while waiting:
        proc = Path(f"/proc/{waiting.pop()}")
        status = (proc / "status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0])
        for task in (proc / "task").iterdir():
            waiting += map(int, (task / "children").read_text().split())
    return total // 1024


def measure_routes(server: Server, repeat: int) -> dict[str, Any]:
    """What each route takes, in seconds: the first time, and the median of later times."""
    steps = server.json("gradscope/run", run=RUN)["last_step"]
    series = {"run": RUN, "columns": 1200}
    wishes: dict[str, tuple[str, dict[str, Any]]] = {
        "run": ("run", {"run": RUN}),
        "runs": ("runs", {}),
        "series, all": ("series", {**series, "statistic": "grad_norm"}),
        "series, zoomed": (
            "series",
            {**series, "statistic": "grad_norm", "first": steps // 3, "last": steps // 2},
        ),
        "series, 8 rows with band": (
            "series",
            {**series, "statistic": "grad_norm", "rows": "0,1,2,3,4,5,6,7", "band": 1},
        ),
        "series, another statistic": ("series", {**series, "statistic": "weight_norm"}),
    }
    found: dict[str, Any] = {}
    for name, (route, query) in wishes.items():
        sizes: list[int] = []

        def ask(route: str = route, query: dict[str, Any] = query, sizes: Any = sizes) -> None:
            sizes.append(len(server.fetch(f"gradscope/{route}", **query)))

        first, later = seconds(ask), [seconds(ask) for _ in range(repeat)]
        found[name] = {"first": first, "later": statistics.median(later), "bytes": sizes[0]}
    return found


def measure_compare(server: Server, repeat: int) -> dict[str, Any]:
    """The route `compare`, the first time and later."""

    def ask() -> None:
        server.fetch("gradscope/compare", a=RUN, b=TWIN)

    first, later = seconds(ask), [seconds(ask) for _ in range(repeat)]
    return {"first": first, "later": statistics.median(later)}


def measure_live(load_fast: str, repeat: int) -> float:
    """How long new steps take to the screen, with TensorBoard's own interval of five seconds."""
    with tempfile.TemporaryDirectory() as root:
        live = Live(Path(root) / "live")
        server = Server(root, load_fast)
        try:
            with Browser(server) as browser:
                return browser.measure_live(live, repeat)
        finally:
            server.stop()
            live.close()


def measure(load_fast: str, args: argparse.Namespace) -> dict[str, Any]:
    """All figures with one loader."""
    one, two = prepared(args.layers, args.steps)
    found: dict[str, Any] = {}
    start = time.perf_counter()
    server = Server(str(one), load_fast)
    try:
        found["serves after"] = time.perf_counter() - start
        found["loaded after"] = found["serves after"] + wait_until_loaded(server, args.steps - 1, 1)
        if "routes" in args.only:
            found["routes"] = measure_routes(server, args.repeat)
        if "browser" in args.only:
            with Browser(server) as browser:
                found["browser"] = browser.measure(RUN, args.repeat)
        found["memory, MB"] = memory(server)
    finally:
        server.stop()
    if "live" in args.only:
        found["live, from disk to picture"] = measure_live(load_fast, args.repeat)
    if "compare" in args.only:
        server = Server(str(two), load_fast)
        try:
            wait_until_loaded(server, args.steps - 1, 2)
            found["compare"] = {"route": measure_compare(server, args.repeat)}
            with Browser(server) as browser:
                found["compare"] |= browser.measure_compare(RUN, TWIN, args.repeat)
        finally:
            server.stop()
    return found


def show(name: str, found: Any, indent: int = 0) -> None:
    """Prints figures, seconds as milliseconds."""
    if isinstance(found, dict):
        print(f"{'  ' * indent}{name}")
        for key, value in found.items():
            show(key, value, indent + 1)
    elif isinstance(found, float):
        print(f"{'  ' * indent}{name:<{40 - 2 * indent}} {found * 1000:9.0f} ms")
    else:
        print(f"{'  ' * indent}{name:<{40 - 2 * indent}} {found:>9}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--repeat", type=int, default=7, help="median of so many")
    parser.add_argument("--loader", choices=["true", "false"], help="of --load_fast; both without")
    parser.add_argument("--only", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--json", type=Path, default=Path("runs/tab/figures.json"))
    args = parser.parse_args()
    figures: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "run": f"{args.layers} layers × {STATISTICS} statistics × {args.steps} steps",
    }
    for name, load_fast in LOADERS.items():
        if args.loader in (None, load_fast):
            figures[name] = measure(load_fast, args)
            show(name, figures[name])
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(figures, indent=2))
    print(f"written to {args.json}")


if __name__ == "__main__":
    main()
