import threading

import numpy as np
import pytest

from gradscope.diagnosis.history import HEAD, LEAST_ROWS, RECENT, History
from gradscope.layout import Layout
from gradscope.records import Record, Start, Validation

LAYOUT = Layout({"grad_norm": ("a", "b"), "nonfinite_count": ("a", "b"), "loss": ("loss",)})
ROW_BYTES = 4 * LAYOUT.slots + 9


def record(step, a=1.0, b=2.0, count=0.0, loss=0.5, layout=LAYOUT):
    return Record(step, 0.0, np.array([a, b, count, 0, loss], np.float32), layout)


@pytest.fixture
def small():
    """A history of at most 1,000 rows."""
    return History(1000 * ROW_BYTES)


def test_what_is_appended_is_read_back():
    history = History()
    history.begin(Start(LAYOUT, 0, {"versions": {"keras": "3"}}))
    history.append([record(0), record(5, a=3.0)])
    steps, values = history.series("grad_norm")
    assert history.statistics == ("grad_norm", "nonfinite_count", "loss")
    assert history.names("grad_norm") == ("a", "b")
    assert history.info == {"versions": {"keras": "3"}}
    assert steps.tolist() == [0, 5]
    assert values.tolist() == [[1, 2], [3, 2]]
    assert values.dtype == np.float32
    assert history.names("activation_rms") == ()


def test_it_never_holds_more_than_its_budget(small):
    for step in range(20_000):
        small.append([record(step)])
        assert small.rows <= small.most_rows == 1000
        assert small._rows.nbytes <= 1000 * ROW_BYTES


def test_the_first_and_the_last_rows_stay_whole_and_the_middle_thins_with_age(small):
    small.append([record(step) for step in range(20_000)])
    steps = small.series("loss")[0]
    assert steps[:HEAD].tolist() == list(range(HEAD))
    assert steps[-RECENT:].tolist() == list(range(20_000 - RECENT, 20_000))
    gaps = np.diff(steps[HEAD - 1 : -RECENT])
    assert gaps.min() >= 1
    assert gaps[:50].mean() > 4 * gaps[-50:].mean()


def test_the_rows_keep_their_values_when_thinned(small):
    small.append([record(step, a=step) for step in range(5000)])
    steps, values = small.series("grad_norm")
    assert np.array_equal(values[:, 0], steps)


@pytest.mark.parametrize("bad", [{"b": np.nan}, {"loss": np.inf}, {"count": 3.0}])
def test_the_first_row_that_is_not_finite_is_never_lost(small, bad):
    small.append([record(step) for step in range(333)])
    small.append([record(333, **bad)])
    small.append([record(step) for step in range(334, 20_000)])
    assert 333 in small.series("loss")[0]


def test_a_run_that_stays_nan_is_bounded_all_the_same(small):
    small.append([record(step, loss=np.nan) for step in range(20_000)])
    assert small.rows <= 1000


def test_a_tiny_budget_still_holds_enough_to_judge():
    history = History(1)
    history.append([record(step) for step in range(1000)])
    assert LEAST_ROWS // 2 <= history.rows <= LEAST_ROWS


def test_a_snapshot_does_not_move_with_the_run(small):
    small.append([record(step) for step in range(999)])
    view = small.snapshot()
    small.append([record(step) for step in range(999, 3000)])
    steps, values = view.series("loss")
    assert steps.tolist() == list(range(999))
    assert (values == 0.5).all()


def test_a_snapshot_cannot_be_written_to(small):
    small.append([record(0)])
    with pytest.raises(ValueError, match="read-only"):
        small.series("loss")[1][0] = 7


def test_a_new_layout_keeps_what_is_known_of_the_old():
    history = History()
    history.append([record(0), record(1)])
    wider = Layout({"grad_norm": ("b", "c"), "loss": ("loss",)})
    history.append([Record(2, 0.0, np.array([4, 5, 6], np.float32), wider)])
    steps, values = history.series("grad_norm")
    assert steps.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(values, [[2, np.nan], [2, np.nan], [4, 5]])


def test_validations_are_given_by_metric():
    history = History()
    history.validate(Validation(3, 0.0, {"loss": 0.5, "accuracy": 0.8}))
    history.validate(Validation(9, 0.0, {"loss": 0.4}))
    steps, values = history.validation["loss"]
    assert (steps.tolist(), values.tolist()) == ([3, 9], [0.5, 0.4])
    assert history.validation["accuracy"][0].tolist() == [3]


def test_one_reads_while_another_writes(small):
    failures = []
    done = threading.Event()

    def read():
        while not done.is_set():
            view = small.snapshot()
            if not view.statistics:
                continue
            steps, values = view.series("grad_norm")
            if not (np.diff(steps) > 0).all() or not np.array_equal(values[:, 0], steps):
                failures.append(steps)

    reader = threading.Thread(target=read)
    reader.start()
    for step in range(0, 20_000, 50):
        small.append([record(step + i, a=step + i) for i in range(50)])
    done.set()
    reader.join()
    assert not failures
