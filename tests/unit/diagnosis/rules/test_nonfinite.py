import numpy as np
import pytest
from numpy.typing import ArrayLike

from gradscope.diagnosis.rules.nonfinite import MOST_SKIPS, find


def from_step(step: int, good: ArrayLike, bad: ArrayLike, steps: int = 100) -> np.ndarray:
    """float64[steps, L]: one row, and another one from a step on."""
    good, bad = np.broadcast_arrays(np.atleast_1d(good), np.atleast_1d(bad))
    return np.where(np.arange(steps)[:, None] < step, good, bad).astype(float)


LOSS = from_step(30, 1.0, np.nan)


def test_a_healthy_run_has_none(make_run):
    assert not find(make_run())


def test_the_first_layer_in_forward_order_is_named(make_run):
    means = from_step(30, 0.1, [0.1, 0.1, np.inf, np.nan, np.nan, np.nan])
    (finding,) = find(make_run(loss=LOSS, activation_mean=means))
    assert (finding.layer, finding.step) == ("net/dense_3", 30)
    assert (finding.severity, finding.confidence) == ("critical", 1.0)


def test_inputs_come_before_layers(make_run):
    (finding,) = find(
        make_run(
            loss=LOSS,
            activation_mean=from_step(30, 0.1, np.nan),
            input_max_abs=from_step(30, 1, np.nan),
        )
    )
    assert finding.layer == "net/dense_1"
    assert "input batch of step 30" in finding.summary


def test_weights_come_before_what_they_put_out(make_run):
    weights = from_step(30, 5.0, [5, np.nan, 5, 5, 5, 5])
    means = from_step(30, 0.1, [0.1, *[np.nan] * 5])
    (finding,) = find(make_run(loss=LOSS, weight_norm=weights, activation_mean=means))
    assert finding.layer == "net/dense_2/kernel"


def test_a_loss_alone_points_at_the_loss_function(make_run):
    (finding,) = find(make_run(loss=LOSS))
    assert finding.layer is None
    assert "loss function" in finding.summary


def test_a_gradient_is_named_where_the_way_back_meets_it_first(make_run):
    counts = from_step(30, 0, [4, 4, 4, 0, 0, 0])
    (finding,) = find(make_run(nonfinite_count=counts))
    assert (finding.layer, finding.step) == ("net/dense_3/kernel", 30)


def test_a_gradient_before_the_loss_is_where_it_began(make_run):
    counts = from_step(29, 0, [4, 4, 0, 0, 0, 0])
    (finding,) = find(make_run(loss=LOSS, nonfinite_count=counts, weight_norm=LOSS * 5))
    assert (finding.layer, finding.step) == ("net/dense_2/kernel", 29)


def test_an_update_alone_is_named(make_run):
    updates = from_step(30, 0.1, [0.1, np.nan, *[0.1] * 4])
    (finding,) = find(make_run(update_norm=updates))
    assert "update of net/dense_2/kernel" in finding.summary


def test_what_passes_is_a_warning(make_run):
    loss = np.ones((100, 1))
    loss[30] = np.nan
    (finding,) = find(make_run(loss=loss))
    assert finding.severity == "warning"
    assert finding.evidence["nonfinite_steps"] == 1


@pytest.fixture
def skipping(make_run):
    """A run under a loss scaler in which the updates of some steps are skipped."""

    def run(skipped, scale=32768.0):
        counts, updates = np.zeros((100, 6)), np.full((100, 6), 5e-3)
        counts[skipped], updates[skipped] = 7, 0.0
        norms = np.where(counts > 0, np.nan, 0.1)
        return make_run(
            nonfinite_count=counts, update_norm=updates, grad_norm=norms, loss_scale=scale
        )

    return run


def test_a_loss_scaler_that_skips_a_step_is_at_work(skipping):
    assert not find(skipping([0, 1, 2, 60]))


def test_without_a_loss_scale_a_skipped_step_is_none(skipping):
    assert find(skipping([60], scale=1.0))[0].severity == "warning"


def test_a_loss_scaler_that_skips_for_good_is_stuck(skipping):
    (finding,) = find(skipping(slice(100 - MOST_SKIPS - 1, None)))
    assert finding.severity == "critical"


def test_no_gradient_is_no_nan(make_run):
    norms = np.full((100, 6), 0.1)
    norms[:, 2] = np.nan
    assert not find(make_run(grad_norm=norms, activation_grad_norm=np.nan))


def test_a_mask_of_infinities_is_not_blamed(make_run):
    masked = [0.1, -np.inf, 0.1, 0.1, 0.1, 0.1]
    assert not find(make_run(activation_mean=masked))
    means = from_step(30, masked, [0.1, -np.inf, 0.1, np.nan, 0.1, 0.1])
    (finding,) = find(make_run(loss=LOSS, activation_mean=means))
    assert finding.layer == "net/dense_4"


def test_overflowing_norms_beside_a_finite_loss_are_no_finding(make_run):
    assert not find(make_run(weight_norm=np.inf, update_norm=np.inf, activation_rms=np.inf))
