"""Details on disk: written, read back, resumed, damaged; and readers that don't know them."""

import io

import numpy as np
import pytest

from gradscope import detail
from gradscope.errors import UsageError
from gradscope.layout import Layout
from gradscope.records import Detail, Start, Watch
from gradscope.run import RunWriter, open_run
from gradscope.run.framing import Frame, read_frames
from gradscope.sinks.console import ConsoleSink
from gradscope.sinks.tensorboard import TensorBoardSink
from gradscope.tensorboard import metadata
from gradscope.tensorboard.protos import Event
from tests.runs import LAYOUT, record, stacked

CLOSE = Layout(
    {
        "grad_histogram/net/first/kernel": detail.bin_names(),
        "unit_mean/net/first": ("0", "2", "4"),
    }
)


def close_look(step: int, layout: Layout = CLOSE) -> Detail:
    values = np.arange(layout.slots, dtype=np.float32) + 100 * step
    return Detail(step, 1e9 + step, values, layout)


def write(logdir, first: int, steps: int, looked_at=()) -> None:
    """One session that watches from its second step to the end."""
    writer = RunWriter(logdir)
    writer.start(Start(LAYOUT, first))
    for step in range(first, first + steps):
        writer.record(record(step))
        if step == first + 1:
            writer.watch(Watch(step, 1e9, ("net/first/kernel",)))
        if step in looked_at:
            writer.detail(close_look(step))
    writer.close()


def test_what_is_written_is_read_bit_for_bit(tmp_path):
    write(tmp_path, 0, 10, looked_at=(3, 6, 9))
    found = open_run(tmp_path).details
    assert found.watched == (detail.Watched("net/first/kernel", 1, None),)
    assert found.paths == ("net/first/kernel", "net/first")
    assert found.kinds("net/first") == ("unit_mean",)
    assert found.names("unit_mean", "net/first") == ("0", "2", "4")
    assert found.names("unit_mean", "net/last") == () == found.kinds("net/last")
    steps, values = found.series("grad_histogram", "net/first/kernel")
    assert steps.dtype == np.int64 and steps.tolist() == [3, 6, 9]
    want = [close_look(step)["grad_histogram/net/first/kernel"] for step in (3, 6, 9)]
    np.testing.assert_array_equal(values, np.stack(want))
    assert not steps.flags.writeable and not values.flags.writeable
    assert repr(found) == "<Details of net/first/kernel, net/first>"


def test_the_records_of_a_step_with_details_stay(tmp_path):
    write(tmp_path, 0, 10, looked_at=(3, 6, 9))
    run = open_run(tmp_path)
    assert run.notes == ()
    np.testing.assert_array_equal(run.series("grad_norm")[1], stacked(range(10), "grad_norm"))


def test_most_runs_have_none(tmp_path):
    write(tmp_path, 0, 1)
    found = open_run(tmp_path).details
    assert (found.watched, found.paths, found.keys) == ((), (), ())
    with pytest.raises(UsageError, match="no 'unit_mean' of 'x'. The run holds none: no layer was"):
        found.series("unit_mean", "x")


def test_a_later_session_replaces_the_steps_from_its_start_on(tmp_path):
    write(tmp_path, 0, 10, looked_at=(3, 6, 9))
    write(tmp_path, 5, 10, looked_at=(8, 12))
    found = open_run(tmp_path).details
    assert found.series("unit_mean", "net/first")[0].tolist() == [3, 8, 12]
    assert found.watched == (detail.Watched("net/first/kernel", 1, None),)


def test_another_width_is_left_out_and_said(tmp_path):
    writer = RunWriter(tmp_path)
    writer.start(Start(LAYOUT, 0))
    writer.detail(close_look(1))
    wide = Layout({"unit_mean/net/first": ("0", "1", "2", "3")})
    writer.detail(close_look(2, wide))
    writer.close()
    run = open_run(tmp_path)
    assert run.details.series("unit_mean", "net/first")[0].tolist() == [1]
    assert "'_gradscope_detail_/unit_mean/net/first' of step 2 can't be read" in run.notes[0]


def test_a_reader_that_knows_no_details_sees_nothing_of_ours(tmp_path):
    write(tmp_path, 0, 4, looked_at=(2,))
    (path,) = (tmp_path / "gradscope").iterdir()
    tags = set()
    with path.open("rb") as stream:
        for frame in read_frames(stream):
            assert isinstance(frame, Frame)
            tags |= {value.tag for value in Event.FromString(frame.payload).summary.value}
    new = {tag for tag in tags if "detail" in tag}
    assert len(new) == 3
    assert not any(tag.startswith(metadata.PREFIX) for tag in new)


def test_tensorboards_own_histogram_is_that_of_log10(tmp_path):
    counts = np.zeros(len(detail.bin_names()), np.float32)
    for name, count in {"0": 5, "2^-3": 7, "2^-1": 2, "nonfinite": 1}.items():
        counts[detail.bin_names().index(name)] = count
    layout = Layout({"grad_histogram/net/first/kernel": detail.bin_names()})
    sink = TensorBoardSink(tmp_path)
    sink.write([Start(LAYOUT, 0), record(4), Detail(4, 1e9, counts, layout)])
    sink.close()
    (path,) = (tmp_path / "gradscope").iterdir()
    found = {}
    with path.open("rb") as stream:
        for frame in read_frames(stream):
            for value in Event.FromString(frame.payload).summary.value:
                found[value.tag] = value
    told = found["gradscope.detail_log10_gradient/net/first/kernel"]
    bars = np.frombuffer(told.tensor.tensor_content, "<f8").reshape(3, 3)
    np.testing.assert_allclose(bars[:, :2], np.log10([[1 / 8, 1 / 4], [1 / 4, 1 / 2], [1 / 2, 1]]))
    assert bars[:, 2].tolist() == [7, 0, 2]
    assert told.metadata.plugin_data.plugin_name == "histograms"
    read = open_run(tmp_path).details.series("grad_histogram", "net/first/kernel")[1]
    np.testing.assert_array_equal(read, [counts])


def test_the_console_says_who_is_watched():
    stream = io.StringIO()
    sink = ConsoleSink(stream)
    sink.write([Watch(20, 0.0, ("net/first", "net/last")), Watch(60, 0.0, ())])
    assert stream.getvalue() == (
        "gradscope: watching net/first, net/last closely from step 20 on.\n"
        "gradscope: no closer look from step 60 on.\n"
    )
