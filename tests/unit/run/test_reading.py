import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from gradscope.errors import RunError, UsageError
from gradscope.layout import Layout
from gradscope.records import Diagnosis, Start, Validation
from gradscope.run import RunWriter, open_run
from gradscope.run.framing import Frame, masked_crc32c, read_frames
from gradscope.tensorboard import metadata
from tests.runs import LAYOUT, OVERHEAD, VANISHING, record, stacked, write_session


def assert_steps(run, steps):
    assert run.steps.dtype == np.int64
    assert run.steps.tolist() == list(steps)
    for statistic in LAYOUT.columns:
        found, values = run.series(statistic)
        assert found.tolist() == list(steps)
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, stacked(steps, statistic))


def test_everything_written_is_read(tmp_path):
    write_session(
        tmp_path,
        range(5, 9),
        info={"optimizer": {"name": "adam"}},
        validations={6: 0.5, 8: 0.1},
        verdicts=(VANISHING,),
    )
    run = open_run(tmp_path)
    assert_steps(run, range(5, 9))
    assert run.logdir == str(tmp_path)
    assert run.layout == LAYOUT
    assert run.wall_times.tolist() == [1e9 + 5, 1e9 + 6, 1e9 + 7, 1e9 + 8]
    assert run.names("grad_norm") == LAYOUT.names("grad_norm")
    assert run.names("weight_norm") == ()
    assert run.info == {"optimizer": {"name": "adam"}}
    steps, figures = run.validation["loss"]
    assert (steps.tolist(), figures.tolist()) == ([6, 8], [0.5, 0.1])
    assert steps.dtype == np.int64 and figures.dtype == np.float64
    assert run.verdicts == (VANISHING,)
    assert run.notes == ()


def test_statistics_come_in_catalogue_order_and_unknown_ones_last(tmp_path):
    layout = Layout({"loss": ("loss",), "later": ("x",), "grad_norm": ("a", "b")})
    write_session(tmp_path, [0], layout=layout)
    run = open_run(tmp_path)
    assert run.statistics == ("grad_norm", "loss", "later")
    np.testing.assert_array_equal(run.series("later")[1], record(0, layout)["later"][None])


def test_a_run_shows_itself_in_one_line(tmp_path):
    write_session(tmp_path / "a", range(5, 9), verdicts=(VANISHING,))
    write_session(tmp_path / "b", [3], verdicts=())
    assert repr(open_run(tmp_path / "a")) == (
        f"<Run {str(tmp_path / 'a')!r}: 4 recorded steps, the last 8; {len(LAYOUT.columns)} "
        "statistics; verdicts: vanishing-gradient>"
    )
    assert "1 recorded step, the last 3; " in repr(open_run(tmp_path / "b"))


def test_a_statistic_that_is_not_recorded_is_named(tmp_path):
    write_session(tmp_path, [0])
    with pytest.raises(UsageError, match=r"doesn't record 'weight_norm'. It records grad_norm, "):
        open_run(tmp_path).series("weight_norm")


def test_series_are_read_only(tmp_path):
    write_session(tmp_path, [0, 1])
    steps, values = open_run(tmp_path).series("grad_norm")
    for array in (steps, values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_run_that_has_only_begun_is_empty(tmp_path):
    write_session(tmp_path, [], info={"a": 1})
    run = open_run(tmp_path)
    assert run.steps.shape == (0,)
    assert run.series("grad_norm")[1].shape == (0, 3)
    assert (run.verdicts, run.validation, run.notes, run.info) == ((), {}, (), {"a": 1})


def test_a_file_to_which_nothing_was_flushed_is_an_empty_run(tmp_path):
    path = write_session(tmp_path, [0])
    path.write_bytes(b"")
    run = open_run(tmp_path)
    assert run.statistics == () and run.steps.shape == (0,)


def test_a_statistic_without_layers_is_empty(tmp_path):
    layout = Layout({"grad_norm": ("a",), "dead_fraction": ()})
    write_session(tmp_path, [0, 1], layout=layout)
    assert open_run(tmp_path).series("dead_fraction")[1].shape == (2, 0)


class TestSessions:
    def test_a_resumed_session_goes_on(self, tmp_path):
        write_session(tmp_path, range(4), info={"session": 1}, validations={3: 0.3})
        write_session(tmp_path, range(4, 6), info={"session": 2}, validations={5: 0.5})
        run = open_run(tmp_path)
        assert_steps(run, range(6))
        assert run.info == {"session": 2}
        assert run.validation["loss"][0].tolist() == [3, 5]

    def test_the_later_session_wins_from_its_start_on(self, tmp_path):
        write_session(tmp_path, range(10), validations={2: 0.2, 7: 0.7}, verdicts=(VANISHING,))
        write_session(tmp_path, [5, 8])
        run = open_run(tmp_path)
        assert_steps(run, [0, 1, 2, 3, 4, 5, 8])
        assert run.validation["loss"][0].tolist() == [2]
        assert run.verdicts == ()

    def test_a_session_without_records_yet_replaces_all_the_same(self, tmp_path):
        write_session(tmp_path, range(4))
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 2))
        writer.close()
        assert_steps(open_run(tmp_path), [0, 1])

    def test_steps_that_go_back_within_a_session_replace_too(self, tmp_path):
        write_session(tmp_path, [0, 1, 2, 3, 2, 4])
        assert_steps(open_run(tmp_path), [0, 1, 2, 4])

    def test_a_clock_that_went_back_does_not_change_the_order(self, tmp_path, monkeypatch):
        write_session(tmp_path, range(4))
        monkeypatch.setattr("gradscope.run.writing.time.time", lambda: 5.0)
        write_session(tmp_path, [2])
        assert_steps(open_run(tmp_path), [0, 1, 2])

    def test_many_sessions_of_one_second_keep_their_order(self, tmp_path, monkeypatch):
        monkeypatch.setattr("gradscope.run.writing.time.time", lambda: 5.0)
        for step in range(12):
            write_session(tmp_path, [step, step + 1, step + 2])
        assert_steps(open_run(tmp_path), range(14))

    def test_a_changed_layout_is_matched_by_name(self, tmp_path):
        before = Layout({"grad_norm": ("a", "b", "c"), "loss": ("loss",)})
        after = Layout({"grad_norm": ("c", "new", "a"), "learning_rate": ("learning_rate",)})
        write_session(tmp_path, [0, 1], layout=before)
        write_session(tmp_path, [2], layout=after)
        run = open_run(tmp_path)
        assert run.layout == after
        old, new = stacked([0, 1], "grad_norm", before), stacked([2], "grad_norm", after)
        expected = [[old[0, 2], np.nan, old[0, 0]], [old[1, 2], np.nan, old[1, 0]], new[0]]
        np.testing.assert_array_equal(run.series("grad_norm")[1], np.array(expected))
        rate = run.series("learning_rate")[1][:, 0]
        assert np.isnan(rate[:2]).all() and rate[2] == stacked([2], "learning_rate", after)[0, 0]

    def test_the_first_layout_keeps_its_plain_tags_when_it_comes_back(self, tmp_path):
        other = Layout({"grad_norm": ("x",), "loss": ("loss",)})
        write_session(tmp_path, [0])
        write_session(tmp_path, [1], layout=other)
        path = write_session(tmp_path, [2])
        assert b"_gradscope_/loss." not in path.read_bytes()
        run = open_run(tmp_path)
        assert run.layout == LAYOUT
        np.testing.assert_array_equal(run.series("loss")[1][[0, 2]], stacked([0, 2], "loss"))


class TestDamage:
    def test_a_truncated_end_costs_one_record_and_is_noted(self, tmp_path):
        path = write_session(tmp_path, range(4))
        path.write_bytes(path.read_bytes()[:-5])
        run = open_run(tmp_path)
        assert_steps(run, range(3))
        (note,) = run.notes
        assert "the last record is incomplete" in note
        assert "the run is still being written or was cut off" in note

    def test_garbage_in_the_middle_is_passed_and_noted(self, tmp_path):
        path = write_session(tmp_path, range(4))
        data = path.read_bytes()
        where = data.index(b"_gradscope_/grad_norm", len(data) // 2)
        path.write_bytes(data[:where] + b"garbage" * 50 + data[where + 350 :])
        run = open_run(tmp_path)
        assert 0 < len(run.steps) < 4
        assert_steps(run, run.steps.tolist())
        assert any("are damaged and left out" in note or "damaged record" in note
                   for note in run.notes)  # fmt: skip

    def test_a_record_that_is_no_event_is_left_out(self, tmp_path):
        path = write_session(tmp_path, [0])
        with path.open("ab") as stream:
            payload = b"\xff" * 9
            length = len(payload).to_bytes(8, "little")
            for data in (length, payload):
                stream.write(data + masked_crc32c(data).to_bytes(4, "little"))
        run = open_run(tmp_path)
        assert_steps(run, [0])
        assert run.notes == (f"{path.name}: left out a damaged record.",)

    def test_a_damaged_step_does_not_cost_the_good_records_before_it(self, tmp_path):
        path = write_session(tmp_path, [100, 101, 102])
        data = bytearray(path.read_bytes())
        # Field 2 of an Event is its step; the last record's becomes 1.
        at = data.rindex(bytes([0x10, 102]))
        data[at + 1] = 1
        path.write_bytes(data)
        run = open_run(tmp_path)
        assert_steps(run, [100, 101])
        assert run.notes == (f"{path.name}: left out a damaged record.",)

    def test_a_lost_start_is_made_up_from_the_tags(self, tmp_path):
        path = write_session(tmp_path, range(3))
        with path.open("rb") as stream:
            start_frame = list(read_frames(stream))[2]
        assert isinstance(start_frame, Frame)
        data = path.read_bytes()
        start = data.index(start_frame.payload)
        path.write_bytes(data[: start - 12] + data[start + len(start_frame.payload) + 4 :])
        run = open_run(tmp_path)
        assert_steps(run, range(3))
        assert run.info == {}

    def test_nothing_but_garbage_is_an_error(self, tmp_path):
        path = write_session(tmp_path, [0])
        path.write_bytes(b"\x07" * 3000)
        with pytest.raises(RunError, match=r"nothing in .* can be read.*3000 bytes at offset 0"):
            open_run(tmp_path)

    def test_unreadable_verdicts_are_noted(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        writer.record(record(0))
        writer.diagnosis(Diagnosis(0, 0.0, (VANISHING,)))
        writer.close()
        data = bytearray(writer.path.read_bytes())
        at = data.index(b'"cause": "vanishing')
        data[at : at + 8] = b'"xause":'
        writer.path.write_bytes(data)
        run = open_run(tmp_path)
        assert_steps(run, [0])
        assert run.verdicts == ()
        assert run.notes == (
            f"{writer.path.name}: '_gradscope_/verdicts' of step 0 can't be read.",
        )

    def test_values_of_the_wrong_width_become_nan(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        writer.record(record(0))
        writer._template.summary.value[0].tensor.tensor_content = b"1234"
        writer._put(writer._template.__class__.FromString(_with_step(writer._template, 1)))
        writer.close()
        run = open_run(tmp_path)
        values = run.series("grad_norm")[1]
        np.testing.assert_array_equal(values[0], record(0)["grad_norm"])
        assert np.isnan(values[1]).all()
        assert run.notes == ("Some values don't fit the run's layout and are shown as NaN.",)

    @pytest.mark.parametrize("seed", range(20))
    def test_random_damage_never_shows_as_another_error(self, tmp_path, seed):
        path = write_session(tmp_path, range(6), validations={3: 0.3}, verdicts=(VANISHING,))
        data = bytearray(path.read_bytes())
        random = np.random.default_rng(seed)
        for _ in range(12):
            data[random.integers(len(data))] = random.integers(256)
        path.write_bytes(data)
        try:
            run = open_run(tmp_path)
        except RunError:
            return
        for statistic in run.statistics:
            steps, values = run.series(statistic)
            assert values.shape == (len(steps), len(run.names(statistic)))


def _with_step(event, step):
    event.step = step
    return event.SerializeToString()


class TestVersions:
    def test_a_newer_schema_is_refused_by_name(self, tmp_path, monkeypatch):
        monkeypatch.setattr(metadata, "SCHEMA_VERSION", 2)
        write_session(tmp_path, [0])
        monkeypatch.undo()
        with pytest.raises(RunError) as error:
            open_run(tmp_path)
        assert str(error.value).startswith(f"open_run: {str(tmp_path)!r}: The run was written")
        assert "written by a newer gradscope (schema version 2; this one reads up to 1)" in str(
            error.value
        )
        assert "pip install --upgrade gradscope" in str(error.value)

    @pytest.mark.parametrize("version", [None, 0, -1, True, "1"])
    def test_what_is_no_version_is_refused(self, version):
        with pytest.raises(ValueError, match="expected a schema version"):
            metadata.check_version(version)

    def test_content_survives_its_bytes(self):
        content = metadata.statistic_content("grad_norm", ("a", "b"))
        assert metadata.Content.from_bytes(content.to_bytes()) == content
        assert json.loads(content.to_bytes()) == {
            "version": 1,
            "kind": "layers",
            "names": ["a", "b"],
            "statistic": "grad_norm",
            "scale": "log",
            "unit": "loss per unit of weight",
        }


def test_what_recording_cost_is_read_as_it_was_written_last(tmp_path):
    write_session(tmp_path, range(10), overhead=OVERHEAD)
    assert open_run(tmp_path).overhead == OVERHEAD
    write_session(tmp_path, range(10, 20))
    assert open_run(tmp_path).overhead == OVERHEAD
    write_session(tmp_path, range(20, 30), overhead=replace(OVERHEAD, share=0.5))
    assert open_run(tmp_path).overhead == replace(OVERHEAD, share=0.5)
    write_session(tmp_path, range(5, 12))  # what the run cost is of the steps that were replaced
    run = open_run(tmp_path)
    assert run.overhead is None and run.notes == ()


def test_a_damaged_cost_is_left_out_and_said(tmp_path):
    path = write_session(tmp_path, range(3), overhead=OVERHEAD)
    content = path.read_bytes()
    assert content.count(b'"low": 0.005') == 1
    path.write_bytes(content.replace(b'"low": 0.005', b'"low": "abc"'))
    run = open_run(tmp_path)
    assert run.overhead is None and len(run.steps) == 3
    assert run.notes == (f"{path.name}: '_gradscope_/overhead' of step 2 can't be read.",)


def test_validation_of_one_step_counts_as_last_given(tmp_path):
    writer = RunWriter(tmp_path)
    writer.start(Start(LAYOUT, 0))
    writer.validation(Validation(3, 0.0, {"loss": 1.0, "top/5": float("nan")}))
    writer.validation(Validation(3, 0.0, {"loss": 2.0}))
    writer.close()
    run = open_run(tmp_path)
    assert run.validation["loss"][1].tolist() == [2.0]
    assert np.isnan(run.validation["top/5"][1]).all()


def test_reading_does_not_import_tensorflow(tmp_path):
    write_session(tmp_path, range(3), validations={1: 0.5}, verdicts=(VANISHING,))
    code = (
        "import sys\n"
        "from gradscope.run import open_run\n"
        f"run = open_run({str(tmp_path)!r})\n"
        "print(sum(run.series(name)[1].size for name in run.statistics), run.verdicts[0].cause)\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines() == [f"{3 * LAYOUT.slots} vanishing-gradient", "[]"]


@pytest.mark.parametrize(
    ("good", "damaged"),
    [
        (b'"severity": "critical"', b'"severity": "critibal"'),
        (b'"step": 3', b'"step":""'),
        (b'"confidence": 0.99', b'"confidence": "99"'),
        (b'"confidence": 0.99', b'"confidence":  NaN'),
        (b'"layer": "net/first/kernel"', b'"layer":                 55'),
    ],
)
def test_a_damaged_verdict_is_left_out_and_said(tmp_path, good, damaged):
    """Payload checksums are not verified on reading, so anything that is JSON comes this far."""
    path = write_session(tmp_path, range(3), verdicts=(VANISHING,))
    content = path.read_bytes()
    assert content.count(good) == 1 and len(good) == len(damaged)
    path.write_bytes(content.replace(good, damaged))
    run = open_run(tmp_path)
    assert run.verdicts == () and run.judged_at is None
    assert run.notes == (f"{path.name}: '_gradscope_/verdicts' of step 2 can't be read.",)
