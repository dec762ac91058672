import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gradscope.layout import Layout
from gradscope.records import Cost, Diagnosis, Overhead, Record, Start, Validation, Verdict
from gradscope.run import open_run
from gradscope.run.framing import Frame, read_frames
from gradscope.sinks.tensorboard import (
    CURVE_RECORDS,
    DENSE_RECORDS,
    MAX_LAYER_CURVES,
    TensorBoardSink,
    _is_kept,
    _is_on_curve,
)
from gradscope.tensorboard.protos import Event
from tests.runs import LAYOUT, OVERHEAD, VANISHING, record, stacked

NAN, INF = np.nan, np.inf


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def values_of(logdir: Path) -> dict[str, list[tuple[int, Any]]]:
    """tag -> (step, value) of all that is on disk for TensorBoard's own dashboards."""
    (path,) = (logdir / "gradscope").iterdir()
    found: dict[str, list[tuple[int, Any]]] = {}
    with path.open("rb") as stream:
        for frame in read_frames(stream):
            assert isinstance(frame, Frame)
            event = Event.FromString(frame.payload)
            for value in event.summary.value:
                if not value.tag.startswith("_gradscope_/"):
                    found.setdefault(value.tag, []).append((event.step, value))
    return found


def curve(logdir: Path, tag: str) -> dict[int, float]:
    points = values_of(logdir).get(tag, [])
    return {step: value.tensor.float_val[0] for step, value in points}


def written(logdir: Path, *records: Record, layout: Layout = LAYOUT, batch: int = 32) -> None:
    sink = TensorBoardSink(logdir)
    sink.write([Start(layout, 0)])
    for index in range(0, len(records), batch):
        sink.write(records[index : index + batch])
    sink.close()


def wide(variables: int) -> Layout:
    return Layout({"grad_norm": tuple(f"layer_{index}" for index in range(variables))})


def test_all_items_reach_the_run(tmp_path):
    sink = TensorBoardSink(tmp_path)
    sink.write([Start(LAYOUT, 2, {"a": 1}), record(2), Validation(2, 0.0, {"loss": 0.5})])
    sink.write([record(3), record(4), Diagnosis(4, 0.0, (VANISHING,))])
    sink.close()
    run = open_run(tmp_path)
    np.testing.assert_array_equal(run.series("grad_norm")[1], stacked([2, 3, 4], "grad_norm"))
    assert run.validation["loss"][1].tolist() == [0.5]
    assert run.verdicts == (VANISHING,)
    assert run.info == {"a": 1}


def test_nan_and_infinity_stay_what_they_are_in_the_tensors(tmp_path):
    norms = [NAN, -INF, INF]
    written(tmp_path, record(0, grad_norm=norms, loss=NAN))
    run = open_run(tmp_path)
    np.testing.assert_array_equal(run.series("grad_norm")[1], [norms])
    assert np.isnan(run.series("loss")[1]).all()


class TestCurves:
    def test_each_record_has_a_point(self, tmp_path):
        written(tmp_path, *[record(step, grad_norm=[10, 1e9, 1000]) for step in range(50)])
        assert curve(tmp_path, "gradscope.bands/log10_grad_norm_median") == dict.fromkeys(
            range(50), 2.0
        )
        assert curve(tmp_path, "gradscope.bands/log10_grad_norm_max") == dict.fromkeys(
            range(50), 3.0
        )
        assert list(curve(tmp_path, "gradscope/loss")) == list(range(50))

    def test_bands_are_over_kernels_as_told_by_their_shapes(self, tmp_path):
        shapes = {"net/first/kernel": [4], "net/first/bias": [3, 4], "net/last/kernel": [4, 2]}
        info = {"variables": {path: {"shape": shape} for path, shape in shapes.items()}}
        sink = TensorBoardSink(tmp_path)
        sink.write([Start(LAYOUT, 0, info), record(0, grad_norm=[1e9, 10, 1000])])
        sink.write([record(1, grad_norm=[0, 10, 0])])
        sink.close()
        assert curve(tmp_path, "gradscope.bands/log10_grad_norm_min") == {0: 1.0, 1: 1.0}
        assert curve(tmp_path, "gradscope.bands/log10_grad_norm_max") == {0: 3.0, 1: 1.0}
        assert curve(tmp_path, "gradscope.counts/zero_gradient_variables") == {0: 0.0, 1: 2.0}

    def test_a_logarithm_that_is_none_is_no_point(self, tmp_path):
        norms = [2.0, 0.0, 3.0, NAN, INF]
        records = [record(step, global_grad_norm=norm) for step, norm in enumerate(norms)]
        written(tmp_path, *records)
        points = curve(tmp_path, "gradscope/log10_global_grad_norm")
        assert points == pytest.approx({0: np.log10(2), 2: np.log10(3)})

    def test_a_loss_that_is_nan_is_a_point(self, tmp_path):
        written(tmp_path, record(0), record(1, loss=NAN))
        assert np.isnan(curve(tmp_path, "gradscope/loss")[1])

    def test_only_the_first_point_has_a_description(self, tmp_path):
        written(tmp_path, record(0), record(1), record(2))
        first, *rest = [value for _, value in values_of(tmp_path)["gradscope/loss"]]
        assert first.metadata.summary_description == "The training loss of the step."
        assert len(rest) == 2 and not any(value.HasField("metadata") for value in rest)

    def test_statistics_that_are_not_recorded_have_none(self, tmp_path):
        written(tmp_path, record(0))
        assert "gradscope.counts/saturated_fraction_max" not in values_of(tmp_path)

    def test_validation_figures_have_curves(self, tmp_path):
        sink = TensorBoardSink(tmp_path)
        sink.write([Start(LAYOUT, 0), Validation(5, 0.0, {"loss": 0.5})])
        sink.close()
        assert curve(tmp_path, "gradscope/validation_loss") == {5: 0.5}


class TestLayerCurves:
    def test_they_are_named_by_place_and_path(self, tmp_path):
        written(tmp_path, record(0, grad_norm=[100, 0, 1]))
        tags = [tag for tag in values_of(tmp_path) if tag.startswith("gradscope.log10_grad_norm/")]
        assert tags == [
            "gradscope.log10_grad_norm/000 first/kernel",
            "gradscope.log10_grad_norm/002 last/kernel",
        ]
        assert curve(tmp_path, tags[0]) == {0: 2.0}

    def test_after_the_first_records_there_is_one_a_batch(self, tmp_path):
        written(tmp_path, *[record(step) for step in range(320)])
        steps = list(curve(tmp_path, "gradscope.log10_update_ratio/001 first/bias"))
        assert steps[:DENSE_RECORDS] == list(range(DENSE_RECORDS))
        assert steps[DENSE_RECORDS:] == [127, 159, 191, 223, 255, 287, 319]

    def test_big_models_have_none(self, tmp_path):
        for variables, expected in ((MAX_LAYER_CURVES, MAX_LAYER_CURVES), (41, 0)):
            layout, logdir = wide(variables), tmp_path / str(variables)
            written(logdir, record(0, layout), layout=layout)
            tags = [tag for tag in values_of(logdir) if tag.startswith("gradscope.log10_")]
            assert len(tags) == expected

    def test_curves_thin_out_with_the_logarithm_of_the_records(self):
        on = [sum(map(_is_on_curve, range(n * CURVE_RECORDS))) for n in (1, 2, 4, 8, 1024)]
        assert on[:4] == [1000, 1500, 2000, 2500]
        assert on[-1] == 6000

    def test_their_number_grows_with_the_logarithm_of_the_batches(self):
        kept = [sum(map(_is_kept, range(batches))) for batches in (256, 1024, 4096, 2**20)]
        assert kept[0] == 256
        assert kept[-1] < 256 * 14
        assert all(later - earlier <= 512 for earlier, later in pairwise(kept[:3]))


class TestHistograms:
    def test_they_count_the_variables_that_have_a_logarithm(self, tmp_path):
        layout = wide(50)
        norms = np.logspace(-8, 0, 50)
        norms[:3] = [0, NAN, INF]
        written(tmp_path, record(0, layout, grad_norm=norms.tolist()), layout=layout)
        ((_, value),) = values_of(tmp_path)["gradscope/log10_grad_norm"]
        shape = [dimension.size for dimension in value.tensor.tensor_shape.dim]
        buckets = np.frombuffer(value.tensor.tensor_content, "<f8").reshape(shape)
        assert shape[1] == 3 and np.isfinite(buckets).all()
        assert buckets[:, 2].sum() == 47
        assert buckets[0, 0] == pytest.approx(np.log10(norms[3]), rel=1e-5)
        assert buckets[-1, 1] == pytest.approx(0.0, abs=1e-6)

    def test_there_is_one_a_batch(self, tmp_path):
        written(tmp_path, *[record(step) for step in range(96)])
        points = values_of(tmp_path)["gradscope/log10_update_ratio"]
        assert [step for step, _ in points] == [0, 31, 63, 95]

    def test_without_any_logarithm_there_is_none(self, tmp_path):
        written(tmp_path, record(0, grad_norm=[0, NAN, INF]))
        assert "gradscope/log10_grad_norm" not in values_of(tmp_path)


class TestHeatmap:
    TAG = "gradscope/heatmap_log10_grad_norm"

    def test_it_is_drawn_ever_more_rarely_and_at_the_end(self, tmp_path):
        written(tmp_path, *[record(step) for step in range(7 * 32)])
        assert [step for step, _ in values_of(tmp_path)[self.TAG]] == [31, 63, 127, 223]

    def test_it_is_not_drawn_twice_at_the_end(self, tmp_path):
        written(tmp_path, record(0))
        assert len(values_of(tmp_path)[self.TAG]) == 1

    def test_its_size_is_that_of_the_picture(self, tmp_path):
        written(tmp_path, record(0))
        ((_, value),) = values_of(tmp_path)[self.TAG]
        width, height, png = value.tensor.string_val
        assert Image.open(io.BytesIO(png)).size == (int(width), int(height))

    def test_variables_without_gradient_are_not_nan(self, tmp_path):
        sink = TensorBoardSink(tmp_path)
        sink.write(
            [Start(LAYOUT, 0), record(0, grad_norm=[NAN, NAN, 1], nonfinite_count=[0, 4, 0])]
        )
        assert sink._history is not None
        np.testing.assert_array_equal(sink._history.values[:, 0], [-1, NAN, 1])
        sink.close()

    @pytest.mark.parametrize(("layers", "rows"), [(4, 8), (5, 5)])
    def test_biases_are_left_out_where_there_are_many_rows(self, tmp_path, layers, rows):
        names = [f"net/{i}/{kind}" for i in range(layers) for kind in ("kernel", "bias")]
        layout = Layout({"grad_norm": tuple(names)})
        sink = TensorBoardSink(tmp_path)
        sink.write([Start(layout, 0), record(0, layout, grad_norm=list(range(1, 2 * layers + 1)))])
        assert sink._history is not None
        every = 2 * layers // rows
        wanted = list(range(1, 2 * layers + 1, every))
        assert sink._history.values[:, 0].tolist() == wanted
        sink.close()
        ((_, value),) = values_of(tmp_path)[self.TAG]
        what = "variable" if every == 1 else "kernel"
        assert f"each row a {what}," in value.metadata.summary_description

    def test_a_kernel_without_gradient_is_told_from_nan_among_kernels_only(self, tmp_path):
        names = tuple(f"net/{i}/{kind}" for i in range(5) for kind in ("kernel", "bias"))
        layout = Layout({"grad_norm": names, "nonfinite_count": names})
        norms, counts = np.ones(10), np.zeros(10)
        norms[[4, 6]], counts[6] = NAN, 1
        changes = {"grad_norm": norms.tolist(), "nonfinite_count": counts.tolist()}
        sink = TensorBoardSink(tmp_path)
        sink.write([Start(layout, 0), record(0, layout, **changes)])
        assert sink._history is not None
        np.testing.assert_array_equal(sink._history.values[:, 0], [1, 1, -1, NAN, 1])
        sink.close()

    @pytest.mark.parametrize("every", ["auto", 1])
    def test_it_says_how_far_its_columns_are_apart(self, tmp_path, every):
        sink = TensorBoardSink(tmp_path)
        sink.write([Start(LAYOUT, 0, {"scope": {"every": every}}), record(0)])
        sink.close()
        ((_, value),) = values_of(tmp_path)[self.TAG]
        told = "the first 100 one by one, then as often as the budget allows."
        said = told in value.metadata.summary_description
        assert said == (every == "auto")

    def test_a_run_without_gradient_norms_has_none(self, tmp_path):
        layout = Layout({"loss": ("loss",)})
        written(tmp_path, record(0, layout), layout=layout)
        assert self.TAG not in values_of(tmp_path)


class TestText:
    def texts(self, logdir: Path) -> list[tuple[int, str]]:
        points = values_of(logdir)["gradscope/verdicts"]
        return [(step, value.tensor.string_val[0].decode()) for step, value in points]

    def text(self, logdir: Path, *verdicts: Verdict, steps: int = 20) -> str:
        sink = TensorBoardSink(logdir)
        sink.write([Start(LAYOUT, 0), *[record(step) for step in range(steps)]])
        sink.write([Diagnosis(steps - 1, 0.0, verdicts)])
        sink.close()
        ((step, text),) = self.texts(logdir)
        assert step == steps - 1
        return text

    def test_the_remedy_comes_before_the_evidence(self, tmp_path):
        text = self.text(tmp_path, VANISHING)
        parts = [
            "🔴 **gradscope: not healthy. 20 recorded steps.**",
            VANISHING.summary,
            "Use ReLU.",
            'keras.layers.Dense(64, activation="relu")',
            "He et al. 2015",
            "fold_per_layer",
        ]
        places = [text.index(part) for part in parts]
        assert places == sorted(places) and places[0] == 0
        # One verdict needs no table, which would push the remedy out of the card.
        assert text.count("|---") == 2

    def test_several_verdicts_are_listed_under_the_headline(self, tmp_path):
        other = replace(VANISHING, cause="nonfinite", severity="warning", layer=None, step=7)
        text = self.text(tmp_path, VANISHING, other)
        headline, table, _ = text.split("\n\n", 2)
        assert headline.startswith("🔴 **gradscope: not healthy.")
        assert table.splitlines() == [
            "| | cause | where | since step |",
            "|---|---|---|---|",
            "| 🔴 | **vanishing-gradient** | `net/first/kernel` | 3 |",
            "| 🟠 | **nonfinite** | whole step | 7 |",
        ]

    def test_green_is_for_runs_that_were_judged_and_found_without_fault(self, tmp_path):
        remark = replace(VANISHING, cause="loss-plateau", severity="info", symptoms=())
        assert self.text(tmp_path / "healthy").startswith("🟢 **gradscope: healthy.")
        assert self.text(tmp_path / "short", steps=3).startswith("**gradscope: too early to judge")
        assert self.text(tmp_path / "remark", remark).startswith("**gradscope: ")
        warned = self.text(tmp_path / "warned", replace(VANISHING, severity="warning"), steps=3)
        assert warned.startswith("🟠 **gradscope: not healthy.")

    def test_it_changes_when_the_verdicts_do_and_at_the_end(self, tmp_path):
        sink = TensorBoardSink(tmp_path)
        sink.write([Start(LAYOUT, 0)])
        for step, verdicts in enumerate([(), (), (VANISHING,), (VANISHING,), (VANISHING,)]):
            sink.write([record(step), Diagnosis(step, 0.0, verdicts)])
        sink.close()
        found = self.texts(tmp_path)
        assert [step for step, _ in found] == [0, 2, 4]
        assert "1 recorded step," in found[0][1]
        assert "5 recorded steps" in found[-1][1]


class TestFlush:
    def visible(self, logdir: Path) -> list[int]:
        return open_run(logdir).steps.tolist()

    def sink(self, logdir: Path) -> tuple[TensorBoardSink, FakeClock]:
        clock = FakeClock()
        sink = TensorBoardSink(logdir, clock=clock)
        sink.write([Start(LAYOUT, 0)])
        return sink, clock

    def test_writes_wait_for_two_seconds(self, tmp_path, monkeypatch):
        # Counted, as the file also writes out its own buffer whenever that is full.
        flushes: list[float] = []
        sink, clock = self.sink(tmp_path)
        monkeypatch.setattr(sink._writer, "flush", lambda: flushes.append(clock.now))
        for step, now in enumerate([0.5, 1.9, 2.0, 2.1, 3.9, 4.5, 10.0, 11.0]):
            clock.now = now
            sink.write([record(step)])
        assert flushes == [2.0, 4.5, 10.0]
        sink.close()

    def test_a_diagnosis_does_not_wait(self, tmp_path, monkeypatch):
        flushes: list[str] = []
        sink, _ = self.sink(tmp_path)
        monkeypatch.setattr(sink._writer, "flush", lambda: flushes.append("flush"))
        sink.write([record(0)])
        assert flushes == []
        sink.write([Diagnosis(0, 0.0, (VANISHING,)), record(1)])
        assert flushes == ["flush"]
        sink.close()

    def test_flush_does_not_wait(self, tmp_path):
        sink, _ = self.sink(tmp_path)
        sink.write([record(0)])
        sink.flush()
        assert self.visible(tmp_path) == [0]
        sink.close()


def test_what_recording_costs_is_a_curve_where_it_is_known(tmp_path):
    sink = TensorBoardSink(tmp_path)
    sink.write([Start(LAYOUT, 0), Cost(3, 0.0, Overhead(every=1)), Cost(7, 1.0, OVERHEAD)])
    sink.close()
    assert curve(tmp_path, "gradscope/overhead") == {7: pytest.approx(OVERHEAD.share)}
    assert open_run(tmp_path).overhead == OVERHEAD


def test_records_of_two_layouts_in_one_batch(tmp_path):
    other = Layout({"grad_norm": ("x",), "loss": ("loss",)})
    sink = TensorBoardSink(tmp_path)
    sink.write([Start(LAYOUT, 0), record(0), Start(other, 1), record(1, other), record(2, other)])
    sink.close()
    run = open_run(tmp_path)
    assert run.layout == other and run.steps.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(
        run.series("grad_norm")[1][1:], stacked([1, 2], "grad_norm", other)
    )
