"""First weights against the usual ones."""

import numpy as np
import pytest

from gradscope.diagnosis.beginning import first_kernels, signal


def kernel(make_run, shape, std, mean=0.0):
    facts = {"mean": mean, "std": std, "max_abs": abs(mean) + 3 * std}
    info = {"variables": {"net/dense_1/kernel": {"shape": shape, "initial": facts}}}
    return first_kernels(make_run(info=info))[0]


@pytest.mark.parametrize("shape", [[64, 64], [1000, 10], [10, 1000], [3, 3, 16, 32]])
@pytest.mark.parametrize("name", ["he_normal", "glorot_uniform", "lecun_normal"])
def test_what_initializers_give_is_usual(make_run, shape, name):
    field = int(np.prod(shape[:-2]))
    fan_in, fan_out = field * shape[-2], field * shape[-1]
    variance = {
        "he_normal": 2 / fan_in,
        "glorot_uniform": 2 / (fan_in + fan_out),
        "lecun_normal": 1 / fan_in,
    }[name]
    assert kernel(make_run, shape, variance**0.5).excess == pytest.approx(0.0, abs=1e-9)


def test_excess_is_in_decades_beyond_the_usual(make_run):
    assert kernel(make_run, [50, 50], 0.2 * 100).excess == pytest.approx(2.0)
    assert kernel(make_run, [100, 100], 0.1 / 1000).excess == pytest.approx(-3.0)


def test_of_equal_weights_there_is_no_excess(make_run):
    equal = kernel(make_run, [50, 50], 0.0, mean=0.3)
    assert equal.constant
    assert not equal.zero
    assert np.isnan(equal.excess)
    assert kernel(make_run, [50, 50], 0.0).zero


def test_the_signal_is_counted_from_the_inputs(make_run):
    run = make_run(activation_rms=[1, 10, 100, 0, 1, 1], input_mean=6.0, input_std=8.0)
    assert signal(run)[:3] == pytest.approx([-1, 0, 1])
    assert np.isnan(signal(run)[3])


def test_or_from_the_first_layer_where_they_are_unknown(make_run):
    assert signal(make_run(activation_rms=[10, 1, 100, 1, 1, 1]))[:3] == pytest.approx([0, -1, 1])
    assert len(signal(make_run(activation_rms=None))) == 0


def test_weights_of_one_sign_add_up_over_the_inputs(make_run):
    """As those of np.random.rand do: 0.5 √100 against √(2/100)."""
    beyond = np.log10(0.5 * 10 / (2 / 100) ** 0.5)
    assert kernel(make_run, [100, 100], 0.29, mean=0.5).excess == pytest.approx(beyond)
