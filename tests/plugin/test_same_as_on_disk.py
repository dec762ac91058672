"""A run read through TensorBoard is the run that `open_run` reads."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from tensorboard.context import RequestContext

from gradscope.errors import UsageError
from gradscope.layout import Layout
from gradscope.run import open_run
from gradscope.tensorboard.board_run import BoardRun
from gradscope.tensorboard.cache import Cache
from gradscope.tensorboard.listing import Listed, Listing
from gradscope.tensorboard.source import Source
from tests.plugin.wsgi import Board
from tests.runs import LAYOUT, OVERHEAD, VANISHING, write_session

LAYOUTS = (
    LAYOUT,
    Layout({**LAYOUT.columns, "grad_norm": ("new/kernel", "net/first/kernel")}),
    Layout({"loss": ("loss",), "class_loss": ("0", "1"), "grad_norm": ("new/kernel",)}),
)

SESSIONS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 8), st.sampled_from(LAYOUTS), st.booleans()),
    min_size=1,
    max_size=4,
)


def through_tensorboard(logdir: Path) -> BoardRun:
    source = Source(Board(logdir).provider, RequestContext(), "")
    listed = Listing().one(source, "gradscope")
    assert isinstance(listed, Listed)
    return BoardRun(listed, source, Cache(1 << 20))


def assert_same(logdir: Path) -> None:
    disk, board = open_run(logdir), through_tensorboard(logdir)
    assert board.statistics == disk.statistics
    assert_array_equal(board.steps, disk.steps)
    assert_array_equal(board.wall_times, disk.wall_times)
    for statistic in disk.statistics:
        assert board.names(statistic) == disk.names(statistic)
        steps, values = board.series(statistic)
        assert_array_equal(steps, disk.series(statistic)[0], statistic)
        assert_array_equal(values, disk.series(statistic)[1], statistic)
        assert not values.flags.writeable
    assert board.info == disk.info
    assert board.verdicts == disk.verdicts and board.judged_at == disk.judged_at
    assert board.overhead == disk.overhead
    assert list(board.validation) == list(disk.validation)
    for metric, (steps, values) in disk.validation.items():
        assert_array_equal(board.validation[metric][0], steps)
        assert_array_equal(board.validation[metric][1], values)


@settings(max_examples=20, deadline=None)
@given(SESSIONS)
def test_any_sessions(sessions):
    with tempfile.TemporaryDirectory() as directory:
        for first, length, layout, judged in sessions:
            steps = range(first, first + length)
            write_session(
                Path(directory),
                steps,
                layout=layout,
                info={"first": first},
                validations={steps[-1]: 0.5 + first},
                verdicts=(VANISHING,) if judged else None,
                overhead=replace(OVERHEAD, share=0.01 * length) if judged else None,
            )
        assert_same(Path(directory))


def test_a_crashed_run(tmp_path):
    path = write_session(tmp_path, range(30), verdicts=(VANISHING,))
    whole = path.read_bytes()
    for cut in range(1, 1500, 97):
        path.write_bytes(whole[:-cut])
        assert_same(tmp_path)


def test_an_unknown_statistic(tmp_path):
    write_session(tmp_path, range(3))
    with pytest.raises(UsageError, match="'gradscope' doesn't record 'nope'. It records grad_norm"):
        through_tensorboard(tmp_path).series("nope")
