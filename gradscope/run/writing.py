"""Writing a run; imports TensorFlow when the first writer is made, for its fast file writer."""

import itertools
import json
import math
import os
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from google.protobuf.message import DecodeError

import gradscope
from gradscope.errors import LogdirError, RunError, UsageError
from gradscope.layout import Layout
from gradscope.records import Cost, Detail, Diagnosis, Record, Start, Validation, Watch
from gradscope.run.framing import Gap, read_frames
from gradscope.run.locate import FILE_PREFIX, FILE_SUFFIX, SUBDIRECTORY, event_files
from gradscope.tensorboard import metadata
from gradscope.tensorboard.protos import DT_DOUBLE, DT_FLOAT, DT_STRING, Event, SessionLog, Value

_COUNTER = itertools.count()


class RunWriter:
    """Writes one session of a run to an event file of its own.

    logdir: the run's log directory; made where it is missing.

    Call `start` first. Nothing is visible to readers for certain before `flush`. All methods
    but the constructor raise LogdirError where the disk refuses, and UsageError after `close`.

    Raises LogdirError where the directory can't be made or written to.
    """

    def __init__(self, logdir: str | os.PathLike[str]) -> None:
        import tensorflow as tf

        self._refusals = (OSError, tf.errors.OpError)
        if "://" in os.fspath(logdir):
            raise LogdirError(
                f"RunWriter: {os.fspath(logdir)!r} is no local directory, and runs are written to "
                "local disks only. Give a local directory and copy it afterwards."
            )
        directory = Path(logdir) / SUBDIRECTORY
        try:
            directory.mkdir(parents=True, exist_ok=True)
            earlier = event_files(directory)
            self._path = directory / _file_name(earlier)
            self._file: Any = tf.io.TFRecordWriter(str(self._path))
            self._first_layout = _first_layout(earlier)
        except self._refusals as error:
            raise _refused(directory, error) from error
        self._layout: Layout | None = None
        self._suffix = ""
        self._template = Event()
        self._described: set[str] = set()
        self._put(Event(wall_time=time.time(), file_version="brain.Event:2"))

    @property
    def path(self) -> Path:
        """The event file."""
        return self._path

    def start(self, start: Start) -> None:
        """Begins the session: earlier sessions count only up to its step."""
        if self._layout is None:
            event = Event(step=start.step, wall_time=time.time())
            event.session_log.status = SessionLog.START
            self._put(event)
        self._use(start.layout)
        data = {
            "version": metadata.SCHEMA_VERSION,
            "gradscope": gradscope.__version__,
            "suffix": self._suffix,
            "layout": {name: list(names) for name, names in start.layout.columns.items()},
            "info": start.info,
        }
        self._text(metadata.RUN_TAG, "run", data, start.step, time.time())

    def record(self, record: Record) -> None:
        """Writes all statistics of one step, bit for bit."""
        if record.layout is not self._layout:
            self._use(record.layout)
        event = self._template
        event.step, event.wall_time = record.step, record.wall_time
        data = record.values.astype("<f4").tobytes()
        for value, (start, stop) in zip(event.summary.value, self._bytes, strict=True):
            value.tensor.tensor_content = data[start:stop]
        self._put(event)
        if self._undescribed:
            for value in event.summary.value:
                value.ClearField("metadata")
            self._undescribed = False

    def validation(self, validation: Validation) -> None:
        """Writes the validation figures of one step."""
        event = Event(step=validation.step, wall_time=validation.wall_time)
        for metric, figure in validation.metrics.items():
            value = event.summary.value.add(tag=metadata.VALIDATION_PREFIX + metric)
            content = metadata.Content("validation", (metric,), metric)
            self._describe(value, content)
            value.tensor.dtype = DT_DOUBLE
            value.tensor.tensor_shape.SetInParent()
            value.tensor.tensor_content = np.array(figure, "<f8").tobytes()
        self._put(event)

    def diagnosis(self, diagnosis: Diagnosis) -> None:
        """Writes all verdicts of one step."""
        data = [verdict.to_dict() for verdict in diagnosis.verdicts]
        self._text(metadata.VERDICTS_TAG, "verdicts", data, diagnosis.step, diagnosis.wall_time)

    def watch(self, watch: Watch) -> None:
        """Writes which layers are watched closely from a step on."""
        self._text(metadata.WATCH_TAG, "watch", watch.layers, watch.step, watch.wall_time)

    def detail(self, detail: Detail) -> None:
        """Writes the closer look at one step, bit for bit."""
        event = Event(step=detail.step, wall_time=detail.wall_time)
        for key, names in detail.layout.columns.items():
            value = event.summary.value.add(tag=metadata.DETAIL_PREFIX + key)
            self._describe(value, metadata.detail_content(key, names))
            value.tensor.dtype = DT_FLOAT
            value.tensor.tensor_shape.dim.add(size=len(names))
            value.tensor.tensor_content = detail[key].astype("<f4").tobytes()
        self._put(event)

    def cost(self, cost: Cost) -> None:
        """Writes what recording costs by one step."""
        data = cost.overhead.to_dict()
        self._text(metadata.OVERHEAD_TAG, "overhead", data, cost.step, cost.wall_time)

    def values(self, step: int, wall_time: float, values: Sequence[Value]) -> None:
        """Writes values for TensorBoard's own dashboards; a run's reader skips them."""
        if values:
            event = Event(step=step, wall_time=wall_time)
            event.summary.value.extend(values)
            self._put(event)

    def flush(self) -> None:
        """Makes all that was written visible to readers."""
        self._attempt("flush")

    def close(self) -> None:
        """Flushes and closes the file; does nothing the second time."""
        if self._file is not None:
            try:
                self._attempt("close")
            finally:
                self._file = None

    def _use(self, layout: Layout) -> None:
        """Makes `layout` that of the records to come."""
        self._first_layout = self._first_layout or layout
        self._layout = layout
        same = layout.digest == self._first_layout.digest
        self._suffix = "" if same else f".{layout.digest}"
        self._bytes: list[tuple[int, int]] = []
        self._template = Event()
        for statistic, names in layout.columns.items():
            if names:
                where = layout.where(statistic)
                self._bytes.append((4 * where.start, 4 * where.stop))
                tag = metadata.statistic_tag(statistic, self._suffix)
                value = self._template.summary.value.add(tag=tag)
                self._describe(value, metadata.statistic_content(statistic, names))
                value.tensor.dtype = DT_FLOAT
                value.tensor.tensor_shape.dim.add(size=len(names))
        self._undescribed = True

    def _text(self, tag: str, kind: str, data: Any, step: int, wall_time: float) -> None:
        event = Event(step=step, wall_time=wall_time)
        value = event.summary.value.add(tag=tag)
        self._describe(value, metadata.Content(kind))
        value.tensor.dtype = DT_STRING
        value.tensor.tensor_shape.SetInParent()
        value.tensor.string_val.append(json.dumps(_plain(data), allow_nan=False).encode())
        self._put(event)

    def _describe(self, value: Value, content: metadata.Content) -> None:
        """Adds metadata where the session has not yet written the tag."""
        if value.tag not in self._described:
            self._described.add(value.tag)
            value.metadata.CopyFrom(metadata.summary_metadata(content))

    def _put(self, event: Event) -> None:
        self._attempt("write", event.SerializeToString())

    def _attempt(self, action: str, *data: bytes) -> None:
        if self._file is None:
            raise UsageError(f"RunWriter: {self._path} is closed and takes nothing more.")
        try:
            getattr(self._file, action)(*data)
        except self._refusals as error:
            raise _refused(self._path, error) from error


def _refused(path: Path, error: Exception) -> LogdirError:
    reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
    return LogdirError(
        f"RunWriter: can't write to {str(path)!r}: {reason}. "
        "Give a log directory on a disk with room that this user may write to."
    )


def _file_name(earlier: Sequence[Path]) -> str:
    """A name that sorts after those of all earlier sessions, whatever the clock says."""
    seconds = int(time.time())
    if earlier:
        stamp = earlier[-1].name.removeprefix(FILE_PREFIX).partition(".")[0]
        if stamp.isdigit():
            seconds = max(seconds, int(stamp) + 1)
    host = socket.gethostname() or "localhost"
    return f"{FILE_PREFIX}{seconds:010d}.{host}.{os.getpid()}.{next(_COUNTER)}{FILE_SUFFIX}"


def _first_layout(files: Sequence[Path]) -> Layout | None:
    """The layout whose tags carry no suffix, or None where no session wrote one yet."""
    for path in files:
        with path.open("rb") as stream:
            # A session's start is among its first records, before any of the big ones.
            for frame in itertools.islice(read_frames(stream), 4):
                if not isinstance(frame, Gap) and (layout := _layout_in(frame.payload)):
                    return layout
    return None


def _layout_in(payload: bytes) -> Layout | None:
    try:
        for value in Event.FromString(payload).summary.value:
            if value.tag == metadata.RUN_TAG:
                data = json.loads(value.tensor.string_val[0])
                if data["suffix"] == "":
                    return Layout.from_json(json.dumps(data["layout"]))
    except (DecodeError, RunError, ValueError, KeyError, TypeError, IndexError):
        return None
    return None


def _plain(data: Any) -> Any:
    """The same facts as JSON can hold: NaN and infinities as None, unknown objects as text."""
    if isinstance(data, Mapping):
        entries = cast("Mapping[Any, Any]", data)
        return {str(key): _plain(value) for key, value in entries.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [_plain(value) for value in cast("Iterable[Any]", data)]
    if isinstance(data, np.generic | np.ndarray):
        return _plain(cast("Any", data).tolist())
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    return data if data is None or isinstance(data, bool | int | str) else str(data)
