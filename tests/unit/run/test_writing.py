import math
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradscope.catalog import STATISTICS
from gradscope.errors import LogdirError, UsageError
from gradscope.layout import Layout
from gradscope.records import Diagnosis, Record, Start, Verdict
from gradscope.run import RunWriter, open_run
from gradscope.run.framing import Frame, read_frames
from gradscope.tensorboard.protos import DATA_CLASS_TENSOR, Event, SessionLog
from tests.runs import LAYOUT, VANISHING, record, write_session


def events_of(path: Path):
    with path.open("rb") as stream:
        frames = list(read_frames(stream))
    assert all(isinstance(frame, Frame) and frame.intact() for frame in frames)
    return [Event.FromString(frame.payload) for frame in frames if isinstance(frame, Frame)]


names = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5, unique=True).map(tuple)
layouts = st.dictionaries(
    st.sampled_from([statistic.name for statistic in STATISTICS]), names, min_size=1, max_size=6
).map(Layout)


@st.composite
def sessions(draw):
    layout = draw(layouts)
    steps = draw(st.lists(st.integers(0, 2**40), min_size=1, max_size=6, unique=True).map(sorted))
    bits = draw(hnp.arrays(np.uint32, (len(steps), layout.slots)))
    return layout, steps, bits


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(sessions())
def test_any_values_come_back_bit_for_bit(tmp_path_factory, session):
    layout, steps, bits = session
    logdir = tmp_path_factory.mktemp("run")
    writer = RunWriter(logdir)
    writer.start(Start(layout, steps[0]))
    for step, row in zip(steps, bits, strict=True):
        writer.record(Record(step, 0.0, row.view(np.float32), layout))
    writer.close()
    run = open_run(logdir)
    assert run.notes == ()
    assert run.steps.tolist() == steps
    assert set(run.statistics) == set(layout.columns)
    for statistic in layout.columns:
        assert run.names(statistic) == layout.names(statistic)
        found = run.series(statistic)[1].view(np.uint32)
        np.testing.assert_array_equal(found, bits[:, layout.where(statistic)])


class TestFile:
    def test_its_name_says_when_where_and_who(self, tmp_path):
        path = write_session(tmp_path, [0])
        assert path.parent == tmp_path / "gradscope"
        events, out, tfevents, seconds, *host, pid, _, suffix = path.name.split(".")
        assert [events, out, tfevents, suffix] == ["events", "out", "tfevents", "gradscope"]
        assert len(seconds) == 10 and host and int(pid) == os.getpid()

    def test_it_begins_with_version_and_session_start(self, tmp_path):
        first, second, *_ = events_of(write_session(tmp_path, [7, 8]))
        assert first.file_version == "brain.Event:2"
        assert (second.step, second.session_log.status) == (7, SessionLog.START)

    def test_there_is_one_event_a_step_with_one_tag_a_statistic(self, tmp_path):
        events = events_of(write_session(tmp_path, [7, 8]))
        *_, seven, eight = events
        assert [seven.step, eight.step] == [7, 8]
        tags = [f"_gradscope_/{statistic}" for statistic in LAYOUT.columns]
        assert [value.tag for value in eight.summary.value] == tags

    def test_metadata_comes_with_the_first_value_only(self, tmp_path):
        *_, first, second = events_of(write_session(tmp_path, [7, 8]))
        for value in first.summary.value:
            assert value.metadata.plugin_data.plugin_name == "gradscope"
            assert value.metadata.data_class == DATA_CLASS_TENSOR
        assert not any(value.HasField("metadata") for value in second.summary.value)

    def test_a_session_start_is_written_once(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 3))
        writer.start(Start(Layout({"loss": ("loss",)}), 5))
        writer.close()
        starts = [event.step for event in events_of(writer.path) if event.HasField("session_log")]
        assert starts == [3]

    def test_values_for_other_dashboards_are_not_read_back(self, tmp_path):
        from gradscope.sinks.values import StockValues

        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        writer.record(record(0))
        writer.values(1, 0.0, [StockValues().scalar("gradscope/loss", 2.0)])
        writer.values(2, 0.0, [])
        writer.close()
        assert len(events_of(writer.path)) == 5
        assert open_run(tmp_path).steps.tolist() == [0]


def test_flushed_records_are_visible_before_close(tmp_path):
    writer = RunWriter(tmp_path)
    writer.start(Start(LAYOUT, 0))
    writer.record(record(0))
    writer.flush()
    assert open_run(tmp_path).steps.tolist() == [0]
    writer.close()


def test_facts_that_json_lacks_are_written_as_none_or_text(tmp_path):
    info = {
        "rate": np.float32(0.5),
        "shape": (1, np.int64(2)),
        "nan": math.nan,
        "array": np.array([1.0, np.inf]),
        "path": Path("a"),
        3: None,
        "on": True,
    }
    write_session(tmp_path, [0], info=info)
    assert open_run(tmp_path).info == {
        "rate": 0.5,
        "shape": [1, 2],
        "nan": None,
        "array": [1.0, None],
        "path": "a",
        "3": None,
        "on": True,
    }


def test_the_latest_diagnosis_counts(tmp_path):
    other = Verdict("nonfinite", "critical", None, 4, 1.0, "NaN.", {"share": math.nan})
    writer = RunWriter(tmp_path)
    writer.start(Start(LAYOUT, 0))
    writer.diagnosis(Diagnosis(3, 0.0, (VANISHING,)))
    writer.diagnosis(Diagnosis(4, 0.0, (other, VANISHING)))
    writer.close()
    found, second = open_run(tmp_path).verdicts
    assert math.isnan(found.evidence["share"]) and found.cause == "nonfinite"
    assert second == VANISHING


def fill(writer: RunWriter) -> None:
    for step in range(100):
        writer.record(record(step))
        writer.flush()


class TestRefusal:
    def test_a_directory_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(LogdirError) as error:
            RunWriter(tmp_path / "file" / "run")
        assert "can't write to" in str(error.value)
        assert "Give a log directory on a disk with room that this user may write to" in str(
            error.value
        )

    def test_a_file_that_cannot_be_made(self, tmp_path, monkeypatch):
        monkeypatch.setattr("gradscope.run.writing._file_name", lambda _: "missing/file")
        with pytest.raises(LogdirError, match="can't write to"):
            RunWriter(tmp_path)

    def test_a_full_disk(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        writer.flush()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (writer.path.stat().st_size + 100, limits[1]))
        try:
            with pytest.raises(LogdirError, match=r"can't write to .*gradscope"):
                fill(writer)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        writer.close()

    def test_a_remote_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(LogdirError) as error:
            RunWriter("gs://bucket/run")
        assert "'gs://bucket/run' is no local directory" in str(error.value)
        assert "Give a local directory and copy it afterwards" in str(error.value)
        assert not list(tmp_path.iterdir())

    def test_a_closed_writer(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.close()
        writer.close()
        with pytest.raises(UsageError, match="is closed and takes nothing more"):
            writer.start(Start(LAYOUT, 0))
