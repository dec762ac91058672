"""The routes of the tab, asked of TensorBoard's own application and Python loader."""

import base64
import json
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gradscope.layout import Layout
from gradscope.records import Diagnosis, Record, Remedy, Start, Validation, Verdict
from gradscope.run import RunWriter, open_run
from gradscope.tensorboard import assets, board_run, metadata
from tests.plugin.wsgi import Board, decoded
from tests.runs import LAYOUT, OVERHEAD, VANISHING, record, stacked, write_session

RUN = "digits/gradscope"
STEPS = range(0, 60, 2)
KERNEL = "net/first/kernel"


def array(text: str, rows: int, columns: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").reshape(rows, columns)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("logs")
    write_session(
        logdir / "digits",
        STEPS,
        info={"optimizer": {"name": "sgd"}},
        validations={10: 0.5, 20: np.nan},
        verdicts=(VANISHING,),
    )
    write_session(logdir / "again", range(5))
    return Board(logdir)


class TestRuns:
    def test_each_run_in_a_line(self, board):
        again, digits = board.ask("runs")["runs"]
        assert digits == {
            "run": RUN,
            "title": "digits",
            "last_step": 58,
            "wall_time": 1e9 + 58,
            "revision": digits["revision"],
            "severity": "critical",
            "cause": "vanishing-gradient",
            "verdicts": 1,
        }
        assert again["run"] == "again/gradscope" and again["last_step"] == 4
        assert again["severity"] is again["cause"] is None and again["verdicts"] == 0
        assert len(digits["revision"]) == 12 and digits["revision"] != again["revision"]

    def test_revisions_stay_while_nothing_changes(self, board):
        first = board.ask("runs")
        board.reload()
        assert board.ask("runs") == first

    def test_an_empty_log_directory_has_none(self, tmp_path):
        assert Board(tmp_path).ask("runs") == {"runs": [], "complaints": []}

    def test_a_log_directory_of_others_has_none(self, tmp_path):
        from tensorboard.summary import Writer

        writer = Writer(str(tmp_path / "train"))
        writer.add_scalar("loss", 1.0, 0)
        writer.close()
        board = Board(tmp_path)
        assert board.ask("runs") == {"runs": [], "complaints": []}
        assert "no run of gradscope" in board.refused("run", 404, run="train")

    def test_a_run_without_records(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        writer.close()
        board = Board(tmp_path)
        (entry,) = board.ask("runs")["runs"]
        assert entry["title"] == "." and entry["last_step"] is entry["wall_time"] is None
        answer = board.ask("run", run="gradscope")
        assert answer["steps"] == 0 and answer["first_step"] is None
        assert answer["headline"].startswith("no step was recorded yet")
        series = board.ask("series", run="gradscope", statistic="grad_norm", band=1)
        assert series["recorded"] == series["columns"] == 0 and series["rows"] == 3
        assert series["max"] == series["min"] == "" and series["lowest"] is None

    def test_a_growing_run_is_read_again(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        writer.record(record(0))
        writer.flush()
        board = Board(tmp_path)
        before = board.ask("runs")["runs"][0]
        assert board.ask("series", run="gradscope", statistic="loss")["last"] == [0]
        writer.record(record(1))
        writer.flush()
        board.reload()
        after = board.ask("runs")["runs"][0]
        assert before["revision"] != after["revision"] and after["last_step"] == 1
        answer = board.ask("series", run="gradscope", statistic="loss")
        assert answer["last"] == [0, 1] and answer["revision"] == after["revision"]
        writer.validation(Validation(1, 1e9, {"accuracy": 0.25}))
        writer.diagnosis(Diagnosis(1, 2e9, (VANISHING,)))
        writer.close()
        board.reload()
        judged = board.ask("runs")["runs"][0]
        assert judged["revision"] != after["revision"] and judged["verdicts"] == 1
        answer = board.ask("run", run="gradscope")
        assert answer["judged_at"] == 1
        assert answer["validation"] == {"accuracy": {"steps": [1], "values": [0.25]}}

    def test_a_run_that_is_gone_is_forgotten(self, tmp_path):
        write_session(tmp_path / "a", range(3))
        board = Board(tmp_path)
        board.ask("run", run="a/gradscope")
        board.multiplexer._accumulators.clear()
        assert board.ask("runs")["runs"] == []
        board.refused("run", 404, run="a/gradscope")


class TestRun:
    def test_all_but_the_numbers(self, board):
        answer = board.ask("run", run=RUN)
        assert (
            answer["title"] == "digits" and answer["headline"] == "not healthy. 30 recorded steps."
        )
        assert answer["healthy"] is False and answer["judged"] is True and answer["judged_at"] == 58
        assert (answer["steps"], answer["first_step"], answer["last_step"]) == (30, 0, 58)
        assert answer["wall_time"] == 1e9 + 58
        assert answer["info"] == {"optimizer": {"name": "sgd"}} and answer["notes"] == []
        assert answer["validation"] == {"loss": {"steps": [10, 20], "values": [0.5, None]}}
        assert answer["overhead"] is None, "the run doesn't say"
        entry = next(one for one in board.ask("runs")["runs"] if one["run"] == RUN)
        assert answer["revision"] == entry["revision"]

    def test_what_recording_cost(self, tmp_path):
        write_session(tmp_path, range(3), overhead=OVERHEAD)
        answer = Board(tmp_path).ask("run", run="gradscope")
        assert answer["overhead"] == OVERHEAD.to_dict()
        assert answer["overhead"]["sentence"].startswith("Recording cost 0.71 % of step time")

    def test_verdicts_say_where_to_look(self, board):
        (verdict,) = board.ask("run", run=RUN)["verdicts"]
        assert verdict["meaning"].startswith("the gradient is lost on its way back")
        assert (verdict["statistic"], verdict["name"]) == ("grad_norm", KERNEL)
        assert verdict["remedy"]["code"] == 'keras.layers.Dense(64, activation="relu")'
        (symptom,) = verdict["symptoms"]
        assert (symptom["statistic"], symptom["name"]) == ("update_ratio", None)
        assert symptom["symptoms"] == []

    def test_axes_and_statistics(self, board):
        answer = board.ask("run", run=RUN)
        assert answer["axes"] == {
            "variable": list(LAYOUT.names("grad_norm")),
            "layer": ["net/first", "net/last"],
            "step": ["step"],
        }
        by_name = {one["name"]: one for one in answer["statistics"]}
        assert list(by_name) == [
            *("grad_norm", "update_ratio", "nonfinite_count", "dead_fraction"),
            *("loss", "global_grad_norm", "learning_rate"),
        ]
        assert by_name["grad_norm"]["axis"] == "variable" and by_name["grad_norm"]["scale"] == "log"
        assert by_name["loss"]["axis"] == "step" and by_name["dead_fraction"]["scale"] == "share"
        assert "max" in by_name["nonfinite_count"]["formula"] or by_name["nonfinite_count"]["unit"]

    def test_statistics_whose_names_differ_have_axes_of_their_own(self, tmp_path):
        layout = Layout(
            {
                "activation_mean": ("a", "b"),
                "activation_rms": ("a", "b"),
                "dead_fraction": ("b",),
                "saturated_fraction": ("b",),
                "loss": ("loss",),
                "from_the_future": ("x",),
            }
        )
        write_session(tmp_path, range(3), layout=layout)
        answer = Board(tmp_path).ask("run", run="gradscope")
        axis = {one["name"]: one["axis"] for one in answer["statistics"]}
        assert axis == {
            "activation_mean": "layer",
            "activation_rms": "layer",
            "dead_fraction": "layer.dead_fraction",
            "saturated_fraction": "layer.dead_fraction",
            "loss": "step",
            "from_the_future": "layer.from_the_future",
        }
        assert answer["axes"]["layer.from_the_future"] == ["x"]
        assert answer["statistics"][-1]["per"] == "layer"

    def test_no_verdicts_yet_is_not_healthy(self, board):
        answer = board.ask("run", run="again/gradscope")
        assert answer["judged_at"] is None and answer["judged"] is False
        assert answer["headline"].startswith("not judged: no verdicts were written yet. 5 recorded")


class TestSeries:
    def test_every_statistic_as_recorded(self, board):
        run = open_run(board.logdir / "digits")
        for statistic in run.statistics:
            answer = board.ask("series", run=RUN, statistic=statistic)
            steps, values = run.series(statistic)
            assert answer["first"] == answer["last"] == steps.tolist()
            assert (answer["recorded"], answer["columns"]) == (30, 30)
            assert_array_equal(array(answer["max"], values.shape[1], 30), values.T)
            assert "min" not in answer and answer["run"] == RUN
            assert answer["statistic"] == statistic
            positive = values[values > 0]
            assert (answer["lowest"], answer["highest"]) == (positive.min(), positive.max())

    def test_binned_with_a_band(self, board):
        answer = board.ask("series", run=RUN, statistic="grad_norm", columns=3, band=1)
        assert answer["first"] == [0, 20, 40] and answer["last"] == [18, 38, 58]
        assert answer["recorded"] == 30 and answer["columns"] == 3
        values = stacked(STEPS, "grad_norm")
        assert_array_equal(array(answer["max"], 3, 3), values[9::10].T)
        assert_array_equal(array(answer["min"], 3, 3), values[::10].T)

    def test_zoomed_in_on_rows(self, board):
        whole = board.ask("series", run=RUN, statistic="grad_norm")
        answer = board.ask("series", run=RUN, statistic="grad_norm", first=5, last=10, rows="2,0")
        assert answer["first"] == [6, 8, 10] and answer["rows"] == 2
        assert_array_equal(
            array(answer["max"], 2, 3), stacked([6, 8, 10], "grad_norm")[:, [2, 0]].T
        )
        # colours keep their meaning
        assert (answer["lowest"], answer["highest"]) == (whole["lowest"], whole["highest"])

    @pytest.mark.parametrize("ends", [{"first": 59}, {"first": 10**17}, {"first": 9, "last": 9}])
    def test_a_range_without_steps_is_empty(self, board, ends):
        answer = board.ask("series", run=RUN, statistic="loss", **ends)
        assert answer["columns"] == answer["recorded"] == 0 and answer["first"] == []

    def test_a_range_beyond_the_end_ends_there(self, board):
        answer = board.ask("series", run=RUN, statistic="loss", first=57, last=10**17)
        assert answer["last"] == [58]

    def test_nan_and_infinities_survive(self, tmp_path):
        odd = [np.nan, np.inf, -np.inf, 0.0, 1e-45, 3e38, -1.0]
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        for step, value in enumerate(odd):
            writer.record(record(step, loss=value, grad_norm=value))
        writer.close()
        board = Board(tmp_path)
        answer = board.ask("series", run="gradscope", statistic="loss")
        wanted = np.array(odd, np.float32)
        wanted[2] = np.inf
        assert_array_equal(array(answer["max"], 1, 7)[0], wanted)
        assert (answer["lowest"], answer["highest"]) == (-1.0, np.float32(3e38))
        answer = board.ask("series", run="gradscope", statistic="grad_norm")
        assert answer["lowest"] == np.float32(1e-45)
        answer = board.ask("series", run="gradscope", statistic="loss", columns=1, band=1)
        assert np.isnan(array(answer["max"], 1, 1)) and array(answer["min"], 1, 1) == -1
        answer = board.ask("series", run="gradscope", statistic="loss", columns=1, first=1)
        assert array(answer["max"], 1, 1) == np.inf

    def test_one_spike_survives_any_width(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        for step in range(200):
            writer.record(record(step, loss=1e6 if step == 77 else 1.0))
        writer.close()
        board = Board(tmp_path)
        for columns in (1, 2, 7, 199, 200, 4096):
            answer = board.ask("series", run="gradscope", statistic="loss", columns=columns)
            found = array(answer["max"], 1, answer["columns"])[0]
            (column,) = np.flatnonzero(found == 1e6)
            assert answer["first"][column] <= 77 <= answer["last"][column]


class TestCompare:
    def test_it_compares(self, board):
        answer = board.ask("compare", a=RUN, b="again/gradscope")
        assert (answer["a"], answer["b"]) == (RUN, "again/gradscope")
        assert answer["verdicts"] == {"a": ["vanishing-gradient"], "b": []}
        assert answer["sentences"]

    def test_a_run_with_itself(self, board):
        assert board.ask("compare", a=RUN, b=RUN)["parting"] is None

    def test_it_says_which_run_is_unknown(self, board):
        assert board.refused("compare", 404, a="x", b=RUN).startswith("a: got 'x', which is no run")
        assert board.refused("compare", 404, a=RUN, b="y").startswith("b: got 'y', which is no run")
        assert board.refused("compare", 400, a=RUN).startswith("b: got nothing.")


class TestRefusals:
    @pytest.mark.parametrize("route", ["run", "series"])
    def test_unknown_runs(self, board, route):
        for name in ("digits", "", "../digits/gradscope", "digits/gradscope/", "x\0", "<script>"):
            message = board.refused(route, 404 if name else 400, run=name, statistic="loss")
            assert message.startswith("run: got ")

    def test_unknown_statistics(self, board):
        for name in (
            "nope",
            "run",
            "verdicts",
            "validation/loss",
            "../loss",
            "loss.0a1b2c3d",
            "<b>",
        ):
            message = board.refused("series", 404, run=RUN, statistic=name)
            assert f"doesn't record {name!r}. It records grad_norm" in message

    def test_unknown_rows(self, board):
        message = board.refused("series", 400, run=RUN, statistic="grad_norm", rows="0,3")
        assert message.startswith("rows: got 3. Expected indices from 0 to 2")

    def test_missing_parameters(self, board):
        assert board.refused("run", 400).startswith("run: got nothing. Expected a name")
        assert board.refused("series", 400, run=RUN).startswith("statistic: got nothing")

    @pytest.mark.parametrize(
        "query",
        [
            *("columns=0", "columns=4097", "columns=-1", "columns=1e3", "columns=", "columns=x"),
            *("first=-1", "last=9999999999999999999", "first=2&last=1", "first=1.5"),
            *("rows=", "rows=a", "rows=-1", "rows=1,,2", "rows=" + ",".join(["0"] * 65)),
            *("band=2", "band=yes", "columns=5&columns=6", "rows=1&rows=2", "run=x"),
            *("statistic=loss", "columns=%FF%FE", "columns=%00", "first=<script>alert(1)</script>"),
        ],
    )
    def test_malformed_parameters(self, board, query):
        response = board.get(f"series?run={urllib.parse.quote(RUN)}&statistic=grad_norm&{query}")
        assert response.status_code == 400
        message = decoded(response)["error"]
        assert message.split(":")[0].split(",")[0] in query and "Expected" in message

    def test_oversized_parameters(self, board):
        for name in ("run", "statistic", "rows", "first"):
            query = {"run": RUN, "statistic": "grad_norm", name: "9" * 50_000}
            assert len(board.refused("series", 400, **query)) < 300

    @pytest.mark.parametrize("route", ["runs", "run", "series", "compare", "static/index.js"])
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    def test_other_methods(self, board, route, method):
        response = board.get(route, method=method)
        assert response.status_code == 405 and response.headers["Allow"] == "GET, HEAD"
        assert decoded(response) == {"error": f"got {method}, expected GET."}

    def test_head_has_no_body(self, board):
        response = board.get(f"series?run={RUN}&statistic=loss", method="HEAD")
        assert response.status_code == 200 and response.get_data() == b""


class TestStatic:
    def test_every_file_of_the_tab(self, board):
        types = {".js": "text/javascript", ".css": "text/css"}
        found = 0
        for path in assets.DIRECTORY.rglob("*"):
            if path.suffix in types:
                response = board.get(f"static/{path.relative_to(assets.DIRECTORY).as_posix()}")
                assert response.status_code == 200 and response.data == path.read_bytes()
                assert response.content_type == f"{types[path.suffix]}; charset=utf-8"
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                found += 1
        assert found

    @pytest.mark.parametrize(
        "name",
        [
            *(".", "..", "../plugin.py", "../../../pyproject.toml", "/etc/passwd", "nope.js"),
            *("..%2fplugin.py", "%2e%2e/plugin.py", "..\\plugin.py", "x/../../plugin.py"),
            *("%2fetc%2fpasswd", "file:///etc/passwd", "plugin.py", "index.js%00", "index.js/"),
            *("vendor-uplot.LICENSE", "static/index.js", "./index.js", "//index.js"),
            *("<script>alert(1)</script>", "INDEX.JS", "~", "a" * 5000),
        ],
    )
    def test_nothing_else(self, board, name):
        response = board.get(f"static/{name}")
        assert response.status_code == 404
        assert "static: there is no file" in decoded(response)["error"]

    def test_its_first_module_is_served(self, board):
        module = board.plugin.frontend_metadata().es_module_path
        assert board.get(module.removeprefix("/")).status_code == 200


class TestSessions:
    def test_a_resumed_run(self, tmp_path):
        write_session(tmp_path, range(20), validations={4: 0.4, 14: 0.5}, verdicts=(VANISHING,))
        write_session(tmp_path, range(10, 15), info={"second": True})
        board = Board(tmp_path)
        answer = board.ask("run", run="gradscope")
        assert answer["steps"] == 15 and answer["last_step"] == 14
        # what came after the restart is gone with the steps
        assert answer["verdicts"] == [] and answer["judged_at"] is None
        assert answer["validation"]["loss"]["steps"] == [4]
        assert answer["info"] == {"second": True}
        assert board.ask("runs")["runs"][0]["last_step"] == 14

    def test_a_layout_that_changed(self, tmp_path):
        wide = Layout({**LAYOUT.columns, "grad_norm": ("new/kernel", KERNEL)})
        write_session(tmp_path, range(10))
        write_session(tmp_path, range(8, 12), layout=wide)
        board = Board(tmp_path)
        answer = board.ask("run", run="gradscope")
        assert answer["steps"] == 12 and answer["last_step"] == 11
        assert answer["axes"]["variable"] == ["new/kernel", KERNEL]
        series = board.ask("series", run="gradscope", statistic="grad_norm")
        run = open_run(tmp_path)
        assert series["last"] == run.steps.tolist()
        assert_array_equal(array(series["max"], 2, 12), run.series("grad_norm")[1].T)

    def test_a_crashed_run(self, tmp_path):
        path = write_session(tmp_path, range(10), verdicts=(VANISHING,))
        path.write_bytes(path.read_bytes()[:-700])
        board = Board(tmp_path)
        run = open_run(tmp_path)
        answer = board.ask("run", run="gradscope")
        assert 0 < answer["steps"] == len(run.steps) <= 10
        assert answer["verdicts"] == [] and answer["judged"] is False
        series = board.ask("series", run="gradscope", statistic="grad_norm")
        assert_array_equal(array(series["max"], 3, answer["steps"]), run.series("grad_norm")[1].T)

    def test_steps_that_go_back_without_a_restart(self, tmp_path):
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 0))
        for step in (0, 1, 2, 3, 2, 5):
            writer.record(record(step))
        writer.close()
        board = Board(tmp_path)
        assert board.ask("series", run="gradscope", statistic="loss")["last"] == [0, 1, 2, 5]
        assert board.ask("run", run="gradscope")["steps"] == 4


class TestDamage:
    def test_a_newer_schema_is_a_complaint(self, tmp_path, monkeypatch):
        write_session(tmp_path / "good", range(3))
        with monkeypatch.context() as patch:
            patch.setattr(metadata, "SCHEMA_VERSION", 2)
            write_session(tmp_path / "newer", range(3))
        board = Board(tmp_path)
        answer = board.ask("runs")
        assert [one["run"] for one in answer["runs"]] == ["good/gradscope"]
        (complaint,) = answer["complaints"]
        assert complaint["run"] == "newer/gradscope"
        assert complaint["error"].startswith("The run was written by a newer gradscope")
        for route in ("run", "series"):
            message = board.refused(route, 404, run="newer/gradscope", statistic="loss")
            assert message == complaint["error"]

    def test_a_newer_session_is_a_complaint_though_the_tags_are_older(self, tmp_path, monkeypatch):
        write_session(tmp_path, range(3))
        monkeypatch.setattr(metadata, "SCHEMA_VERSION", 2)
        write_session(tmp_path, range(3, 6))
        monkeypatch.undo()
        answer = Board(tmp_path).ask("runs")
        assert answer["runs"] == []
        assert answer["complaints"][0]["error"].startswith("The run was written by a newer")

    def test_a_damaged_start_is_read_from_the_tags(self, tmp_path, monkeypatch):
        monkeypatch.setattr(RunWriter, "_text", _nonsense)
        write_session(tmp_path, range(3), verdicts=(VANISHING,))
        board = Board(tmp_path)
        assert board.ask("runs")["runs"][0]["last_step"] == 2
        answer = board.ask("run", run="gradscope")
        assert answer["steps"] == 3 and answer["info"] == {} and answer["verdicts"] == []
        assert answer["axes"]["variable"] == list(LAYOUT.names("grad_norm"))
        assert answer["notes"] == [
            "'_gradscope_/run' of step 0 can't be read.",
            "The verdicts of step 2 can't be read.",
        ]
        series = board.ask("series", run="gradscope", statistic="grad_norm")
        assert_array_equal(array(series["max"], 3, 3), stacked(range(3), "grad_norm").T)

    def test_a_missing_start_is_read_from_the_tags(self, tmp_path, monkeypatch):
        monkeypatch.setattr(RunWriter, "_text", lambda *arguments: None)
        write_session(tmp_path, range(3))
        board = Board(tmp_path)
        assert board.ask("runs")["runs"][0]["last_step"] == 2
        assert board.ask("run", run="gradscope")["notes"] == ["The start of the run can't be read."]

    def test_damaged_descriptions_do_no_harm_beside_a_good_start(self, tmp_path, monkeypatch):
        monkeypatch.setattr(metadata.Content, "to_bytes", lambda content: b"\xff{nonsense")
        write_session(tmp_path, range(3))
        board = Board(tmp_path)
        assert board.ask("run", run="gradscope")["steps"] == 3

    @pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"null", b"[" * 100_000, b"1e999"])
    def test_texts_that_are_no_json_are_noted(self, tmp_path, monkeypatch, text):
        import gradscope.run.writing as writing

        class Broken:
            dumps = staticmethod(lambda data, allow_nan: Text())

        class Text:
            encode = staticmethod(lambda: text)

        monkeypatch.setattr(writing, "json", Broken)
        write_session(tmp_path, range(3), verdicts=(VANISHING,))
        monkeypatch.undo()
        answer = Board(tmp_path).ask("run", run="gradscope")
        assert answer["steps"] == 3 and len(answer["notes"]) == 2

    def test_nothing_readable_is_a_complaint(self, tmp_path, monkeypatch):
        monkeypatch.setattr(metadata.Content, "to_bytes", lambda content: b"nonsense")
        monkeypatch.setattr(RunWriter, "_text", _nonsense)
        write_session(tmp_path, range(3))
        board = Board(tmp_path)
        answer = board.ask("runs")
        assert answer["runs"] == []
        assert answer["complaints"][0]["error"].startswith("Nothing of the run can be read.")
        board.refused("run", 404, run="gradscope")

    @pytest.mark.parametrize(
        "field",
        [
            *({"severity": "<b>"}, {"layer": ["x"]}, {"step": "3"}, {"confidence": None}),
            *({"cause": 5}, {"summary": {}}, {"symptoms": 3}, {"evidence": []}, {"remedy": {}}),
        ],
    )
    def test_verdicts_of_other_types_are_left_out(self, tmp_path, monkeypatch, field):
        strange = {**VANISHING.to_dict(), **field}
        monkeypatch.setattr(Verdict, "to_dict", lambda verdict: strange)
        write_session(tmp_path, range(3), verdicts=(VANISHING,))
        monkeypatch.undo()
        answer = Board(tmp_path).ask("run", run="gradscope")
        assert answer["verdicts"] == []
        assert answer["notes"] == ["The verdicts of step 2 can't be read."]

    def test_values_that_do_not_fit_are_noted(self, tmp_path):
        write_session(tmp_path, range(3))
        other = Layout(dict.fromkeys(LAYOUT.columns, ("a",)))
        writer = RunWriter(tmp_path)
        writer.start(Start(LAYOUT, 3))
        narrow = record(3, other)
        # as a damaged file might: tags of the first layout with values of another
        writer._use(other)
        for value in writer._template.summary.value:
            value.tag = "_gradscope_/" + value.tag.split("/", 1)[1].split(".")[0]
        writer._layout = other
        writer.record(Record(3, 1e9 + 3, narrow.values, other))
        writer.close()
        board = Board(tmp_path)
        assert board.ask("series", run="gradscope", statistic="grad_norm")["last"] == [0, 1, 2]


def _nonsense(writer, tag, kind, data, step, wall_time, original=RunWriter._text):
    original(writer, tag, kind, ["nonsense"], step, wall_time)


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><!--",
    'it\'s & "quoted" \\ back',
    "line\nbreak\ttab\u2028\u2029",
    "日本語 ‮rtl 🙂",
    "__proto__",
    "../../etc/passwd",
)


def test_hostile_names_arrive_as_they_are(tmp_path):
    names = tuple(f"{name}/kernel" for name in HOSTILE)
    layout = Layout({"grad_norm": names, "loss": ("loss",)})
    evil = HOSTILE[0]
    verdict = Verdict(
        "vanishing-gradient", "critical", names[1], 1, 0.9, evil, {evil: 1.0}, (),
        Remedy(evil, evil, evil),
    )  # fmt: skip
    logdir = tmp_path / "it's <b>&\"日本語"
    write_session(logdir, range(3), layout=layout, info={evil: [evil]}, verdicts=(verdict,))
    board = Board(tmp_path)
    run = f"{logdir.name}/gradscope"
    assert board.ask("runs")["runs"][0]["run"] == run
    answer = board.ask("run", run=run)
    assert tuple(answer["axes"]["variable"]) == names
    found = answer["verdicts"][0]
    assert found["name"] == names[1] and found["summary"] == found["remedy"]["code"] == evil
    assert answer["info"] == {evil: [evil]} and found["evidence"] == {evil: 1.0}
    assert board.ask("series", run=run, statistic="grad_norm")["rows"] == len(names)
    assert evil in board.refused("series", 404, run=run, statistic=evil)


class Counting:
    """A data provider that counts what it is asked, and fails as a loader in full swing."""

    def __init__(self, provider, failures=0):
        self._provider, self._failures, self.asked = provider, failures, []

    def __getattr__(self, name):
        method = getattr(self._provider, name)

        def ask(*arguments, **named):
            self.asked.append(name)
            if self._failures:
                self._failures -= 1
                raise KeyError("not there yet")
            return method(*arguments, **named)

        return ask


class TestCost:
    def test_asking_for_all_runs_again_reads_nothing(self, tmp_path):
        for name in range(12):
            write_session(tmp_path / str(name), range(3), verdicts=())
        board = Board(tmp_path)
        first = board.ask("runs")
        counting = board.plugin._provider = Counting(board.provider)
        assert board.ask("runs") == first
        assert "read_tensors" not in counting.asked and len(counting.asked) <= 3

    def test_zooming_asks_nothing(self, board):
        board.ask("series", run=RUN, statistic="grad_norm")
        counting = board.plugin._provider = Counting(board.provider)
        try:
            for first in range(20):
                board.ask("series", run=RUN, statistic="grad_norm", first=first, columns=5)
            assert counting.asked == []
        finally:
            board.plugin._provider = board.provider

    def test_a_loader_that_is_about_to_make_a_tag_is_asked_again(self, tmp_path):
        write_session(tmp_path, range(3))
        board = Board(tmp_path)
        board.plugin._provider = Counting(board.provider, failures=3)
        assert len(board.ask("runs")["runs"]) == 1

    def test_arrays_are_not_compressed_and_texts_are(self, board):
        accepts = {"headers": {"Accept-Encoding": "gzip"}}
        assert board.get(f"run?run={RUN}", **accepts).headers["Content-Encoding"] == "gzip"
        series = board.get(f"series?run={RUN}&statistic=loss", **accepts)
        assert "Content-Encoding" not in series.headers
        assert decoded(series)["statistic"] == "loss"


class TestLimits:
    def test_all_steps_are_kept_without_a_flag(self, tmp_path):
        write_session(tmp_path, range(500))
        answer = Board(tmp_path).ask("series", run="gradscope", statistic="loss")
        assert answer["recorded"] == 500

    def test_the_users_own_limit_is_said(self, tmp_path):
        write_session(tmp_path, range(500))
        board = Board(tmp_path, samples={"gradscope": 50})
        assert board.ask("series", run="gradscope", statistic="loss")["recorded"] == 50
        (note,) = board.ask("run", run="gradscope")["notes"]
        assert "--samples_per_plugin=gradscope=50" in note

    def test_what_is_too_large_to_hand_over_is_thinned_out_and_said(self, tmp_path, monkeypatch):
        monkeypatch.setattr(board_run, "MOST_BYTES", 60 * 100)
        write_session(tmp_path, range(500))
        board = Board(tmp_path)
        # The Python loader has no limit.
        answer = board.ask("series", run="gradscope", statistic="grad_norm")
        assert answer["recorded"] == 500
        board = Board(tmp_path)
        board.plugin._provider = Counting(board.provider)
        answer = board.ask("series", run="gradscope", statistic="grad_norm")
        assert answer["recorded"] == 100 and answer["last"][-1] == 499
        notes = board.ask("run", run="gradscope")["notes"]
        assert notes[0].startswith("grad_norm: 3 rows at 500 steps are more than TensorBoard hands")
        assert "100 steps of it are shown" in notes[0]


def test_the_answers_are_those_of_the_run_on_disk(board):
    """What a report embeds is what the tab shows."""
    from gradscope.tensorboard import answers

    run = open_run(board.logdir / "digits")
    shown = board.ask("run", run=RUN)
    assert json.loads(answers.to_json(answers.run_answer(run, RUN, shown["revision"]))) == shown
    series = board.ask("series", run=RUN, statistic="grad_norm", columns=4, band=1, first=3)
    window = answers.Window(first=3, columns=4, band=True)
    made = answers.series_answer(run, "grad_norm", RUN, shown["revision"], window)
    assert json.loads(answers.to_json(made)) == series
    entry = next(one for one in board.ask("runs")["runs"] if one["run"] == RUN)
    assert answers.entry_of(run, RUN, shown["revision"]) == entry


def test_the_package_ships_the_tab():
    assert Path(assets.__file__).parent in assets.DIRECTORY.parents
