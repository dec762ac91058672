"""A family that is silenced records zeros, the others what they always do."""

import numpy as np
import pytest

import gradscope
from gradscope.bench import families, timing, workloads
from gradscope.bench.plan import FAMILIES
from gradscope.probes import updates


def recorded(silenced, tmp_path):
    """statistic -> its values in one recorded step."""
    workload = workloads.build("embedding", "tiny")
    x, y = timing.batch(workload)
    model, _ = timing.plain_step(workload)
    with gradscope.Scope(model, tmp_path, every=1, console=False) as scope:
        step = scope.step(workloads.train_step(model, workloads.optimizer()), jit_compile=False)
        with families.silenced(silenced):
            step(x, y)
    run = gradscope.open_run(tmp_path)
    return {statistic: run.series(statistic)[1][0] for statistic in run.statistics}


def test_only_the_others_are_recorded(tmp_path):
    everything = recorded((), tmp_path / "all")
    some = recorded(("updates", "outputs"), tmp_path / "some")
    silenced = {"weight_norm", "update_norm", "update_ratio", "activation_mean", "activation_rms"}
    for statistic, values in everything.items():
        if statistic in silenced:
            assert values.any() and not some[statistic].any(), statistic
        else:
            np.testing.assert_allclose(some[statistic], values, rtol=1e-6, err_msg=statistic)


def test_without_any_statistics_a_row_is_still_pushed(tmp_path):
    nothing = recorded(families.without(()), tmp_path)
    assert not nothing["grad_norm"].any() and nothing["loss"].any()


def test_which_are_silenced():
    assert families.without(None) == ()
    assert families.without(()) == FAMILIES
    assert families.without(("units",)) == tuple(name for name in FAMILIES if name != "units")
    assert tuple(families.PROBES) == FAMILIES


def test_all_is_as_before_afterwards():
    before = updates.updates
    with pytest.raises(ZeroDivisionError), families.silenced(["updates"]):
        assert updates.updates is not before
        raise ZeroDivisionError
    assert updates.updates is before


@pytest.mark.parametrize("gone", ["updates.moves", "steps.steps"])
def test_a_probe_that_is_gone_is_named(gone, monkeypatch):
    monkeypatch.setitem(families.PROBES, "updates", (gone,))
    with (
        pytest.raises(families.FamilyError, match=rf"no {gone} any more\. .*families.py"),
        families.silenced(["updates"]),
    ):
        pass


def test_a_family_that_a_trace_no_longer_calls_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(families.PROBES, "updates", ("updates.update",))
    with pytest.raises(families.FamilyError, match="no probe of updates was called"):
        recorded(("updates", "outputs"), tmp_path)
