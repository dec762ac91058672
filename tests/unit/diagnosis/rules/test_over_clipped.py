import numpy as np
import pytest

from gradscope.diagnosis.rules.over_clipped import find
from tests.unit.diagnosis.conftest import KERNELS

STEPS = 120
NOISE = np.random.default_rng(3).normal(size=(STEPS, 1))
FLAT = 2.3 + 0.02 * NOISE
CUT = {"loss": FLAT, "clip_fraction": 1.0, "update_ratio": 5e-6, "update_norm": 2.5e-5}


def sgd(**settings):
    return {"optimizers": [{"class": "SGD", "momentum": 0.0, **settings}]}


def test_a_gradient_cut_to_nothing_is_named(make_run):
    grads = [0.1, 0.1, 0.3, 0.1, 0.1, 0.1]
    (finding,) = find(
        make_run(
            STEPS, **CUT, grad_norm=grads, global_grad_norm=0.38, learning_rate=0.1, info=sgd()
        )
    )
    assert finding.cause == "over-clipped"
    assert finding.severity == "critical"
    assert finding.step == 0
    assert finding.layer == "net/dense_3/kernel"
    assert finding.evidence["share_of_layer"] == pytest.approx(0.09 / 0.14, rel=0.01)
    # Rate times gradient over the update of all six kernels.
    assert finding.evidence["shortened_by"] == pytest.approx(0.038 / (2.5e-5 * 6**0.5), rel=0.01)
    assert finding.confidence > 0.9


def test_the_limit_proposed_is_one_that_the_run_rarely_exceeds(make_run):
    norms = 0.2 * np.exp(0.3 * NOISE)
    grads = norms / 6**0.5
    given = {**CUT, "grad_norm": grads, "global_grad_norm": norms, "learning_rate": 0.1}
    (inside,) = find(make_run(STEPS, **given, info=sgd(global_clipnorm=1e-4)))
    assert inside.evidence["sensible_limit"] == 0.2
    assert inside.remedy.code == (
        "optimizer = keras.optimizers.SGD(learning_rate=0.1, global_clipnorm=0.2)"
    )
    (by_hand,) = find(make_run(STEPS, **given, info=sgd()))
    assert by_hand.remedy.code == "gradients, _ = tf.clip_by_global_norm(gradients, 0.2)"


def test_a_step_now_and_then_is_what_clipping_is_for(make_run):
    rare = (np.arange(STEPS)[:, None] % 10 == 0).astype(float)
    run = make_run(STEPS, **{**CUT, "clip_fraction": rare}, learning_rate=0.1, info=sgd())
    assert find(run) == ()


def test_four_steps_in_five_are_not_nearly_all(make_run):
    most = (np.arange(STEPS)[:, None] % 5 != 0).astype(float)
    run = make_run(STEPS, **{**CUT, "clip_fraction": most}, learning_rate=0.1, info=sgd())
    assert find(run) == ()


def test_a_run_that_learns_under_its_limit_is_healthy(make_run):
    given = {name: value for name, value in CUT.items() if name != "loss"}
    assert find(make_run(STEPS, **given, learning_rate=0.1, info=sgd())) == ()


def test_usual_updates_are_not_held_back(make_run):
    run = make_run(STEPS, loss=FLAT, clip_fraction=1.0, learning_rate=0.1, info=sgd())
    assert find(run) == ()


def test_where_the_rate_is_as_small_it_is_to_blame(make_run):
    """Clipping takes a factor of four off an update that would be 2e-5 of the weights."""
    assert find(make_run(STEPS, **CUT, learning_rate=1e-3, info=sgd())) == ()


@pytest.mark.parametrize(("factor", "named"), [(2.0, False), (4.0, True)])
def test_what_a_slightly_higher_rate_makes_up_for_is_no_finding(make_run, factor, named):
    moved = {"update_ratio": 8e-5, "update_norm": 4e-4, "global_grad_norm": 0.25}
    rate = factor * 4e-4 * 6**0.5 / 0.25
    run = make_run(STEPS, **{**CUT, **moved}, learning_rate=rate, info=sgd())
    assert bool(find(run)) == named


def test_adam_undoes_a_clip_so_the_rate_is_to_blame(make_run):
    info = {
        "optimizers": [{"class": "Adam", "clipnorm": 1e-3, "beta_1": 0.9}],
        "variables": {name: {"shape": [50, 50]} for name in KERNELS},
    }
    # An update of 2.5e-5 over 2,500 weights is what Adam makes of noise at this rate.
    assert find(make_run(STEPS, **CUT, learning_rate=2e-6, info=info)) == ()
    # At this one the gradient must be far below epsilon.
    assert find(make_run(STEPS, **CUT, learning_rate=1e-3, info=info))


@pytest.mark.parametrize("missing", ["clip_fraction", "update_ratio", "loss", "learning_rate"])
def test_without_a_statistic_nothing_is_found(make_run, missing):
    given = {**CUT, "learning_rate": 0.1, missing: None}
    assert find(make_run(STEPS, **given, info=sgd())) == ()


def test_of_an_unknown_optimizer_nothing_is_said(make_run):
    assert find(make_run(STEPS, **CUT, learning_rate=0.1)) == ()
