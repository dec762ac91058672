from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.poor_initialization import find

KERNELS = tuple(f"net/dense_{i}/kernel" for i in range(1, 7))
USUAL = 100**-0.5


def info(
    *stds: float, mean: float = 0.0, activation: str = "relu", shape: tuple[int, int] = (100, 100)
) -> dict[str, Any]:
    """Facts of six kernels of 100 × 100; the last of the given deviations is that of the rest."""
    deviations = [*stds, *[stds[-1]] * 6][:6]
    return {
        "variables": {
            name: {
                "shape": list(shape),
                "initial": {"mean": mean, "std": std, "max_abs": abs(mean) + 3 * std},
            }
            for name, std in zip(KERNELS, deviations, strict=True)
        },
        "layers": {
            name.rsplit("/", 1)[0]: {"class": "Dense", "activation": activation, "units": 100}
            for name in KERNELS
        },
    }


@pytest.fixture
def stalled(make_run):
    noise = np.random.default_rng(5).normal(0.0, 0.02, size=(100, 1))

    def run(steps=100, **values):
        sizes = {"input_mean": 0.0, "input_std": 1.0}
        return make_run(steps, **{"loss": 2.3 + noise[:steps], **sizes, **values})

    return run


GROWING = np.logspace(0.5, 3, 6)
SHRINKING = np.logspace(-0.5, -4, 6)


def test_weights_that_are_too_large_are_named_with_the_signal(stalled):
    run = stalled(info=info(USUAL, 30 * USUAL, 20 * USUAL), activation_rms=GROWING)
    (finding,) = find(run)
    assert finding.cause == "poor-initialization"
    assert finding.severity == "critical"
    assert finding.layer == "net/dense_2/kernel"
    assert finding.step == 0
    assert finding.confidence > 0.99
    assert finding.evidence["usual_std"] == pytest.approx(2**0.5 / 10)
    assert finding.evidence["excess_decades"] == pytest.approx(np.log10(30 / 2**0.5), abs=1e-3)
    assert "too large, most of all net/dense_2/kernel with a standard deviation of 3" in (
        finding.summary
    )
    assert "by a factor of 10^3.0 on its way, and the loss" in finding.summary
    assert 'kernel_initializer="he_normal"' in finding.remedy.code


@pytest.mark.parametrize(("activation", "usual"), [("tanh", "0.1"), ("relu", "0.14")])
def test_what_is_usual_is_what_the_remedy_gives(stalled, activation, usual):
    facts = info(0.001, activation=activation)
    (finding,) = find(stalled(info=facts, activation_rms=SHRINKING))
    assert f"where {usual} is usual" in finding.summary
    assert f"a standard deviation of about {usual}." in finding.remedy.text


def test_the_same_is_no_finding_in_a_run_that_learns(make_run):
    assert not find(make_run(info=info(30 * USUAL), activation_rms=GROWING))


def test_the_same_is_no_finding_where_a_normalization_keeps_the_signal(stalled):
    assert not find(stalled(info=info(30 * USUAL), activation_rms=1.0))


def test_a_signal_that_grows_through_usual_weights_is_no_finding(stalled):
    """Large inputs, or exponential activations, say."""
    assert not find(stalled(info=info(USUAL), activation_rms=GROWING))


def test_a_small_excess_in_each_of_many_layers_counts_together(stalled):
    """Three times beyond the range in each of six layers is a factor of 700."""
    (finding,) = find(stalled(info=info(3 * 2**0.5 * USUAL), activation_rms=GROWING))
    assert finding.evidence["excess_decades_together"] == pytest.approx(6 * np.log10(3), abs=1e-3)
    assert not find(stalled(info=info(1.5 * 2**0.5 * USUAL), activation_rms=GROWING))


def test_the_usual_initializers_are_usual_in_any_shape(stalled):
    """Glorot's weights of a layer that widens tenfold are three times below LeCun's."""
    glorot = (2 / 1100) ** 0.5
    facts = info(glorot, shape=(100, 1000))
    assert not find(stalled(info=facts, activation_rms=SHRINKING))


def test_weights_that_are_too_small_are_named(stalled):
    (finding,) = find(stalled(info=info(USUAL / 20), activation_rms=SHRINKING))
    assert "too small" in finding.summary
    assert "shrinks by a factor of 10^3.3 on its way" in finding.summary


def test_an_output_layer_near_zero_is_good_practice(stalled):
    sizes = np.array([1, 1, 1, 1, 1, 1e-4])
    facts = info(USUAL, USUAL, USUAL, USUAL, USUAL, USUAL / 1000)
    assert not find(stalled(info=facts, activation_rms=sizes))


def test_the_signal_is_compared_with_the_inputs(stalled):
    run = stalled(info=info(30 * USUAL), activation_rms=GROWING, input_std=500.0)
    assert not find(run)


def test_a_saturated_first_step_shows_large_weights_too(stalled):
    run = stalled(
        info=info(30 * USUAL, activation="tanh"),
        activation_rms=1.0,
        saturated_fraction=[0.9, 0.9, 0.9, 0.9, 0.9, 0.1],
    )
    (finding,) = find(run)
    assert "90 % of a layer is saturated at once" in finding.summary
    assert 'kernel_initializer="glorot_uniform"' in finding.remedy.code


def test_a_first_loss_far_above_guessing_shows_them_as_well(stalled):
    loss = 60 + np.random.default_rng(6).normal(0.0, 0.1, size=(100, 1))
    targets = {"target_mean": 0.0, "target_std": 1.0, "residual_rms": np.sqrt(loss)}
    (finding,) = find(stalled(loss=loss, info=info(30 * USUAL), **targets))
    assert "the first loss is 60.1 times that of guessing" in finding.summary


def test_equal_weights_are_named(stalled):
    (finding,) = find(stalled(info=info(0.0, mean=0.05)))
    assert finding.layer == KERNELS[0]
    assert finding.evidence["constant_kernels"] == 6
    assert "are all equal, so that its units can't become different" in finding.summary


def test_rounding_does_not_make_equal_weights_different(stalled):
    assert find(stalled(info=info(3e-9, mean=0.05)))


def test_equal_weights_before_random_ones_become_different(stalled):
    assert not find(stalled(info=info(0.0, USUAL, mean=0.05)))


def test_an_output_layer_of_zeros_is_good_practice(stalled):
    assert not find(stalled(info=info(*[USUAL] * 5, 0.0)))


@pytest.mark.parametrize(("gradient", "found"), [(0.0, True), (0.1, False)])
def test_zeros_before_random_weights_count_where_no_gradient_passes(stalled, gradient, found):
    """ReLU of 0 has no derivative, tanh of 0 has."""
    norms = np.array([0.1, gradient, 0.1, 0.1, 0.1, 0.1])
    run = stalled(info=info(USUAL, 0.0, USUAL), grad_norm=norms)
    assert bool(find(run)) is found


def test_a_run_that_broke_off_needs_no_twenty_steps(stalled):
    run = stalled(4, loss=[[1e6], [1e20], [np.nan], [np.nan]], info=info(30 * USUAL),
                  activation_rms=GROWING)  # fmt: skip
    (finding,) = find(run)
    assert finding.severity == "critical"
    assert finding.summary.endswith("the loss ends in NaN or Inf.")


def test_too_few_steps_are_not_judged(stalled):
    assert not find(stalled(19, info=info(30 * USUAL), activation_rms=GROWING))


def test_a_run_that_does_not_state_its_weights_is_read_from_their_norm(stalled):
    shapes = {"variables": {name: {"shape": [100, 100]} for name in KERNELS}}
    run = stalled(info=shapes, weight_norm=100 * 30 * USUAL, activation_rms=GROWING)
    (finding,) = find(run)
    assert finding.evidence["weight_std"] == pytest.approx(3.0)
    assert find(stalled(info=shapes, weight_norm=0.0, grad_norm=0.0))


def test_a_run_without_shapes_is_not_judged(stalled):
    assert not find(stalled(activation_rms=GROWING))
