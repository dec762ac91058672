"""Initial values come back the same: as stored, or from their recipe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gpu import state

RNG = np.random.default_rng(0)
LARGE = RNG.normal(0.1, 0.03, (80, 70)).astype("float32")


def back(value: np.ndarray, exact: bool = False, name: str = "w") -> np.ndarray:
    stored: dict[str, np.ndarray] = {}
    recipe = state.recipe(name, value, stored, exact)
    return state.values(recipe, value.shape, value.dtype, stored)


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((500, 500), "float32"),
        np.array(3, "int64"),
        np.array([np.nan, 1], "float32"),
        np.zeros((0, 4), "float32"),
        np.array([True, False]),
        RNG.integers(0, 9, 100),
    ],
)
def test_constants_and_small_tensors_come_back_to_the_bit(value):
    again = back(value)
    assert again.dtype == value.dtype
    np.testing.assert_array_equal(again, value)


def test_a_constant_and_a_recipe_store_nothing():
    stored: dict[str, np.ndarray] = {}
    state.recipe("a", np.ones(10_000, "float32"), stored, False)
    state.recipe("b", LARGE, stored, False)
    assert not stored


def test_exact_stores_the_large_ones_and_equal_ones_once():
    stored: dict[str, np.ndarray] = {}
    first = state.recipe("a", LARGE, stored, True)
    second = state.recipe("b", LARGE.copy(), stored, True)
    assert first == second
    assert len(stored) == 1
    np.testing.assert_array_equal(back(LARGE, exact=True), LARGE)


def test_a_recipe_keeps_mean_and_deviation_and_nothing_else():
    drawn = back(LARGE)
    assert drawn.dtype == np.float32
    assert drawn.mean() == pytest.approx(LARGE.mean(), abs=0.002)
    assert drawn.std() == pytest.approx(LARGE.std(), rel=0.03)
    assert not np.array_equal(drawn, LARGE)


def test_equal_names_draw_equal_numbers_others_don_t():
    assert np.array_equal(back(LARGE), back(LARGE))
    assert not np.array_equal(back(LARGE), back(LARGE, name="other"))


@given(st.integers(-(2**40), 2**40), st.integers(1, 2**40))
def test_integers_stay_between_their_ends(low, spread):
    value = np.random.default_rng(1).integers(low, low + spread, 5000, endpoint=True)
    drawn = back(value)
    assert drawn.dtype == value.dtype
    assert value.min() <= drawn.min() <= drawn.max() <= value.max()


def test_both_ends_of_integers_are_drawn():
    drawn = back(np.random.default_rng(1).integers(0, 1, 5000, endpoint=True))
    assert set(drawn) == {0, 1}


def test_other_numbers_than_at_the_export_are_noticed():
    recipe = state.recipe("w", LARGE, {}, False)
    with pytest.raises(state.StateError, match="draws other numbers.*--state exact"):
        state.values({**recipe, "seed": recipe["seed"] + 1}, LARGE.shape, "float32", {})


def test_a_missing_stored_array_is_named():
    stored: dict[str, np.ndarray] = {}
    recipe = state.recipe("w", LARGE[0], stored, False)
    with pytest.raises(state.StateError, match=recipe["key"]):
        state.values(recipe, LARGE[0].shape, "float32", {})
    with pytest.raises(state.StateError, match="of shape"):
        state.values(recipe, (1, 2), "float32", stored)
