"""The run's event file: everything for the Gradscope tab, a choice for TensorBoard's own."""

import os
import time
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from gradscope.layout import Layout
from gradscope.records import Diagnosis, Item, Record, Report, Start, Validation, Verdict
from gradscope.run import RunWriter
from gradscope.sinks.charts import chart_layout
from gradscope.sinks.heatmap import StepHistory, draw_heatmap
from gradscope.sinks.summaries import SUMMARIES, Summary, log10
from gradscope.sinks.values import StockValues
from gradscope.tensorboard.protos import Value

FLUSH_SECONDS = 2.0
"""TensorBoard reloads no faster than that, and each flush is a system call."""

MAX_LAYER_CURVES = 40
"""Above, TensorBoard's list of curves is longer than anybody scrolls."""

DENSE_RECORDS = 100
"""The first records tell most, so their per-layer curves are complete."""

_PER_LAYER = ("grad_norm", "update_ratio")

_MARKS = {"info": "🔵", "warning": "🟠", "critical": "🔴"}


class TensorBoardSink:
    """Writes a run to `<logdir>/gradscope`, for TensorBoard and for `open_run`.

    logdir: the run's log directory; made where it is missing.
    clock: seconds that only ever rise.

    Raises LogdirError, also from all methods, where the disk refuses.
    """

    def __init__(
        self,
        logdir: str | os.PathLike[str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logdir = os.fspath(logdir)
        self._writer = RunWriter(logdir)
        self._stock = StockValues()
        self._clock = clock
        self._flushed_at = clock()
        self._records = 0
        self._batches = 0
        self._layout: Layout | None = None
        self._history: StepHistory | None = None
        self._drawn_at = 0
        self._last: Record | None = None
        self._latest: Diagnosis | None = None
        self._told: Diagnosis | None = None

    def write(self, items: Sequence[Item]) -> None:
        """Writes the next items; flushes at most every two seconds, and with each diagnosis."""
        urgent = False
        for kind, group in groupby(items, _kind):
            members = list(group)
            if kind is not None:
                self._write_records(kind, [item for item in members if isinstance(item, Record)])
                continue
            for item in members:
                urgent |= isinstance(item, Diagnosis)
                self._write_other(item)
        if urgent or self._clock() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Makes all that was written visible to readers."""
        self._writer.flush()
        self._flushed_at = self._clock()

    def close(self) -> None:
        """Draws the heatmap and tells the verdicts a last time, flushes and closes the file."""
        try:
            if self._last is not None and self._drawn_at != self._records:
                self._write_heatmap(self._last)
            if self._latest is not None and self._latest is not self._told:
                self._write_text(self._latest)
        finally:
            self._writer.close()

    def _write_other(self, item: Item) -> None:
        if isinstance(item, Start):
            self._writer.start(item)
            self._writer.values(item.step, time.time(), [self._stock.layout(chart_layout())])
        elif isinstance(item, Validation):
            self._writer.validation(item)
            points = [
                self._stock.scalar(
                    f"gradscope/validation_{metric}", figure, "As given to `Scope.validate`."
                )
                for metric, figure in item.metrics.items()
            ]
            self._writer.values(item.step, item.wall_time, points)
        elif isinstance(item, Diagnosis):
            self._writer.diagnosis(item)
            self._latest = item
            if self._told is None or _gist(item.verdicts) != _gist(self._told.verdicts):
                self._write_text(item)

    def _write_text(self, diagnosis: Diagnosis) -> None:
        report = Report(diagnosis.verdicts, self._records, self._logdir)
        text = _table(diagnosis.verdicts) + report.to_markdown()
        page = self._stock.text("gradscope/verdicts", text, "What is wrong, and what to change.")
        self._writer.values(diagnosis.step, diagnosis.wall_time, [page])
        self._told = diagnosis

    def _write_records(self, layout: Layout, records: list[Record]) -> None:
        if layout is not self._layout and layout != self._layout:
            self._history = StepHistory(len(layout.names("grad_norm")))
        self._layout = layout
        block = np.stack([record.values for record in records])
        curves = _summary_curves(layout, block)
        for index, record in enumerate(records):
            self._writer.record(record)
            points = [
                self._stock.scalar(summary.tag, float(curve[index]), summary.description)
                for summary, curve in curves
                if summary.shows_nan or np.isfinite(curve[index])
            ]
            last = index == len(records) - 1
            if self._records < DENSE_RECORDS or (last and _is_kept(self._batches)):
                points += self._layer_points(record)
            if self._records == 0 or (last and _is_kept(self._batches)):
                points += self._histograms(record)
            self._writer.values(record.step, record.wall_time, points)
            self._remember(record)
            self._records += 1
        self._last = records[-1]
        self._batches += 1
        if self._batches.bit_count() == 1:
            self._write_heatmap(self._last)

    def _layer_points(self, record: Record) -> list[Value]:
        points: list[Value] = []
        for statistic in _PER_LAYER:
            names = record.layout.names(statistic)
            if len(names) <= MAX_LAYER_CURVES and names:
                for index, figure in enumerate(log10(record[statistic])):
                    if not np.isnan(figure):
                        tag = f"gradscope.log10_{statistic}/{index:03d} {names[index]}"
                        points.append(self._stock.scalar(tag, float(figure)))
        return points

    def _histograms(self, record: Record) -> list[Value]:
        histograms: list[Value] = []
        for statistic in _PER_LAYER:
            if record.layout.names(statistic):
                logs = log10(record[statistic])
                logs = logs[~np.isnan(logs)]
                if logs.size:
                    tag = f"gradscope/log10_{statistic}_of_variables"
                    description = f"log10 {statistic} of all variables where it is not zero."
                    histograms.append(self._stock.histogram(tag, logs, description))
        return histograms

    def _remember(self, record: Record) -> None:
        if self._history is not None and record.layout.names("grad_norm"):
            norms = record["grad_norm"]
            self._history.add(record.step, norms, _without_gradient(record, norms))

    def _write_heatmap(self, record: Record) -> None:
        names = record.layout.names("grad_norm")
        if self._history is None or not names:
            return
        picture = draw_heatmap("log10 gradient norm: variable by step", names, self._history)
        value = self._stock.image(
            "gradscope/heatmap_log10_grad_norm",
            picture.png,
            picture.width,
            picture.height,
            "Each row a variable, first layer on top; each column one step or several, of which "
            "the worst is shown.",
        )
        self._writer.values(record.step, record.wall_time, [value])
        self._drawn_at = self._records


def _kind(item: Item) -> Layout | None:
    """What groups records that can be written together; None for all other items."""
    return item.layout if isinstance(item, Record) else None


def _summary_curves(
    layout: Layout, block: NDArray[np.float32]
) -> list[tuple[Summary, NDArray[np.floating]]]:
    """(summary, float[N]) for each summary whose statistic the layout has."""
    return [
        (summary, summary.reduction(block[:, layout.where(summary.statistic)]))
        for summary in SUMMARIES
        if layout.names(summary.statistic)
    ]


def _is_kept(batch: int) -> bool:
    """Whether a batch gets costly values: all of the first 256, then ever fewer.

    Their number grows with the logarithm of the batches, so the file stays mostly statistics.
    """
    return batch % (1 << (batch >> 8).bit_length()) == 0


def _without_gradient(record: Record, norms: NDArray[np.float32]) -> NDArray[np.bool_]:
    """bool[L]: where a NaN norm means that there is no gradient, not that it is NaN."""
    if record.layout.names("nonfinite_count") != record.layout.names("grad_norm"):
        return np.zeros(norms.shape, np.bool_)
    return np.isnan(norms) & (record["nonfinite_count"] == 0)


def _table(verdicts: Sequence[Verdict]) -> str:
    """The verdicts at a glance, as a Markdown table; empty without any."""
    if not verdicts:
        return "🟢 "
    rows = [
        f"| {_MARKS[verdict.severity]} | **{verdict.cause}** | "
        f"{f'`{verdict.layer}`' if verdict.layer else 'whole step'} | {verdict.step} | "
        f"{verdict.confidence:.0%} | {verdict.summary.replace('|', '/')} |"
        for verdict in verdicts
    ]
    head = "| | cause | where | since step | confidence | what is seen |"
    return "\n".join([head, "|---" * 6 + "|", *rows]) + "\n\n"


def _gist(verdicts: Sequence[Verdict]) -> list[object]:
    """What makes two diagnoses differ for a reader; their figures change all the time."""
    return [
        (verdict.cause, verdict.severity, verdict.layer, _gist(verdict.symptoms))
        for verdict in verdicts
    ]
