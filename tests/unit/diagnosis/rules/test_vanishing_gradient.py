from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.vanishing_gradient import LEAST_DROP, find

STALLED = 2.3


def profile(first: float, last: float) -> np.ndarray:
    """Gradient norms of six kernels, evenly spaced in decades."""
    return np.logspace(np.log10(first), np.log10(last), 6)


@pytest.fixture
def stalled(make_run):
    rng = np.random.default_rng(5)

    def run(steps=100, **values):
        noise = rng.normal(0.0, 0.02, size=(steps, 1))
        return make_run(steps, **{"loss": STALLED + noise, **values})

    return run


def test_a_steep_profile_of_a_stalled_run_is_named_with_its_layer_and_step(stalled):
    (finding,) = find(stalled(grad_norm=profile(1e-7, 1e-1)))
    assert finding.cause == "vanishing-gradient"
    assert finding.severity == "critical"
    # 1.2 decades a layer: the fourth of six is the first, from the output, that is two down
    assert finding.layer == "net/dense_4/kernel"
    assert finding.step == 0
    assert finding.confidence > 0.99
    assert finding.evidence["drop_decades"] == pytest.approx(6.0, abs=0.01)
    assert finding.evidence["layers_without_gradient"] == 4
    assert finding.remedy.code
    assert finding.summary.startswith(
        "From net/dense_4/kernel down to the input each gradient is below 1/100 of the largest; "
        "from the last layer to the first it shrinks by a factor of 10^6.0, and the loss "
    )


def test_the_same_profile_is_no_finding_while_the_loss_falls(make_run):
    assert not find(make_run(grad_norm=profile(1e-6, 1e-1)))


def test_a_stalled_run_with_an_even_profile_is_no_finding(stalled):
    assert not find(stalled())


def test_a_drop_that_healthy_nets_show_is_no_finding(stalled):
    assert not find(stalled(grad_norm=profile(0.06, 1.0)))


def test_the_first_layers_ratio_alone_is_no_finding(stalled):
    """One small norm among even ones, as of a first layer without biases, is no profile."""
    norms = np.full(6, 0.1)
    norms[0] = 10 ** -(LEAST_DROP + 1.2)
    assert not find(stalled(grad_norm=norms))


def test_a_gradient_that_vanishes_later_is_dated_then(stalled):
    norms = np.where(np.arange(100)[:, None] < 40, 0.1, profile(1e-7, 1e-1))
    (finding,) = find(stalled(grad_norm=norms))
    assert finding.step == 40


def test_a_gradient_that_came_back_is_no_finding(stalled):
    norms = np.where(np.arange(100)[:, None] < 80, profile(1e-7, 1e-1), 0.1)
    assert not find(stalled(grad_norm=norms))


def test_exact_zeros_in_front_are_named_where_they_end(stalled):
    (finding,) = find(stalled(grad_norm=[0, 0, 0, 0.01, 0.02, 0.05]))
    assert finding.layer == "net/dense_3/kernel"
    assert "exactly zero" in finding.summary
    assert finding.evidence["layers_without_gradient"] == 3


@pytest.mark.parametrize("norm", [0.0, 1e-9])
def test_no_gradient_anywhere_is_named_at_the_output(stalled, norm):
    (finding,) = find(stalled(grad_norm=norm))
    assert finding.layer == "net/dense_6/kernel"
    assert "No layer receives" in finding.summary


def test_a_solved_task_has_no_gradient_either(make_run):
    steps = 200
    loss = np.maximum(2.0 * np.exp(-np.arange(steps)[:, None] / 3), 1e-6)
    assert not find(make_run(steps, loss=loss, grad_norm=0.0))


def test_a_full_batch_at_a_poor_optimum_has_no_gradient_either(make_run):
    steps = 300
    loss = 0.7 + 0.3 * np.exp(-np.arange(steps)[:, None] / 10)
    norms = 0.1 * np.exp(-np.arange(steps)[:, None] / 10)
    assert not find(make_run(steps, loss=loss, grad_norm=norms))


def test_learning_nothing_but_the_class_shares_is_stalling(make_run):
    """The loss falls by a fifth, to the entropy of the labels, which takes the output bias only."""
    steps = 200
    noise = np.random.default_rng(6).normal(0.0, 0.01, size=(steps, 1))
    loss = 1.1 + 0.25 * np.exp(-np.arange(steps)[:, None] / 40) + noise
    run = make_run(steps, loss=loss, label_entropy=1.1, grad_norm=profile(1e-6, 1e-1))
    (finding,) = find(run)
    assert finding.evidence["probability_stalled"] > 0.9


def test_a_loss_too_noisy_to_tell_is_no_finding(make_run):
    noise = np.random.default_rng(7).normal(0.0, 2.0, size=(100, 1))
    assert not find(make_run(loss=2.3 + noise, grad_norm=profile(1e-6, 1e-1)))


def test_variables_that_no_gradient_reaches_are_left_out(stalled):
    norms = profile(1e-6, 1e-1)
    norms[0] = np.nan
    (finding,) = find(stalled(grad_norm=norms))
    assert finding.evidence["layers"] == 5


def test_a_regularizer_does_not_hide_it(stalled):
    """Weight decay keeps the kernels' gradients even; those of the layer outputs aren't."""
    run = stalled(
        regularization_grad_share=0.3,
        activation_grad_norm=[*profile(1e-7, 1e-2)[:5], np.nan],
    )
    (finding,) = find(run)
    assert finding.layer == "net/dense_3"


def test_too_few_steps_are_not_judged(stalled):
    assert not find(stalled(steps=19, grad_norm=profile(1e-6, 1e-1)))


def layers_of(*activations: str) -> dict[str, Any]:
    return {"layers": {f"net/dense_{i}": {"activation": a} for i, a in enumerate(activations, 1)}}


def test_relu_is_not_recommended_to_a_net_that_has_it(stalled):
    info = layers_of(*["relu"] * 5, "softmax")
    (finding,) = find(stalled(grad_norm=profile(1e-7, 1e-1), info=info))
    assert "relu" not in (finding.remedy.text + finding.remedy.code).lower()
    assert "He initialization" in finding.remedy.text


@pytest.mark.parametrize("inside", ["sigmoid", "tanh", "softmax"])
def test_it_is_recommended_in_place_of_what_squashes(stalled, inside):
    info = layers_of("relu", *[inside] * 4, "softmax")
    (finding,) = find(stalled(grad_norm=profile(1e-7, 1e-1), info=info))
    assert "ReLU-like" in finding.remedy.text


def test_rectifiers_that_an_update_switched_off_are_named(stalled):
    now = np.arange(100)[:, None] >= 3
    dead = np.where(now, [0.2, 0.97, 1.0, 1.0, 1.0, 0.2], 0.2)
    (finding,) = find(
        stalled(
            grad_norm=np.where(now, 0.0, 0.1),
            dead_fraction=dead,
            info={**layers_of(*["relu"] * 5, "linear"), "optimizers": [{"class": "SGD"}]},
        )
    )
    assert finding.remedy.text == (
        "Nearly all units of net/dense_2 are off since step 3, so no gradient passes. Lower the "
        "learning rate tenfold and start again: units that are off do not come back."
    )
    assert "SGD(learning_rate=0.001" in finding.remedy.code


def test_rectifiers_that_were_off_from_the_start_need_other_weights(stalled):
    run = stalled(
        grad_norm=0.0, activation_rms=[1, 1, 0, 0, 0, 0], info=layers_of(*["relu"] * 5, "linear")
    )
    (finding,) = find(run)
    assert "Nearly all units of net/dense_3 are off from the first step" in finding.remedy.text
    assert "he_normal" in finding.remedy.code
    assert "learning rate" not in finding.remedy.text


def test_a_sigmoid_is_never_called_off(stalled):
    run = stalled(grad_norm=0.0, activation_rms=0.0, info=layers_of(*["sigmoid"] * 6))
    assert "off" not in find(run)[0].remedy.text.split()
