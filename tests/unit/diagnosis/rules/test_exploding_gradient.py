import numpy as np
import pytest

from gradscope.diagnosis.rules.exploding_gradient import find

STEPS = 200
TIME = np.arange(STEPS)[:, None]


def growth(decades: float, since: int = 50) -> np.ndarray:
    """float64[STEPS, 1]: factors that grow evenly, from 1 at `since` on."""
    return 10 ** (decades * np.maximum(0, TIME - since) / (STEPS - since))


def test_gradients_that_grow_with_the_loss_are_named(make_run):
    columns = np.where(np.arange(6) == 2, growth(8.0), growth(6.0)) * 0.1
    (finding,) = find(
        make_run(STEPS, loss=2.0 * growth(7.0), grad_norm=columns, global_grad_norm=growth(8.0))
    )
    assert finding.cause == "exploding-gradient"
    assert finding.severity == "critical"
    assert finding.layer == "net/dense_3/kernel"
    assert 50 < finding.step < 80
    assert finding.confidence > 0.99
    assert finding.evidence["growth_decades"] == pytest.approx(7.6, abs=0.3)
    assert finding.evidence["grad_norm_baseline"] == pytest.approx(1.0, rel=0.01)


def test_the_remedy_clips_at_the_norm_of_before_with_the_runs_own_optimizer(make_run):
    (finding,) = find(
        make_run(
            STEPS,
            loss=2.0 * growth(7.0),
            global_grad_norm=0.37 * growth(8.0),
            learning_rate=0.5,
            info={"optimizers": [{"class": "SGD"}]},
        )
    )
    line = "optimizer = keras.optimizers.SGD(learning_rate=0.05, global_clipnorm=0.37)"
    assert finding.remedy.code == line


def test_growing_gradients_of_a_falling_loss_are_healthy(make_run):
    assert not find(make_run(STEPS, grad_norm=0.1 * growth(3.0), global_grad_norm=growth(3.0)))


def test_a_growing_loss_with_steady_gradients_is_no_finding(make_run):
    assert not find(make_run(STEPS, loss=2.0 * growth(3.0)))


def test_swelling_weights_tell_where_the_loss_is_bounded(make_run):
    (finding,) = find(
        make_run(
            STEPS,
            loss=2.0 + 1.5 * (TIME > 50),
            global_grad_norm=growth(4.0),
            weight_norm=5 * growth(4.0),
        )
    )
    assert finding.confidence > 0.9


def test_a_spike_that_passes_is_no_finding(make_run):
    spike = np.where((TIME > 90) & (TIME < 100), 1e6, 1.0)
    assert not find(make_run(STEPS, loss=2.0 * spike, global_grad_norm=spike))


def test_a_first_layer_with_a_hundredfold_gradient_is_no_finding(make_run):
    assert not find(make_run(STEPS, loss=2.0, grad_norm=[10, 1, 0.5, 0.3, 0.2, 0.1]))


def test_a_run_up_of_a_few_steps_is_seen(make_run):
    rise = np.array([[1.0], [1e2], [1e5], [1e9], [np.nan], [np.nan]])
    (finding,) = find(make_run(6, loss=rise, global_grad_norm=rise, grad_norm=rise))
    assert finding.step == 1
    assert "no longer finite" in finding.summary
    assert finding.evidence["growth_decades"] == pytest.approx(9.0, abs=0.5)


def test_updates_larger_than_the_weights_are_absurd(make_run):
    (finding,) = find(make_run(30, loss=50.0, update_ratio=[1e4, 1e4, 1e6, 1e4, 1e4, 1e4]))
    assert finding.step == 0
    assert finding.layer == "net/dense_3/kernel"
    assert finding.evidence["update_ratio"] == pytest.approx(1e4, rel=0.01)


def test_weights_that_start_at_zero_may_move_far_at_first(make_run):
    ratio = np.full((40, 1), 1e-2)
    ratio[:3, 0] = np.inf, 50.0, 50.0
    weights = np.full((40, 1), 5.0)
    weights[0] = 0.0
    assert not find(make_run(40, loss=2.3, update_ratio=ratio, weight_norm=weights))


def test_large_updates_that_pay_are_healthy(make_run):
    assert not find(make_run(100, update_ratio=3.0))


def test_an_overflowing_norm_of_finite_gradients_is_large_not_broken(make_run):
    rise = np.array([[1.0], [1e6], [1e12], [1e18], [np.inf], [np.nan]])
    loss = np.array([[1.0], [1e5], [1e10], [1e15], [1e20], [np.nan]])
    (finding,) = find(make_run(6, loss=loss, global_grad_norm=rise))
    assert finding.evidence["grad_norm_end"] > 1e38


def one_update(ratio: float, steps: int = 60) -> np.ndarray:
    """Update ratios of 1e-3, but for the third step."""
    return np.where(np.arange(steps)[:, None] == 2, ratio, 1e-3)


def since_then(before: float, after: float, steps: int = 60) -> np.ndarray:
    return np.where(np.arange(steps)[:, None] <= 2, before, after)


@pytest.mark.parametrize(
    "trace",
    [
        {"grad_norm": since_then(0.1, 0.0)},
        {"grad_norm": since_then(0.1, 0.0), "global_grad_norm": since_then(0.1, 0.0)},
        {"weight_norm": since_then(5.0, 200.0)},
    ],
)
def test_one_absurd_update_is_enough_where_it_left_its_traces(make_run, trace):
    (finding,) = find(make_run(60, loss=2.3, update_ratio=one_update(20.0), **trace))
    assert finding.step == 2
    assert finding.confidence > 0.9
    assert "One update changes the weights by 20 times" in finding.summary
    assert not find(make_run(60, update_ratio=one_update(20.0), **trace)), "the loss falls"


def test_one_absurd_update_without_traces_is_no_finding(make_run):
    assert not find(make_run(60, loss=2.3, update_ratio=one_update(20.0)))


def test_gradients_that_are_zero_after_a_usual_update_are_no_explosion(make_run):
    run = make_run(60, loss=2.3, update_ratio=one_update(0.5), grad_norm=since_then(0.1, 0.0))
    assert not find(run)


def test_a_loss_that_falls_to_the_class_shares_has_gained_nothing(make_run):
    """An unscaled input starts far above what knowing nothing gives, and falls back to that."""
    run = make_run(
        60,
        loss=since_then(2000.0, 2.3),
        label_entropy=2.3,
        update_ratio=one_update(20.0),
        grad_norm=since_then(0.1, 0.0),
    )
    (finding,) = find(run)
    assert finding.step == 2


def test_a_kernel_that_never_had_a_gradient_was_not_killed(make_run):
    norms = [0.0, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert not find(make_run(60, loss=2.3, update_ratio=one_update(20.0), grad_norm=norms))


def test_of_a_loss_that_falls_without_bound_the_sign_is_questioned_alone(make_run):
    rise = growth(8.0)
    (finding,) = find(make_run(STEPS, loss=-2.0 * rise, global_grad_norm=rise, grad_norm=rise))
    assert "falls without bound" in finding.summary
    assert "check its sign" in finding.remedy.text
    assert finding.remedy.code == ""


def test_a_negative_loss_by_itself_is_healthy(make_run):
    """A log-likelihood of continuous data, whose gradient grows as it sharpens."""
    loss = 2.0 - 40 * TIME / STEPS
    assert not find(make_run(STEPS, loss=loss, global_grad_norm=growth(2.0)))
