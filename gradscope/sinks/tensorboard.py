"""The run's event file: everything for the Gradscope tab, a choice for TensorBoard's own."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gradscope.cadence import DENSE_STEPS
from gradscope.layout import Layout, model_prefix
from gradscope.records import (
    Cost,
    Detail,
    Diagnosis,
    Item,
    Record,
    Report,
    Start,
    Validation,
    Verdict,
    Watch,
)
from gradscope.run import RunWriter
from gradscope.sinks.charts import chart_layout
from gradscope.sinks.details import detail_histograms
from gradscope.sinks.heatmap import COLUMNS, StepHistory, draw_heatmap
from gradscope.sinks.summaries import SUMMARIES, Summary, log10
from gradscope.sinks.values import StockValues
from gradscope.sinks.variables import kernel_columns, row_names
from gradscope.tensorboard.protos import Value

FLUSH_SECONDS = 2.0
"""TensorBoard reloads no faster than that, and each flush is a system call."""

MAX_LAYER_CURVES = 40
"""Above, TensorBoard's list of curves is longer than anybody scrolls."""

CURVE_RECORDS = 1000
"""So many records TensorBoard keeps of a curve; of later ones ever fewer are written for its own
charts. The Gradscope tab has them all."""

DENSE_RECORDS = 100
"""The first records tell most, so their per-layer curves are complete."""

MAX_MIXED_ROWS = 8
"""Above, the heatmap shows kernels only: biases in between make stripes that hide its shape."""

_PER_LAYER = ("grad_norm", "update_ratio")

_HEATMAP_TEXT = (
    "log10 of the gradient norm: each row a {rows}, first layer on top; columns are recorded "
    "steps{cadence}. Of more than {columns} recorded steps neighbours share a column, which shows "
    "the worst of them."
)

_DENSE_TEXT = f": the first {DENSE_STEPS} one by one, then as often as the budget allows"

_OVERHEAD_TEXT = (
    "What recording costs, as a share of the time of plain steps: recorded steps, transfers, "
    "writing and judging, as measured in this run."
)

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
        self._info: Mapping[str, Any] = {}
        self._kernels: dict[str, tuple[int, ...]] = {}
        self._rows: tuple[int, ...] = ()
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
            self._info = item.info
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
        elif isinstance(item, Watch):
            self._writer.watch(item)
        elif isinstance(item, Detail):
            self._writer.detail(item)
            self._writer.values(item.step, item.wall_time, detail_histograms(self._stock, item))
        elif isinstance(item, Diagnosis):
            self._writer.diagnosis(item)
            self._latest = item
            if self._told is None or _gist(item.verdicts) != _gist(self._told.verdicts):
                self._write_text(item)
        elif isinstance(item, Cost):
            self._write_cost(item)

    def _write_cost(self, cost: Cost) -> None:
        self._writer.cost(cost)
        share = cost.overhead.share
        if share is not None:
            point = self._stock.scalar("gradscope/overhead", share, _OVERHEAD_TEXT)
            self._writer.values(cost.step, cost.wall_time, [point])

    def _write_text(self, diagnosis: Diagnosis) -> None:
        report = Report(diagnosis.verdicts, self._records, self._logdir)
        headline, _, rest = report.to_markdown().partition("\n\n")
        text = f"{_mark(report)}{headline}\n\n{_table(report.verdicts)}{rest}"
        page = self._stock.text("gradscope/verdicts", text, "What is wrong, and what to change.")
        self._writer.values(diagnosis.step, diagnosis.wall_time, [page])
        self._told = diagnosis

    def _write_records(self, layout: Layout, records: list[Record]) -> None:
        if layout is not self._layout and layout != self._layout:
            self._begin(layout)
        self._layout = layout
        block = np.stack([record.values for record in records])
        curves = self._summary_curves(layout, block)
        for index, record in enumerate(records):
            self._writer.record(record)
            points = [
                self._stock.scalar(summary.tag, float(curve[index]), summary.description)
                for summary, curve in (curves if _is_on_curve(self._records) else ())
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

    def _begin(self, layout: Layout) -> None:
        """Chooses the kernels of a new layout, and the heatmap's rows."""
        self._kernels = {
            statistic: kernel_columns(layout.names(statistic), self._info)
            for statistic in {summary.statistic for summary in SUMMARIES if summary.kernels_only}
        }
        rows = len(layout.names("grad_norm"))
        self._rows = self._kernels["grad_norm"] if rows > MAX_MIXED_ROWS else tuple(range(rows))
        self._history = StepHistory(len(self._rows))

    def _summary_curves(
        self, layout: Layout, block: NDArray[np.float32]
    ) -> list[tuple[Summary, NDArray[np.floating]]]:
        """(summary, float[N]) for each summary whose statistic the layout has."""
        curves: list[tuple[Summary, NDArray[np.floating]]] = []
        for summary in SUMMARIES:
            if layout.names(summary.statistic):
                values = block[:, layout.where(summary.statistic)]
                if summary.kernels_only:
                    values = values[:, self._kernels[summary.statistic]]
                curves.append((summary, summary.reduction(values)))
        return curves

    def _layer_points(self, record: Record) -> list[Value]:
        points: list[Value] = []
        for statistic in _PER_LAYER:
            names = record.layout.names(statistic)
            if len(names) <= MAX_LAYER_CURVES and names:
                prefix = model_prefix(names)
                short = [name.removeprefix(prefix) for name in names]
                for index, figure in enumerate(log10(record[statistic])):
                    if not np.isnan(figure):
                        tag = f"gradscope.log10_{statistic}/{index:03d} {short[index]}"
                        points.append(self._stock.scalar(tag, float(figure)))
        return points

    def _histograms(self, record: Record) -> list[Value]:
        histograms: list[Value] = []
        for statistic in _PER_LAYER:
            if record.layout.names(statistic):
                logs = log10(record[statistic])
                logs = logs[~np.isnan(logs)]
                if logs.size:
                    tag = f"gradscope/log10_{statistic}"
                    description = f"log10 {statistic} of all variables where it is not zero."
                    histograms.append(self._stock.histogram(tag, logs, description))
        return histograms

    def _remember(self, record: Record) -> None:
        if self._history is not None and record.layout.names("grad_norm"):
            norms = record["grad_norm"]
            rows, absent = list(self._rows), _without_gradient(record, norms)
            self._history.add(record.step, norms[rows], absent[rows])

    def _write_heatmap(self, record: Record) -> None:
        names = record.layout.names("grad_norm")
        if self._history is None or not names:
            return
        shown = row_names([names[row] for row in self._rows])
        what = "variable" if len(self._rows) == len(names) else "kernel"
        picture = draw_heatmap(f"gradient norm: {what} by step", shown, self._history)
        value = self._stock.image(
            "gradscope/heatmap_log10_grad_norm",
            picture.png,
            picture.width,
            picture.height,
            _HEATMAP_TEXT.format(
                rows=what, columns=COLUMNS, cadence=_DENSE_TEXT if self._is_auto() else ""
            ),
        )
        self._writer.values(record.step, record.wall_time, [value])
        self._drawn_at = self._records

    def _is_auto(self) -> bool:
        scope = self._info.get("scope")
        return isinstance(scope, Mapping) and cast("Any", scope).get("every") == "auto"


def _kind(item: Item) -> Layout | None:
    """What groups records that can be written together; None for all other items."""
    return item.layout if isinstance(item, Record) else None


def _is_on_curve(record: int) -> bool:
    """Whether a record is written for TensorBoard's own curves.

    All of the first 1,000 are, then ever fewer: some 500 each time that their number doubles.
    """
    return record % (1 << (record // CURVE_RECORDS).bit_length()) == 0


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


def _mark(report: Report) -> str:
    """What a glance at the page is to tell; nothing where nothing can be told yet."""
    if report.healthy:
        return "🟢 " if report.judged and not report.verdicts else ""
    return _MARKS[report.verdicts[0].severity] + " "


def _table(verdicts: Sequence[Verdict]) -> str:
    """Several verdicts at a glance, as a Markdown table; one needs none."""
    if len(verdicts) < 2:
        return ""
    rows = [
        f"| {_MARKS[verdict.severity]} | **{verdict.cause}** | "
        f"{f'`{verdict.layer}`' if verdict.layer else 'whole step'} | {verdict.step} |"
        for verdict in verdicts
    ]
    head = "| | cause | where | since step |"
    return "\n".join([head, "|---" * 4 + "|", *rows]) + "\n\n"


def _gist(verdicts: Sequence[Verdict]) -> list[object]:
    """What makes two diagnoses differ for a reader; their figures change all the time."""
    return [
        (verdict.cause, verdict.severity, verdict.layer, _gist(verdict.symptoms))
        for verdict in verdicts
    ]
