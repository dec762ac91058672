"""What counts as rounding, and what doesn't."""

import numpy as np
import pytest

from benchmarks.gpu import checks

RNG = np.random.default_rng(0)
WEIGHTS = {"kernel": RNG.normal(size=(20, 5)).astype("float32"), "bias": np.ones(5, "float32")}
COLUMNS = {"grad_norm": ("a", "b"), "dead_fraction": ("c",)}
SCALES = {"grad_norm": "log", "dead_fraction": "share"}


def moved(name: str, by: float) -> dict[str, np.ndarray]:
    return {n: v * (1 + by) if n == name else v.copy() for n, v in WEIGHTS.items()}


def test_equal_weights_are_nothing_apart():
    found = checks.weights(WEIGHTS, moved("bias", 0), [moved("kernel", 1e-5)])
    assert found.agree
    assert found.relative == 0


@pytest.mark.parametrize(("by", "agree"), [(3e-7, True), (1e-5, False)])
def test_without_nudged_runs_a_millionth_is_rounding(by, agree):
    found = checks.weights(WEIGHTS, moved("kernel", by), [])
    assert found.agree is agree
    assert found.variable == "kernel"
    assert found.relative == pytest.approx(by, rel=0.2)


def test_a_variable_that_rounding_moves_excuses_itself_alone():
    nudged = [moved("bias", 0.1), moved("bias", -0.2)]
    assert checks.weights(WEIGHTS, moved("bias", 0.7), nudged).agree
    assert not checks.weights(WEIGHTS, moved("bias", 0.9), nudged).agree
    assert not checks.weights(WEIGHTS, moved("kernel", 1e-4), nudged).agree


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_weights_never_agree_not_even_with_broken_nudged_runs(bad):
    broken = {**WEIGHTS, "kernel": np.full((20, 5), bad, "float32")}
    assert not checks.weights(WEIGHTS, broken, []).agree
    assert not checks.weights(WEIGHTS, broken, [broken]).agree
    assert not checks.weights(broken, broken, [broken]).agree


def test_a_missing_variable_or_another_shape_disagrees():
    assert not checks.weights(WEIGHTS, {"kernel": WEIGHTS["kernel"]}, []).agree
    assert not checks.weights(WEIGHTS, {**WEIGHTS, "bias": np.ones(4)}, []).agree


def tables(found: list[list[float]], expected: list[list[float]], nudged=()) -> checks.Statistics:
    return checks.statistics(
        np.array(found, "float32"),
        np.array(expected, "float32"),
        [np.array(table, "float32") for table in nudged],
        COLUMNS,
        SCALES,
    )


def test_equal_statistics_agree_also_where_both_are_nan():
    found = tables([[1, np.nan, 0]], [[1, np.nan, 0]])
    assert found == checks.Statistics(3, 0.0, 0, ())
    assert found.agree


@pytest.mark.parametrize(
    "row",
    [
        [1.0005, 2, 0],  # half a thousandth
        [1, 2, 0.0005],  # of a share
    ],
)
def test_small_differences_are_rounding(row):
    assert tables([row], [[1, 2, 0]]).stray == ()


@pytest.mark.parametrize(
    ("row", "statistic"),
    [
        ([1.01, 2, 0], "grad_norm"),
        ([1, np.nan, 0], "grad_norm"),
        ([1, np.inf, 0], "grad_norm"),
        ([1, 2, 0.01], "dead_fraction"),
    ],
)
def test_large_ones_are_named(row, statistic):
    (stray,) = tables([row], [[1, 2, 0]]).stray
    assert stray.statistic == statistic
    assert stray.name in COLUMNS[statistic]
    assert stray.step == 0


def of_layers(found: list[float], expected: list[float]) -> checks.Statistics:
    columns = {"activation_rms": ("x", "y")}
    return checks.statistics(np.array([found]), np.array([expected]), [], columns, {})


def test_a_vanishing_rms_is_measured_beside_the_others():
    assert of_layers([1, 3e-8], [1, 1e-9]).stray == ()
    assert len(of_layers([0, 3e-8], [0, 1e-9]).stray) == 1


@pytest.mark.parametrize(("norm", "left_out"), [(1e-8, True), (0.0, False), (1e-4, False)])
def test_a_variable_whose_gradient_is_rounding_alone_is_left_out(norm, left_out):
    columns = {"grad_norm": ("a", "b"), "update_norm": ("a", "b"), "loss": ("loss",)}
    expected = np.array([[1, norm, 5, 3e-3, 2]])
    found = np.array([[1, norm, 5, 4e-3, 2]])
    result = checks.statistics(found, expected, [], columns, {})
    assert result.undetermined == (2 if left_out else 0)
    assert result.values == 5 - result.undetermined
    assert [stray.name for stray in result.stray] == ([] if left_out else ["b"])


def test_what_nudged_runs_move_may_differ_by_as_much():
    nudged = [[[1.1, 2, 0]]]
    assert tables([[1, 2, 0]], [[1.3, 2, 0]], nudged).stray == ()
    assert len(tables([[1, 2, 0]], [[1.3, 2.3, 0]], nudged).stray) == 1


def test_one_stray_is_forgiven_and_two_in_a_hundred_are_not():
    columns = {"grad_norm": tuple(map(str, range(100)))}
    expected = np.ones((1, 100), "float32")
    for strays in (1, 2):
        found = expected.copy()
        found[0, :strays] = (2, 3)[:strays]
        result = checks.statistics(found, expected, [], columns, SCALES)
        assert len(result.stray) == strays
        assert result.agree is (strays == 1)
        assert result.stray[0].found == strays + 1  # the farthest first


def test_nothing_compared_is_no_agreement():
    assert not checks.statistics(np.zeros((0, 0)), np.zeros((0, 0)), [], {}, {}).agree
