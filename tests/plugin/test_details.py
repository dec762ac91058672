"""Details of layers watched closely: the route, and that TensorBoard's answer is the disk's."""

import base64
from pathlib import Path

import numpy as np
import pytest

from gradscope import detail
from gradscope.cli.main import main
from gradscope.cli.page import embedding
from gradscope.layout import Layout
from gradscope.records import Detail, Diagnosis, Record, Start, Watch
from gradscope.run import RunWriter, open_run
from tests.plugin import boards
from tests.plugin.test_same_as_on_disk import through_tensorboard
from tests.plugin.wsgi import Board

LAYER = "net/hidden_1"
KERNEL = f"{LAYER}/kernel"
UNITS = 40
CLOSE = Layout(
    {
        f"grad_histogram/{KERNEL}": detail.bin_names(),
        f"grad_histogram/{LAYER}/bias": detail.bin_names(),
        f"grad_unit_rms/{KERNEL}": tuple(map(str, range(UNITS))),
        f"unit_mean/{LAYER}": tuple(map(str, range(UNITS))),
        f"unit_saturated/{LAYER}": tuple(map(str, range(UNITS))),
    }
)
SINCE, UNTIL = 20, 50
LOOKS = range(SINCE, UNTIL, 5)


def looked(step: int) -> Detail:
    """Sizes that fall from 2^-20 on, some zeros, and units that saturate one after the other."""
    counts = np.zeros(len(detail.bin_names()), np.float32)
    middle = detail.bin_names().index("2^-20") - (step - SINCE) // 5
    counts[middle - 4 : middle + 5] = [1, 8, 60, 300, 900, 300, 60, 8, 1]
    counts[0] = step
    units = np.arange(UNITS, dtype=np.float32)
    rms = 1e-6 * 0.5 ** (units / 8)
    saturated = np.clip((step - units) / 40, 0, 1)
    values = [counts, counts[::-1], rms, np.sin(units + step), saturated]
    return Detail(step, 1e9 + step, np.concatenate(values).astype(np.float32), CLOSE)


def write(logdir: Path) -> None:
    """A run of 60 steps whose first layer was watched for a while."""
    writer = RunWriter(logdir)
    writer.start(Start(boards.DENSE, 0, {}))
    for step in range(boards.STEPS):
        values = boards.row(boards.DENSE, step, {"loss": 2.3})
        writer.record(Record(step, 1e9 + step, values, boards.DENSE))
        if step in (SINCE, UNTIL):
            writer.watch(Watch(step, 1e9 + step, (LAYER,) if step == SINCE else ()))
        if step in LOOKS:
            writer.detail(looked(step))
    writer.diagnosis(Diagnosis(boards.STEPS - 1, 1e9, (boards.VANISHING,)))
    writer.close()


@pytest.fixture(scope="module")
def logdir(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("details")
    write(root / "close")
    boards.single(root / "single")
    return root


@pytest.fixture(scope="module")
def board(logdir) -> Board:
    return Board(logdir)


def values_of(answer) -> np.ndarray:
    flat = np.frombuffer(base64.b64decode(answer["max"]), "<f4")
    return flat.reshape(answer["rows"], answer["columns"])


def test_a_run_says_which_layers_were_watched_and_what_there_is(board):
    told = board.ask("run", run="close/gradscope")["details"]
    assert told["watched"] == [{"layer": LAYER, "since": SINCE, "until": UNTIL}]
    assert [(one["kind"], one["path"]) for one in told["series"]] == [
        detail.parts_of(key) for key in CLOSE.columns
    ]
    first = told["series"][0]
    assert (first["per"], first["axis"], first["scale"]) == ("variable", "size", "log")
    assert "elements" in first["title"] and "2^k" in first["formula"]
    assert board.ask("run", run="single/gradscope")["details"] == {"watched": [], "series": []}


def test_a_series_of_details_is_answered_like_any_other(board):
    asked = {"run": "close/gradscope", "kind": "unit_saturated", "path": LAYER}
    answer = board.ask("detail", **asked)
    assert answer["names"] == list(map(str, range(UNITS)))
    assert answer["first"] == answer["last"] == list(LOOKS)
    want = np.stack([looked(step)[f"unit_saturated/{LAYER}"] for step in LOOKS], axis=1)
    np.testing.assert_array_equal(values_of(answer), want)
    assert (answer["lowest"], answer["highest"]) == (want.min(), want.max())
    zoomed = board.ask("detail", **asked, first=25, last=35, columns=2)
    assert (zoomed["first"], zoomed["last"]) == ([25, 35], [30, 35])
    np.testing.assert_array_equal(values_of(zoomed), np.stack([want[:, 2], want[:, 3]], axis=1))


def test_what_is_not_there_is_said(board):
    asked = {"run": "close/gradscope", "kind": "unit_mean"}
    assert "there is no 'unit_mean' of 'x'" in board.refused("detail", 404, **asked, path="x")
    assert board.refused("detail", 400, **asked).startswith("path: got nothing")
    assert "columns" in board.refused("detail", 400, **asked, path=LAYER, columns=0)


def test_tensorboard_and_disk_give_the_same(logdir):
    disk, told = open_run(logdir / "close").details, through_tensorboard(logdir / "close").details
    assert told.watched == disk.watched
    assert set(told.keys) == set(disk.keys)
    for kind, path in map(detail.parts_of, disk.keys):
        assert told.names(kind, path) == disk.names(kind, path)
        for one, other in zip(told.series(kind, path), disk.series(kind, path), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_report_says_who_was_watched(logdir, capsys):
    assert main(["report", str(logdir / "close")]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"Watched closely: {LAYER} (steps 20 to 50)." in text
    main(["report", str(logdir / "single")])
    assert "Watched" not in capsys.readouterr().out


def test_a_page_that_stands_alone_holds_details_where_there_is_room(logdir):
    run = open_run(logdir / "close")
    held = embedding.embed(run, "r", embedding.need(run))
    assert set(held.details) == set(run.details.keys) and held.left_out == ()
    want = run.details.series("unit_mean", LAYER)[1].T
    np.testing.assert_array_equal(values_of(held.details[f"unit_mean/{LAYER}"]), want)
    short = embedding.embed(run, "r", embedding.need(run) - 1)
    assert short.details == {} and short.left_out == ("closer look",)
    assert set(short.series) == set(run.statistics)
    assert short.answer["details"]["series"] == []
    assert short.answer["details"]["watched"]
