from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from gradscope.tensorboard.tracks import Track, merged, track


class Datum(NamedTuple):
    step: int
    wall_time: float
    numpy: np.ndarray


def data(steps, width=2, begin=0.0):
    """Values that tell the moment of their writing."""
    return [
        Datum(step, begin + moment, np.full(width, begin + moment, np.float32))
        for moment, step in enumerate(steps)
    ]


def made(steps, width, begin):
    return track(data(steps, width, begin), width)


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), max_size=25))
def test_the_later_write_wins(steps):
    found = track(data(steps), 2)
    kept = []
    for moment, step in enumerate(steps):
        kept = [entry for entry in kept if entry[0] < step] + [(step, moment)]
    assert found.steps.tolist() == [step for step, _ in kept]
    assert found.values.tolist() == [[moment, moment] for _, moment in kept]
    assert found.wall_times.tolist() == [moment for _, moment in kept]


def test_values_of_another_shape_or_type_are_left_out_and_counted():
    odd = [
        Datum(1, 0.0, np.zeros(3, np.float32)),
        Datum(2, 0.0, np.array(b"text", object)),
        Datum(3, 0.0, np.array([b"a", b"b"], object)),
        Datum(4, 0.0, np.zeros(2, np.float64)),
        Datum(5, 0.0, np.ones(2, np.float32)),
    ]
    found = track(odd, 2)
    assert found.steps.tolist() == [5] and found.misfits == 4


def test_nothing_is_an_empty_track():
    found = track([], 3)
    assert found.values.shape == (0, 3) and found.nbytes == 0
    assert merged([], ("a",)).values.shape == (0, 1)


def test_one_part_of_the_same_names_is_handed_on():
    part = made([0, 1], 2, 0.0)
    assert merged([(part, ("a", "b"))], ("a", "b")) is part
    assert merged([(part, ("a", "b"))], ("a", "b"), np.array([1])) is part


def test_names_are_matched_and_missing_ones_are_nan():
    old, new = made([0, 1], 2, 0.0), made([2, 3], 2, 10.0)
    found = merged([(new, ("b", "c")), (old, ("a", "b"))], ("b", "c"))
    assert found.steps.tolist() == [0, 1, 2, 3]
    nan = np.nan
    assert_array_equal(found.values, np.array([[0, nan], [1, nan], [10, 10], [11, 11]], np.float32))
    assert found.wall_times.tolist() == [0, 1, 10, 11]


def test_of_one_step_the_later_write_wins_over_all_parts():
    old, new = made([0, 1, 2], 1, 0.0), made([2, 3], 1, 10.0)
    for parts in ([(old, ("a",)), (new, ("b",))], [(new, ("b",)), (old, ("a",))]):
        found = merged(parts, ("a", "b"))
        assert found.steps.tolist() == [0, 1, 2, 3]
        nan = np.nan
        assert_array_equal(
            found.values, np.array([[0, nan], [1, nan], [nan, 10], [nan, 11]], np.float32)
        )


def test_steps_at_which_it_was_not_recorded_are_nan():
    part = made([1, 3], 1, 5.0)
    found = merged([(part, ("a",))], ("a",), np.array([0, 1, 2, 3]))
    assert_array_equal(found.values[:, 0], np.array([np.nan, 5, np.nan, 6], np.float32))
    assert np.isnan(found.wall_times[[0, 2]]).all()


def test_misfits_add_up():
    parts = [(Track(p.steps, p.wall_times, p.values, 2), ("a",)) for p in [made([1], 1, 0.0)] * 2]
    assert merged(parts, ("a",)).misfits == 4
