"""What the tab is told of a run, as JSON-ready data; http_api.md says what each field means.

Pure functions of a run, be it read through TensorBoard or with `open_run`: the self-contained
page of a report holds the same answers.
"""

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from gradscope.catalog import BY_NAME
from gradscope.causes import BY_SLUG
from gradscope.detail import BY_NAME as KINDS
from gradscope.detail import Details, parts_of
from gradscope.records import Overhead, Report, RunView, Verdict
from gradscope.tensorboard import binning
from gradscope.tensorboard.looking import where_to_look

DEFAULT_COLUMNS = 1000
"""About the width of a screen in pixels, less its margins."""

MOST_CELLS = 4_000_000
"""Numbers in one answer: 21 MB of JSON. No screen has more pixels to draw them on."""

Extent = tuple[float | None, float | None]
"""(lowest, highest) finite value; None where there is none."""


class StoredRun(RunView, Protocol):
    """A run with what was written beside its numbers; `gradscope.run.Run` is one."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """int64[S], the recorded steps, ascending."""
        ...

    @property
    def wall_times(self) -> NDArray[np.float64]:
        """float64[S], seconds since the epoch."""
        ...

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Those of the latest diagnosis, root causes first."""
        ...

    @property
    def judged_at(self) -> int | None:
        """The step of that diagnosis; None where there was none yet."""
        ...

    @property
    def overhead(self) -> Overhead | None:
        """What recording cost; None where the run does not say."""
        ...

    @property
    def details(self) -> Details:
        """Of the layers that were watched closely."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each thing that could not be read."""
        ...


@dataclass(frozen=True)
class Window:
    """The part of a statistic that is asked for.

    first, last: the range of steps, both included; None for the run's own.
    columns: at most so many columns.
    rows: places in the statistic's names; None for all.
    band: whether also the smallest value of each column is wanted.
    """

    first: int | None = None
    last: int | None = None
    columns: int = DEFAULT_COLUMNS
    rows: tuple[int, ...] | None = None
    band: bool = False


def title_of(name: str) -> str:
    """TensorBoard's name of a run without the sub-directory that gradscope writes to.

    >>> title_of("digits/gradscope"), title_of("gradscope"), title_of("digits")
    ('digits', '.', 'digits')
    """
    title = name.removesuffix("gradscope") if name.split("/")[-1] == "gradscope" else name
    return title.rstrip("/") or "."


def runs_answer(
    entries: Iterable[Mapping[str, Any]], complaints: Iterable[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """The answer of `runs`: entries and complaints, each sorted by run.

    entries: of `entry` or `entry_of`.
    complaints: {"run": name, "error": sentence}.
    """
    return {
        "runs": sorted(map(dict, entries), key=lambda one: one["run"]),
        "complaints": sorted(map(dict, complaints), key=lambda one: one["run"]),
    }


def entry(
    name: str,
    revision: str,
    last_step: int | None,
    wall_time: float | None,
    verdicts: Sequence[Verdict],
) -> dict[str, Any]:
    """One entry of `runs`. last_step and wall_time are None where nothing was recorded yet."""
    first = verdicts[0] if verdicts else None
    return {
        "run": name,
        "title": title_of(name),
        "last_step": last_step,
        "wall_time": wall_time,
        "revision": revision,
        "severity": first.severity if first else None,
        "cause": first.cause if first else None,
        "verdicts": len(verdicts),
    }


def entry_of(run: StoredRun, name: str, revision: str = "") -> dict[str, Any]:
    """The entry of `runs` for a run that is in memory.

    name: what the tab is to call it, as "digits/gradscope".
    revision: anything that changes with the run.
    """
    last_step, wall_time = _end(run)
    return entry(name, revision, last_step, wall_time, run.verdicts)


def run_answer(run: StoredRun, name: str, revision: str = "") -> dict[str, Any]:
    """The answer of `run`: all of a run but its numbers.

    name, revision: as in `entry_of`.
    """
    report = Report(run.verdicts, steps=len(run.steps))
    last_step, wall_time = _end(run)
    axes, axis_of = _axes(run)
    answer = {
        "run": name,
        "title": title_of(name),
        "revision": revision,
        "headline": _headline(run, report),
        "healthy": report.healthy,
        "judged": report.judged and run.judged_at is not None,
        "judged_at": run.judged_at,
        "steps": len(run.steps),
        "first_step": int(run.steps[0]) if len(run.steps) else None,
        "last_step": last_step,
        "wall_time": wall_time,
        "verdicts": [_verdict(run, verdict) for verdict in run.verdicts],
        "axes": axes,
        "statistics": [_statistic(one, axis_of[one]) for one in run.statistics],
        "validation": {
            metric: {"steps": steps.tolist(), "values": values.tolist()}
            for metric, (steps, values) in run.validation.items()
        },
        "details": _details(run.details),
        "info": run.info,
        "overhead": run.overhead.to_dict() if run.overhead else None,
        "notes": list(run.notes),
    }
    return cast("dict[str, Any]", plain(answer))


def series_answer(
    run: RunView,
    statistic: str,
    name: str,
    revision: str = "",
    window: Window | None = None,
    extent: Extent | None = None,
) -> dict[str, Any]:
    """The answer of `series`: one statistic over the steps, binned.

    statistic: one that the run records.
    name, revision: as in `entry_of`.
    window: what part of it, and how finely; None for all of it in `DEFAULT_COLUMNS` columns.
    extent: of all the statistic's finite values, where it is known already.

    Raises UsageError for a statistic that the run doesn't record, IndexError for a row that the
    statistic lacks.
    """
    window = window or Window()
    steps, values = run.series(statistic)
    if extent is None:
        extent = extent_of(statistic, values)
    answer = {"run": name, "statistic": statistic, "revision": revision}
    return {**answer, **_binned(steps, values, window), **_extent(extent)}


def detail_answer(
    run: StoredRun,
    kind: str,
    path: str,
    name: str,
    revision: str = "",
    window: Window | None = None,
) -> dict[str, Any]:
    """The answer of `detail`: one series of details over the steps, binned.

    kind, path: of a series that the run holds.
    name, revision: as in `entry_of`.
    window: what part of it, and how finely; None for all of it in `DEFAULT_COLUMNS` columns.

    Raises UsageError for a series that the run doesn't hold.
    """
    steps, values = run.details.series(kind, path)
    known = KINDS.get(kind)
    extent = binning.extent(values, positive=known is not None and known.scale == "log")
    answer = {
        "run": name,
        "kind": kind,
        "path": path,
        "revision": revision,
        "names": list(run.details.names(kind, path)),
    }
    return {**answer, **_binned(steps, values, window or Window()), **_extent(extent)}


def _binned(
    steps: NDArray[np.int64], values: NDArray[np.float32], window: Window
) -> dict[str, Any]:
    """What answers of numbers over steps have in common: columns, and what is in them."""
    if window.rows is not None:
        values = values[:, list(window.rows)]
    most = min(window.columns, max(1, MOST_CELLS // max(1, values.shape[1])))
    where = binning.columns(steps, window.first, window.last, most)
    ends = np.append(where.starts[1:], where.end)[: len(where.starts)] - 1
    answer: dict[str, Any] = {
        "recorded": where.end - where.begin,
        "rows": values.shape[1],
        "columns": len(where.starts),
        "first": steps[where.starts].tolist(),
        "last": steps[ends].tolist(),
        "max": encoded(binning.largest(values, where)),
    }
    if window.band:
        answer["min"] = encoded(binning.smallest(values, where))
    return answer


def _extent(extent: Extent) -> dict[str, Any]:
    return {"lowest": extent[0], "highest": extent[1]}


def extent_of(statistic: str, values: NDArray[np.float32]) -> Extent:
    """(lowest, highest) of a statistic's finite values; of the positive ones on a log scale."""
    known = BY_NAME.get(statistic)
    return binning.extent(values, positive=known is not None and known.scale == "log")


def encoded(values: NDArray[np.float32]) -> str:
    """Base64 of the little-endian float32 of an array, row after row.

    >>> encoded(np.array([[1.0]], np.float32))
    'AACAPw=='
    """
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def to_json(answer: Any) -> str:
    r"""An answer as ASCII JSON text in which no HTML can stand, wherever it is put.

    Raises ValueError where it holds NaN or infinities outside of arrays; see `plain`.

    >>> to_json({"run": "</script>"})
    '{"run":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(answer, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def plain(data: Any) -> Any:
    """The same data as JSON can hold: NaN and infinities as None, unknown objects as text."""
    if isinstance(data, Mapping):
        entries = cast("Mapping[Any, Any]", data)
        return {str(key): plain(value) for key, value in entries.items()}
    if isinstance(data, list | tuple):
        return [plain(value) for value in cast("Iterable[Any]", data)]
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    return data if data is None or isinstance(data, bool | int | str) else str(data)


def _end(run: StoredRun) -> tuple[int | None, float | None]:
    """(last step, its time), or None twice."""
    if not len(run.steps):
        return None, None
    return int(run.steps[-1]), float(run.wall_times[-1])


def _headline(run: StoredRun, report: Report) -> str:
    if len(run.steps) and run.judged_at is None:
        steps = f"{len(run.steps)} recorded step" + "s" * (len(run.steps) != 1)
        return (
            f"not judged: no verdicts were written yet. {steps}. If the training has ended, "
            "`gradscope report LOGDIR` judges it now."
        )
    return report.headline.removeprefix("gradscope: ")


def _verdict(run: StoredRun, verdict: Verdict, leaf: bool = False) -> dict[str, Any]:
    """A verdict, what its cause means and where to look; a symptom is a leaf."""
    cause = BY_SLUG.get(verdict.cause)
    statistic, name = where_to_look(run, verdict)
    answer = {
        **verdict.to_dict(),
        "meaning": cause.meaning if cause else "",
        "statistic": statistic,
        "name": name,
        "symptoms": [] if leaf else [_verdict(run, one, leaf=True) for one in verdict.symptoms],
    }
    return answer


def _statistic(name: str, axis: str) -> dict[str, Any]:
    known = BY_NAME.get(name)
    return {
        "name": name,
        "per": known.per if known else axis.partition(".")[0],
        "axis": axis,
        "scale": known.scale if known else "linear",
        "unit": known.unit if known else "",
        "formula": known.formula if known else "",
    }


def _details(details: Details) -> dict[str, Any]:
    """Which layers were watched closely, and which series of details there are."""
    held: list[dict[str, Any]] = []
    for kind, path in map(parts_of, details.keys):
        known = KINDS.get(kind)
        held.append(
            {
                "kind": kind,
                "path": path,
                "per": known.per if known else "layer",
                "axis": known.axis if known else "unit",
                "title": known.title if known else kind,
                "scale": known.scale if known else "linear",
                "unit": known.unit if known else "",
                "formula": known.formula if known else "",
            }
        )
    return {"watched": [asdict(one) for one in details.watched], "series": held}


def _axes(run: RunView) -> tuple[dict[str, list[str]], dict[str, str]]:
    """(axis -> its names, statistic -> its axis); statistics of equal names share one."""
    axes: dict[str, list[str]] = {}
    axis_of: dict[str, str] = {}
    for statistic in run.statistics:
        known, names = BY_NAME.get(statistic), list(run.names(statistic))
        per = known.per if known else "layer"
        if per == "step":
            names = ["step"]
        own = f"{per}.{statistic}"
        same = [axis for axis in axes if axis.split(".")[0] == per and axes[axis] == names]
        axis_of[statistic] = same[0] if same else own if per in axes else per
        axes[axis_of[statistic]] = names
    return axes, axis_of
