import numpy as np
import pytest

from gradscope.diagnosis.rules.loss_spike import find

STEPS = 200
TIME = np.arange(STEPS)[:, None]
NOISE = np.exp(0.1 * np.random.default_rng(3).normal(size=(STEPS, 1)))
BEFORE = 0.3 + 2.0 * np.exp(-TIME / 15.0)


def spike(after, gradient=30.0, at=120):
    """A loss and a gradient norm that jump at a step; after: loss from then on."""
    loss = np.where(at > TIME, BEFORE, after) * NOISE
    norm = np.where((at <= TIME) & (at + 3 > TIME), gradient, 1.0) * NOISE
    return {"loss": loss, "global_grad_norm": norm}


def test_a_spike_without_return_is_named(make_run):
    (finding,) = find(make_run(STEPS, **spike(2.0), info={"optimizers": [{"class": "Adam"}]}))
    assert finding.cause == "loss-spike"
    assert finding.severity == "warning"
    assert finding.step == 120
    assert finding.confidence > 0.9
    assert finding.evidence["loss_before"] == pytest.approx(0.3, rel=0.1)
    assert finding.evidence["gradient_decades"] == pytest.approx(1.5, abs=0.2)
    assert "never came back" in finding.summary


def test_the_clip_proposed_is_the_runs_own_norm(make_run):
    (finding,) = find(make_run(STEPS, **spike(2.0), info={"optimizers": [{"class": "Adam"}]}))
    assert finding.remedy.code == (
        "optimizer = keras.optimizers.Adam(learning_rate=0.01, global_clipnorm=1)"
    )


def test_a_spike_that_is_over_at_once_is_not_mentioned(make_run):
    passing = np.where(TIME < 125, 3.0, 0.3)
    assert find(make_run(STEPS, **spike(passing))) == ()


def test_a_late_return_is_a_remark(make_run):
    slow = np.where(TIME < 150, 3.0, 0.3)
    (finding,) = find(make_run(STEPS, **spike(slow)))
    assert finding.severity == "info"
    assert "took until step 148 to come back" in finding.summary


def test_a_run_that_is_well_all_the_same_gets_a_remark_only(make_run):
    """Of a target of variance 4 a tenth is left."""
    given = spike(np.where(TIME < 130, 3.0, 0.45))
    known = {"target_mean": 0.0, "target_std": 2.0, "residual_rms": np.sqrt(given["loss"])}
    (finding,) = find(make_run(STEPS, **given, **known))
    assert finding.severity == "info"


def test_hard_batches_without_a_gradient_are_no_spike(make_run):
    slow = np.where(TIME < 150, 3.0, 0.3)
    assert find(make_run(STEPS, **spike(slow, gradient=1.5))) == ()


def test_a_loss_that_stays_up_needs_no_gradient(make_run):
    """What undid the learning may have happened between two records."""
    (finding,) = find(make_run(STEPS, **spike(2.0, gradient=1.0)))
    assert finding.severity == "warning"
    assert "gradient" not in finding.summary


def test_a_loss_that_jumps_about_is_no_spike(make_run):
    wild = np.exp(np.random.default_rng(4).normal(size=(STEPS, 1)))
    assert find(make_run(STEPS, loss=wild, global_grad_norm=wild)) == ()


def test_a_batch_out_of_range_is_named_as_the_reason(make_run):
    inputs = np.where(TIME == 119, 60.0, 3.0)
    (finding,) = find(make_run(STEPS, **spike(2.0), input_max_abs=inputs))
    assert "20 times larger than any before" in finding.summary
    assert "far larger inputs" in finding.remedy.text


def test_too_short_a_run_is_not_judged(make_run):
    given = {name: value[100:130] for name, value in spike(2.0).items()}
    assert find(make_run(30, **given)) == ()


def test_without_losses_nothing_is_found(make_run):
    assert find(make_run(STEPS, **{**spike(2.0), "loss": None})) == ()


def test_a_spike_shortly_before_the_end_is_named(make_run):
    """After it there are five records, ten steps apart."""
    given = spike(2.0, at=STEPS - 5)
    (finding,) = find(make_run(STEPS, every=10, **given))
    assert (finding.severity, finding.step) == ("warning", 10 * (STEPS - 5))


def test_a_spike_of_this_moment_is_waited_for(make_run):
    """Five records after it, but of five steps."""
    assert find(make_run(STEPS, **spike(2.0, at=STEPS - 5))) == ()
