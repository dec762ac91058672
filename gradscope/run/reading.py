"""Reading a run back; never imports TensorFlow."""

import json
import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from gradscope.catalog import BY_NAME, STATISTICS
from gradscope.detail import Details
from gradscope.errors import RunError, UsageError
from gradscope.layout import Layout
from gradscope.records import Overhead, Verdict
from gradscope.run.details import DetailReader
from gradscope.run.framing import Frame, Gap, read_frames
from gradscope.run.locate import locate_run
from gradscope.tensorboard import metadata
from gradscope.tensorboard.protos import Event, SessionLog, Value

Validations = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]

_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A run as it was on disk when it was opened; satisfies `records.RunView`.

    logdir: its log directory.
    layout: the columns of its records; of the last session where they changed.
    steps: int64[S], the recorded steps, ascending.
    wall_times: float64[S], seconds since the epoch.
    info: the facts of `Start.info`.
    validation: metric -> (steps int64[V], values float64[V]).
    verdicts: those of the latest diagnosis, root causes first.
    judged_at: the step of that diagnosis; None where the run was cut off before its first one,
        so that no verdict does not mean healthy.
    details: of the layers that were watched closely; see `gradscope.detail.Details`.
    notes: one sentence for each thing that could not be read.
    overhead: what recording cost, as it was written last; None where it was not measured.

    >>> import numpy as np
    >>> from gradscope.layout import Layout
    >>> from gradscope.records import Record, Start
    >>> from gradscope.run import RunWriter, open_run
    >>> layout = Layout({"grad_norm": ("dense/kernel", "dense/bias"), "loss": ("loss",)})
    >>> writer = RunWriter("runs/digits")
    >>> writer.start(Start(layout, step=0))
    >>> writer.record(Record(0, 0.0, np.array([0.5, 0.25, 2.0], np.float32), layout))
    >>> writer.close()
    >>> run = open_run("runs/digits")
    >>> run
    <Run 'runs/digits': 1 recorded step, the last 0; 2 statistics; verdicts: not judged yet>
    >>> run.statistics
    ('grad_norm', 'loss')
    >>> run.names("grad_norm")
    ('dense/kernel', 'dense/bias')
    >>> steps, values = run.series("grad_norm")
    >>> steps, values
    (array([0]), array([[0.5 , 0.25]], dtype=float32))
    """

    logdir: str
    layout: Layout
    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    info: Mapping[str, Any]
    validation: Validations
    verdicts: tuple[Verdict, ...]
    judged_at: int | None
    details: Details
    notes: tuple[str, ...]
    _values: Mapping[str, NDArray[np.float32]]
    overhead: Overhead | None = None

    def __repr__(self) -> str:
        """One line, as a notebook shows it; the arrays are asked for by name."""
        steps = f"{len(self.steps)} recorded step" + "s" * (len(self.steps) != 1)
        if len(self.steps):
            steps += f", the last {self.steps[-1]}"
        causes = ", ".join(verdict.cause for verdict in self.verdicts) or "none"
        judged = causes if self.judged_at is not None else "not judged yet"
        return (
            f"<Run {self.logdir!r}: {steps}; {len(self.statistics)} statistics; verdicts: {judged}>"
        )

    @property
    def statistics(self) -> tuple[str, ...]:
        """The recorded statistics, in catalogue order."""
        return tuple(self._values)

    def names(self, statistic: str) -> tuple[str, ...]:
        """The L names of a statistic; empty where it isn't recorded."""
        return self.layout.names(statistic)

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(steps int64[S] ascending, values float32[S, L]), both read-only.

        NaN where an earlier session of the run didn't record a name.

        Raises UsageError for a statistic that the run doesn't record.
        """
        if statistic not in self._values:
            recorded = ", ".join(self._values) or "nothing yet"
            raise UsageError(
                f"Run.series: {self.logdir!r} doesn't record {statistic!r}. It records {recorded}."
            )
        return self.steps, self._values[statistic]


def open_run(logdir: str | os.PathLike[str]) -> Run:
    """The run in a log directory, read without TensorFlow.

    logdir: what the Scope was given, its sub-directory `gradscope`, or a directory with exactly
        one run below it.

    A run that is still being written can be opened; what was flushed so far is read. Damaged
    records are left out, and `Run.notes` says so.

    Raises RunError where there is no run, several, none that can be read, or one written by a
    newer gradscope.

    >>> from gradscope.layout import Layout
    >>> from gradscope.records import Start
    >>> from gradscope.run import RunWriter
    >>> writer = RunWriter("runs/empty")
    >>> writer.start(Start(Layout({"loss": ("loss",)}), step=0))
    >>> writer.close()
    >>> run = open_run("runs/empty")
    >>> run.statistics, len(run.steps), run.verdicts
    (('loss',), 0, ())

    >>> open_run("nowhere")
    Traceback (most recent call last):
    gradscope.errors.RunError: open_run: there is no directory 'nowhere'.
    """
    where, files = locate_run(logdir)
    reader = _Reader()
    for path in files:
        try:
            reader.read(path)
        except metadata.NewerSchemaError as error:
            raise RunError(f"open_run: {str(where)!r}: {error}") from error
        except OSError as error:
            raise RunError(f"open_run: can't read {str(path)!r}: {error.strerror}.") from error
    if not reader.events and reader.notes:
        raise RunError(
            f"open_run: nothing in {str(where)!r} can be read. " + " ".join(reader.notes)
        )
    return reader.run(str(where))


class _Column:
    """The values under one tag, row after row, as the bytes that will be the array.

    width: of one row, in bytes.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows: list[int] = []
        self.data = bytearray()

    def append(self, row: int, content: bytes) -> None:
        self.rows.append(row)
        self.data += content

    def drop_from(self, row: int) -> None:
        kept = bisect_left(self.rows, row)
        del self.rows[kept:]
        del self.data[kept * self.width :]

    def array(self) -> NDArray[np.float32]:
        """float32[len(rows), width / 4], without a copy."""
        return np.frombuffer(self.data, "<f4").reshape(len(self.rows), self.width // 4)


class _Reader:
    """Takes events in file order; a later session replaces the steps from its start on."""

    def __init__(self) -> None:
        self.events = 0
        self.notes: list[str] = []
        self._steps: list[int] = []
        self._wall_times: list[float] = []
        self._columns: dict[str, _Column] = {}
        self._validations: list[tuple[int, str, float]] = []
        self._diagnoses: list[tuple[int, tuple[Verdict, ...]]] = []
        self._overheads: list[tuple[int, Overhead]] = []
        self._contents: dict[str, metadata.Content] = {}
        self._layouts: dict[str, Layout] = {}
        self._suffix = ""
        self._info: Mapping[str, Any] = {}
        self._details = DetailReader(self.notes)

    def read(self, path: Path) -> None:
        """Takes all events of one file.

        Raises OSError where the file can't be read, RunError where its schema is newer.
        """
        for event, frame in _events(path, self.notes):
            self.events += 1
            if event.HasField("session_log"):
                if event.session_log.status == SessionLog.START:
                    self._drop_from(event.step)
            elif event.HasField("summary"):
                self._take(event, frame, path)

    def _drop_from(self, step: int) -> None:
        self._validations = [entry for entry in self._validations if entry[0] < step]
        self._diagnoses = [entry for entry in self._diagnoses if entry[0] < step]
        self._overheads = [entry for entry in self._overheads if entry[0] < step]
        self._details.drop_from(step)
        self._drop_rows(step)

    def _drop_rows(self, step: int) -> None:
        kept = bisect_left(self._steps, step)
        if kept < len(self._steps):
            del self._steps[kept:]
            del self._wall_times[kept:]
            for column in self._columns.values():
                column.drop_from(kept)

    def _take(self, event: Event, frame: Frame, path: Path) -> None:
        contents: dict[str, bytes] = {}
        for value in event.summary.value:
            tag = value.tag
            if tag.startswith(metadata.DETAIL_PREFIX):
                self._details.take(event.step, value, path)
            if not tag.startswith(metadata.PREFIX):
                continue
            if value.HasField("metadata") and tag not in self._contents:
                self._learn(tag, value.metadata.plugin_data.content, path)
            if tag in (metadata.RUN_TAG, metadata.VERDICTS_TAG, metadata.OVERHEAD_TAG):
                self._take_text(event.step, value, path)
            elif tag.startswith(metadata.VALIDATION_PREFIX):
                self._take_validation(event.step, value, path)
            else:
                contents[tag] = value.tensor.tensor_content
        if contents:
            self._append(event, contents, frame, path)

    def _append(self, event: Event, contents: dict[str, bytes], frame: Frame, path: Path) -> None:
        if self._steps and event.step <= self._steps[-1]:
            # Steps go back only in a damaged record or without a session start, as when a
            # directory was copied over another; the first must not cost the good ones.
            if not frame.intact():
                self.notes.append(f"{path.name}: left out a damaged record.")
                return
            self._drop_rows(event.step)
        row = len(self._steps)
        self._steps.append(event.step)
        self._wall_times.append(event.wall_time)
        for tag, content in contents.items():
            column = self._columns.get(tag)
            if column is None:
                known = self._contents.get(tag)
                column = _Column(4 * len(known.names) if known else len(content))
                self._columns[tag] = column
            if len(content) == column.width:
                column.append(row, content)
            else:
                self._note_misfit()

    def _note_misfit(self) -> None:
        self.notes.append("Some values don't fit the run's layout and are shown as NaN.")

    def _learn(self, tag: str, raw: bytes, path: Path) -> None:
        try:
            self._contents[tag] = metadata.Content.from_bytes(raw)
        except metadata.NewerSchemaError:
            raise
        except RunError:
            self.notes.append(f"{path.name}: the description of {tag!r} can't be read.")

    def _take_text(self, step: int, value: Value, path: Path) -> None:
        try:
            data = json.loads(value.tensor.string_val[0])
            if value.tag == metadata.RUN_TAG:
                metadata.check_version(data["version"])
                self._info = dict(data["info"])
                self._suffix = str(data["suffix"])
                self._layouts[self._suffix] = Layout.from_json(json.dumps(data["layout"]))
            elif value.tag == metadata.OVERHEAD_TAG:
                self._overheads.append((step, Overhead.from_dict(data)))
            else:
                self._diagnoses.append((step, tuple(map(Verdict.from_dict, data))))
        except metadata.NewerSchemaError:
            raise
        except (RunError, ValueError, KeyError, TypeError, IndexError, AttributeError):
            self.notes.append(f"{path.name}: {value.tag!r} of step {step} can't be read.")

    def _take_validation(self, step: int, value: Value, path: Path) -> None:
        metric = value.tag.removeprefix(metadata.VALIDATION_PREFIX)
        figures = np.frombuffer(value.tensor.tensor_content, "<f8", -1)
        if figures.size == 1:
            self._validations.append((step, metric, float(figures[0])))
        else:
            self.notes.append(f"{path.name}: {value.tag!r} of step {step} can't be read.")

    def run(self, logdir: str) -> Run:
        """What all files together say."""
        layouts = {**metadata.layouts_of(self._contents), **self._layouts}
        layout = layouts.get(self._suffix) or next(reversed(layouts.values()), Layout({}))
        known = [statistic.name for statistic in STATISTICS if statistic.name in layout.columns]
        known += [name for name in layout.columns if name not in BY_NAME]
        values = {name: self._stack(name, layout.names(name), layouts) for name in known}
        steps = np.array(self._steps, np.int64)
        wall_times = np.array(self._wall_times, np.float64)
        for array in (steps, wall_times, *values.values()):
            array.flags.writeable = False
        return Run(
            logdir=logdir,
            layout=layout,
            steps=steps,
            wall_times=wall_times,
            info=self._info,
            validation=_by_metric(self._validations),
            verdicts=self._diagnoses[-1][1] if self._diagnoses else (),
            judged_at=self._diagnoses[-1][0] if self._diagnoses else None,
            details=self._details.details(),
            notes=tuple(dict.fromkeys(self.notes)),
            _values=values,
            overhead=self._overheads[-1][1] if self._overheads else None,
        )

    def _stack(
        self, statistic: str, names: tuple[str, ...], layouts: Mapping[str, Layout]
    ) -> NDArray[np.float32]:
        """float32[S, L] of one statistic; NaN where a row lacks a name."""
        found: list[tuple[_Column, tuple[str, ...]]] = []
        for suffix, layout in layouts.items():
            column = self._columns.get(metadata.statistic_tag(statistic, suffix))
            if column is not None and column.width == 4 * len(layout.names(statistic)):
                found.append((column, layout.names(statistic)))
            elif column is not None:
                self._note_misfit()
        if len(found) == 1 and found[0][1] == names and len(found[0][0].rows) == len(self._steps):
            return found[0][0].array()
        values = np.full((len(self._steps), len(names)), np.nan, np.float32)
        for column, held in found:
            place = {name: index for index, name in enumerate(held)}
            shared = [index for index, name in enumerate(names) if name in place]
            source = [place[names[index]] for index in shared]
            values[np.ix_(column.rows, shared)] = column.array()[:, source]
        return values


def _events(path: Path, notes: list[str]) -> Iterator[tuple[Event, Frame]]:
    """All events of a file; what is no event is noted and left out."""
    with path.open("rb", buffering=_BUFFER_BYTES) as stream:
        for frame in read_frames(stream):
            if isinstance(frame, Gap):
                notes.append(_describe(frame, path))
                continue
            try:
                yield Event.FromString(frame.payload), frame
            except DecodeError:
                notes.append(f"{path.name}: left out a damaged record.")


def _describe(gap: Gap, path: Path) -> str:
    if gap.truncated:
        return (
            f"{path.name}: the last record is incomplete ({gap.length} bytes left out); "
            "the run is still being written or was cut off."
        )
    return f"{path.name}: {gap.length} bytes at offset {gap.offset} are damaged and left out."


def _by_metric(entries: Sequence[tuple[int, str, float]]) -> Validations:
    """Each metric's figures in ascending steps; the last of one step counts."""
    figures: dict[str, dict[int, float]] = {}
    for step, metric, value in entries:
        figures.setdefault(metric, {})[step] = value
    return {
        metric: (
            np.array(sorted(by_step), np.int64),
            np.array([by_step[step] for step in sorted(by_step)], np.float64),
        )
        for metric, by_step in figures.items()
    }
