import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradscope.tensorboard.binning import Columns, columns, extent, largest, smallest

STEPS = st.lists(st.integers(0, 10_000), max_size=60, unique=True).map(
    lambda found: np.array(sorted(found), np.int64)
)
ANY = st.sampled_from([0.0, 1.0, 2.5, -3.0, 1e-30, 1e30, np.inf, -np.inf, np.nan])


@st.composite
def tables(draw):
    """(steps int64[S], values float32[S, L])."""
    steps = draw(STEPS)
    width = draw(st.integers(1, 4))
    return steps, draw(hnp.arrays(np.float32, (len(steps), width), elements=ANY.map(np.float32)))


def groups(where: Columns):
    """The places in each column, one list a column."""
    ends = [*where.starts[1:], where.end]
    return [list(range(start, end)) for start, end in zip(where.starts, ends, strict=False)]


@settings(deadline=None)
@given(STEPS, st.integers(1, 50), st.integers(0, 10_000), st.integers(0, 10_000))
def test_columns_hold_each_step_of_the_range_once(steps, most, first, last):
    where = columns(steps, first, last, most)
    inside = [place for place, step in enumerate(steps) if first <= step <= last]
    assert [place for group in groups(where) for place in group] == inside
    assert all(groups(where)) and len(where.starts) <= most
    assert len(where.starts) == len(inside) or len(inside) > most


@settings(deadline=None)
@given(STEPS, st.integers(1, 50))
def test_columns_are_equally_wide_in_steps(steps, most):
    where = columns(steps, None, None, most)
    if len(steps) > most:
        width = (steps[-1] - steps[0] + 1) / most
        for group in groups(where):
            column = {int((steps[place] - steps[0]) / width) for place in group}
            assert len(column) == 1 or steps[group[-1]] - steps[group[0]] < width + 1


def test_no_steps_no_columns():
    nothing = np.array([], np.int64)
    for where in (columns(nothing, None, None, 5), columns(np.arange(9), 100, 200, 5)):
        assert len(where.starts) == 0
        assert largest(np.zeros((9, 3), np.float32), where).shape == (3, 0)
        assert smallest(np.zeros((9, 3), np.float32), where).shape == (3, 0)


def test_steps_beyond_float_precision_stay_in_order():
    steps = np.array([2**62, 2**62 + 1, 2**62 + 2, 2**62 + 1000], np.int64)
    assert columns(steps, None, None, 2).starts.tolist() == [0, 3]


@settings(deadline=None)
@given(tables(), st.integers(1, 20))
def test_largest_is_nan_then_infinite_then_largest(table, most):
    steps, values = table
    where = columns(steps, None, None, most)
    found = largest(values, where)
    assert found.dtype == np.float32 and found.shape == (values.shape[1], len(where.starts))
    for column, group in enumerate(groups(where)):
        for row in range(values.shape[1]):
            cell = [float(value) for value in values[group, row]]
            if any(np.isnan(cell)):
                assert np.isnan(found[row, column])
            elif any(np.isinf(cell)):
                assert found[row, column] == np.inf
            else:
                assert found[row, column] == max(cell)


@settings(deadline=None)
@given(tables(), st.integers(1, 20))
def test_smallest_is_the_smallest_finite_one(table, most):
    steps, values = table
    where = columns(steps, None, None, most)
    found = smallest(values, where)
    for column, group in enumerate(groups(where)):
        for row in range(values.shape[1]):
            finite = [float(value) for value in values[group, row] if np.isfinite(value)]
            if finite:
                assert found[row, column] == min(finite)
            else:
                assert np.isnan(found[row, column])


@settings(deadline=None)
@given(tables(), st.booleans())
def test_extent_is_that_of_the_finite_values(table, positive):
    _, values = table
    wanted = [float(v) for v in values.ravel() if np.isfinite(v) and (v > 0 or not positive)]
    assert extent(values, positive) == ((min(wanted), max(wanted)) if wanted else (None, None))


@pytest.mark.parametrize("function", [largest, smallest])
def test_what_is_binned_is_left_as_it_was(function):
    values = np.array([[-np.inf], [1.0], [np.nan]], np.float32)
    values.flags.writeable = False
    for most in (1, 2, 3):
        function(values, columns(np.arange(3), None, None, most))
