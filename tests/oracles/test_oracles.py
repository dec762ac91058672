"""The oracles against numbers worked out by hand."""

import math

import ml_dtypes
import numpy as np
import pytest

from gradscope import catalog
from tests import oracles

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("statistic", catalog.STATISTICS, ids=lambda statistic: statistic.name)
def test_every_statistic_has_an_oracle(statistic: catalog.Statistic) -> None:
    assert callable(getattr(oracles, statistic.name))


class TestGradients:
    def test_a_3_4_5_triangle(self) -> None:
        g = [[3.0, 0.0], [-4.0, 0.0]]
        assert oracles.grad_norm(g) == 5
        assert oracles.grad_max_abs(g) == 4
        assert oracles.grad_zero_fraction(g) == 0.5
        assert oracles.nonfinite_count(g) == 0

    def test_no_gradient(self) -> None:
        assert math.isnan(oracles.grad_norm(None))
        assert math.isnan(oracles.grad_max_abs(None))
        assert math.isnan(oracles.grad_zero_fraction(None))
        assert oracles.nonfinite_count(None) == 0

    def test_nonfinite_elements(self) -> None:
        assert oracles.nonfinite_count([NAN, INF, -INF, 1.0]) == 3
        assert oracles.grad_norm([INF, 1.0]) == INF
        assert math.isnan(oracles.grad_max_abs([NAN, 1.0]))

    def test_no_elements(self) -> None:
        empty = np.zeros((0, 3))
        assert oracles.grad_norm(empty) == oracles.grad_max_abs(empty) == 0
        assert oracles.nonfinite_count(empty) == 0
        assert math.isnan(oracles.grad_zero_fraction(empty))

    def test_bfloat16(self) -> None:
        assert oracles.grad_norm(np.array([3, 4], ml_dtypes.bfloat16)) == 5

    def test_repeated_indices_are_summed_before_the_norm(self) -> None:
        dense = oracles.densified([[1.0, 2.0], [3.0, 0.0], [2.0, 2.0]], [2, 0, 2], (4, 2))
        assert dense.tolist() == [[3, 0], [0, 0], [3, 4], [0, 0]]
        assert oracles.grad_norm(dense) == pytest.approx(math.sqrt(34))


class TestUpdates:
    def test_norms_and_ratio(self) -> None:
        before, after = [0.0, 10.0], [3.0, 6.0]
        assert oracles.weight_norm(before) == 10
        assert oracles.update_norm(before, after) == 5
        assert oracles.update_ratio(before, after) == 0.5

    def test_ratio_of_weights_that_are_all_zero(self) -> None:
        assert oracles.update_ratio([0.0], [0.0]) == 0
        assert oracles.update_ratio([0.0], [1.0]) == INF
        assert math.isnan(oracles.update_ratio([0.0], [NAN]))


class TestUnits:
    def test_mean_and_rms(self) -> None:
        a = [[1.0, -7.0], [5.0, 5.0]]
        assert oracles.activation_mean(a) == 1
        assert oracles.activation_rms(a) == 5

    def test_a_unit_that_fires_once_in_the_window_is_alive(self) -> None:
        first, later = [[0.0, 0.0, 2.0]], [[0.0, 1.0, 0.0]]
        assert oracles.dead_fraction([first], "relu") == pytest.approx(2 / 3)
        assert oracles.dead_fraction([first, later], "relu") == pytest.approx(1 / 3)

    @pytest.mark.parametrize(
        ("kind", "silent", "firing"),
        [
            ("relu", 0.0, 1e-6),
            ("relu6", 0.0, 6.0),
            ("gelu", -0.1, 0.01),
            ("silu", -0.2, 0.01),
            ("elu", -0.995, -0.98),
            ("selu", -1.745, -1.73),
            ("softplus", 0.009, 0.011),
        ],
    )
    def test_when_a_rectifier_fires(self, kind: str, silent: float, firing: float) -> None:
        assert oracles.fired([[silent, firing]], kind).tolist() == [False, True]
        assert oracles.saturated_fraction([[silent, 1.0]], kind) == 0.5

    @pytest.mark.parametrize("kind", ["sigmoid", "hard_sigmoid", "softmax"])
    def test_saturated_outside_1_and_99_percent(self, kind: str) -> None:
        assert oracles.saturated_fraction([[0.005, 0.02], [0.5, 0.995]], kind) == 0.5

    @pytest.mark.parametrize("kind", ["tanh", "softsign"])
    def test_saturated_beyond_99_percent(self, kind: str) -> None:
        assert oracles.saturated_fraction([[-0.995, 0.98], [0.0, 0.995]], kind) == 0.5

    def test_relu6_also_saturates_at_its_ceiling(self) -> None:
        a = [[0.0, 6.0, 6.0], [0.0, 6.0, 3.0]]
        assert oracles.saturated_fraction(a, "relu6") == pytest.approx(2 / 3)
        assert oracles.dead_fraction([a], "relu6") == pytest.approx(1 / 3)

    def test_units_are_the_last_axis(self) -> None:
        a = np.zeros((2, 3, 3, 4))
        a[1, 2, 0, 3] = 1
        assert oracles.dead_fraction([a], "relu") == 0.75


class TestObjective:
    def test_loss_is_unscaled_and_summed(self) -> None:
        assert oracles.loss([np.float32(6), [1.0, 1.0]], scale=4) == 2

    def test_global_norm_leaves_out_what_no_gradient_reaches(self) -> None:
        assert oracles.global_grad_norm([[3.0], None, [[4.0]]]) == 5
        assert math.isnan(oracles.global_grad_norm([None]))

    def test_share_of_the_regularization(self) -> None:
        share = oracles.regularization_grad_share([[4.0, 0.0], [0.0]], [[1.0, 0.0], None])
        assert share == 0.25
        assert oracles.regularization_grad_share([[4.0]], [None]) == 0

    def test_a_third_of_the_variables_with_a_gradient_is_clipped(self) -> None:
        before = [[3.0, 4.0], [1.0], None, [0.0]]
        after = [[0.6, 0.8], [1.0], None, [0.0]]
        assert oracles.clip_fraction(before, after) == pytest.approx(1 / 3)

    def test_clipping_like_keras(self) -> None:
        def flat(**setting: float) -> list[list[float]]:
            clipped = oracles.clipped([[3.0, 4.0], [-12.0]], **setting)
            return [g.tolist() for g in clipped if g is not None]

        assert flat(clipnorm=1.0) == [[pytest.approx(0.6), pytest.approx(0.8)], [-1.0]]
        assert flat(global_clipnorm=6.5) == [[1.5, 2.0], [-6.0]]
        assert flat(clipvalue=3.5) == [[3.0, 3.5], [-3.5]]
        assert flat(clipnorm=0.0) == flat() == [[3.0, 4.0], [-12.0]]

    def test_learning_rate_and_loss_scale_without_an_optimizer(self) -> None:
        assert math.isnan(oracles.learning_rate(None))
        assert oracles.loss_scale(None) == 1


class TestData:
    def test_inputs_of_all_arguments_together(self) -> None:
        inputs = [[[1.0, 1.0]], [-3.0, 5.0]]
        assert oracles.input_mean(inputs) == 1
        assert oracles.input_std(inputs) == pytest.approx(math.sqrt(8))
        assert oracles.input_max_abs(inputs) == 5

    def test_entropy_of_a_half_and_two_quarters(self) -> None:
        half = 1.5 * math.log(2)
        assert oracles.label_entropy([0, 0, 7, 1], "classes") == pytest.approx(half)
        rows = np.eye(3)[[0, 0, 2, 1]]
        assert oracles.label_entropy(rows, "onehot") == pytest.approx(half)
        assert math.isnan(oracles.label_entropy([0.1, 0.2], "none"))
