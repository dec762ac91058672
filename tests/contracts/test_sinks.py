"""What every sink keeps to; a new sink is one line in SINKS."""

import inspect
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from gradscope.errors import GradscopeError
from gradscope.records import Cost, Diagnosis, Item, Overhead, Start, Validation
from gradscope.sinks.console import ConsoleSink
from gradscope.sinks.sink import Sink
from gradscope.sinks.tensorboard import TensorBoardSink
from tests.runs import LAYOUT, VANISHING, record

Output = Callable[[], bytes]

ITEMS: list[Item] = [
    Start(LAYOUT, 0, {"optimizer": "adam"}),
    *[record(step) for step in range(40)],
    Validation(39, 0.0, {"loss": 1.0}),
    Cost(39, 0.0, Overhead(0.007, 0.005, 0.009)),
    Diagnosis(39, 0.0, (VANISHING,)),
]


def console(_: Path) -> tuple[Sink, Output]:
    stream = io.StringIO()
    return ConsoleSink(stream), lambda: stream.getvalue().encode()


def tensorboard(logdir: Path) -> tuple[Sink, Output]:
    sink = TensorBoardSink(logdir)
    return sink, lambda: b"".join(p.read_bytes() for p in (logdir / "gradscope").iterdir())


SINKS = [console, tensorboard]


@pytest.fixture(params=SINKS, ids=lambda make: make.__name__)
def made(request, tmp_path):
    return request.param(tmp_path)


def test_every_sink_of_the_package_is_here():
    import gradscope.sinks

    directory = Path(gradscope.sinks.__file__).parent
    classes = {
        line.split()[1].partition("(")[0].rstrip(":")
        for path in directory.glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("class ") and "Sink" in line.split()[1]
    }
    assert classes == {"Sink", "ConsoleSink", "TensorBoardSink"}
    assert len(SINKS) == len(classes) - 1


@pytest.mark.parametrize("method", ["write", "flush", "close"])
def test_it_has_the_methods_of_the_protocol(made, method):
    sink, _ = made
    wanted = inspect.signature(getattr(Sink, method))
    assert inspect.signature(getattr(type(sink), method)) == wanted


def test_what_was_written_is_visible_after_flush(made):
    sink, output = made
    sink.write(ITEMS[:1])
    sink.flush()
    before = output()
    sink.write(ITEMS[1:])
    sink.flush()
    after = output()
    assert len(after) > len(before) and after.startswith(before)
    sink.close()


def test_close_alone_makes_all_visible(made):
    sink, output = made
    sink.write(ITEMS)
    sink.close()
    assert b"vanishing-gradient" in output()


def test_items_may_come_one_by_one(made):
    sink, output = made
    for item in ITEMS:
        sink.write([item])
    sink.close()
    assert b"vanishing-gradient" in output()


def test_an_empty_write_is_nothing(made):
    sink, output = made
    sink.write(ITEMS[:1])
    sink.flush()
    before = output()
    sink.write([])
    sink.flush()
    assert output() == before
    sink.close()


def test_a_run_that_never_began_can_be_closed(made):
    sink, _ = made
    sink.flush()
    sink.close()


def test_a_console_that_is_gone_stops_nothing():
    stream = io.StringIO()
    sink = ConsoleSink(stream)
    stream.close()
    sink.write(ITEMS)
    sink.close()


def test_a_file_that_is_closed_raises_plainly(tmp_path):
    sink = TensorBoardSink(tmp_path)
    sink.close()
    with pytest.raises(GradscopeError, match="is closed and takes nothing more"):
        sink.write(ITEMS)


def test_a_directory_that_cannot_be_made_raises_plainly(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GradscopeError, match="can't write to"):
        TensorBoardSink(tmp_path / "file")
