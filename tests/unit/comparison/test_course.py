"""Where runs part that don't begin alike; other seeds must not."""

import numpy as np
import pytest

from gradscope.comparison import compare
from gradscope.comparison.result import Place
from tests.unit.comparison.views import KERNELS, LAYERS, View, training


def times(factor):
    return lambda values: values * factor


def test_other_seeds_do_not_part():
    """28 pairs; see also test_real_runs.py."""
    runs = [training(seed, steps=60 + 30 * seed) for seed in range(8)]
    parted = [compare(a, b).parting for i, a in enumerate(runs) for b in runs[:i]]
    assert parted == [None] * 28


@pytest.mark.parametrize(
    ("factor", "since"),
    [(0.1, 0), (10, 0), (0.1, 1), (10, 20), (1e-4, 0), (1e4, 20), (1e-4, 60), (1e4, 60), (1e4, 80)],
)
def test_one_layers_gradient_from_some_step_on(factor, since):
    b = training(1).changed("grad_norm", KERNELS[1], times(factor), since)
    found = compare(training(0), b)
    assert not found.exact
    assert [(place.statistic, place.name) for place in found.layers] == [("grad_norm", KERNELS[1])]
    assert found.parting is not None and abs(found.parting.step - since) <= 2
    a, b_value = found.parting.a, found.parting.b
    assert b_value / a == pytest.approx(factor, rel=2)


def test_a_short_excursion_is_no_parting():
    def spike(values):
        values = values.copy()
        values[:3] *= 1000
        return values

    b = training(1).changed("grad_norm", KERNELS[1], spike, since=30)
    assert compare(training(0), b).parting is None


def test_the_layer_that_a_step_computes_first_comes_first():
    b = training(1)
    for statistic, names in (("grad_norm", KERNELS), ("activation_rms", LAYERS[1:])):
        for name in names:
            b = b.changed(statistic, name, times(1000))
    found = compare(training(0), b)
    assert (found.parting.statistic, found.parting.name) == ("activation_rms", LAYERS[1])
    assert [place.name for place in found.layers] == [*LAYERS[1:], *KERNELS]


def test_nan_parts_at_once_and_is_found_to_the_step():
    b = training(1).changed("grad_norm", KERNELS[2], lambda x: x * np.nan, since=63)
    found = compare(training(0), b)
    assert (found.parting.step, found.parting.name) == (63, KERNELS[2])


def test_nan_in_both_is_nothing():
    a, b = (
        training(seed).changed("grad_norm", KERNELS[2], lambda x: x * np.nan) for seed in (0, 1)
    )
    assert compare(a, b).parting is None


def test_under_loss_scaling_one_lost_step_is_nothing():
    def lose(count):
        def change(values):
            values = values.copy()
            values[:count] = np.nan
            return values

        return change

    def scaled(run):
        columns = {key: dict(named) for key, named in run._columns.items()}
        columns["loss_scale"] = {"loss_scale": np.full(100, 1024.0)}
        return View(columns, range(100), run.info)

    a = scaled(training(0))
    assert (
        compare(a, scaled(training(1)).changed("grad_norm", KERNELS[0], lose(1), 50)).parting
        is None
    )
    lasting = scaled(training(1)).changed("grad_norm", KERNELS[0], lose(50), 50)
    assert compare(a, lasting).parting == Place(
        "grad_norm", KERNELS[0], 50, pytest.approx(0.2, rel=1), pytest.approx(np.nan, nan_ok=True)
    )
    assert compare(training(0), training(1).changed("grad_norm", KERNELS[0], lose(1), 50)).parting


def test_biases_go_where_the_seed_leads():
    """A norm that begins at 0 is a random walk; one that begins at 0 in one run only is not."""
    a = training(0).changed("weight_norm", KERNELS[0], lambda x: np.arange(100) * 1.0)
    b = training(1).changed("weight_norm", KERNELS[0], lambda x: np.arange(100) * 9.0)
    assert compare(a, b).parting is None
    assert compare(training(0), b).parting.statistic == "weight_norm"


def test_a_gradient_of_zero():
    b = training(1).changed("grad_norm", KERNELS[0], times(0.0))
    assert (compare(training(0), b).parting.step, compare(training(0), b).parting.b) == (0, 0.0)


def test_a_loss_that_stands_still():
    b = training(1, steps=300).changed("loss", "loss", lambda x: np.full(len(x), 2.3))
    found = compare(training(0, steps=300), b)
    assert found.parting.statistic == "loss"
    assert 10 < found.parting.step < 80


def test_a_loss_below_zero_is_compared_linearly():
    a, b = (training(s).changed("loss", "loss", lambda x: x - 1) for s in (0, 1))
    assert compare(a, b).parting is None
    c = training(1).changed("loss", "loss", lambda x: 100 - x)
    assert compare(a, c).parting.statistic == "loss"


def test_the_onset_is_found_among_thousands_of_steps():
    rng = np.random.default_rng(0)

    def run(seed):
        noise = np.random.default_rng(seed).lognormal(0, 0.3, 20_000)
        return View({"grad_norm": {"k": noise}}, range(20_000))

    since = int(rng.integers(5_000, 15_000))
    found = compare(run(0), run(1).changed("grad_norm", "k", times(30), since))
    assert abs(found.parting.step - since) <= 2


def test_no_step_in_common():
    a, b = training(0).kept(range(0, 100, 2)), training(1).kept(range(1, 100, 2))
    found = compare(a, b)
    assert found.steps == 0 and found.parting is None
    assert "No step is recorded in both, so where they part can't be seen." in found.sentences


def test_a_run_without_steps():
    empty = View({"loss": {"loss": []}}, ())
    for pair in ((empty, training(0)), (training(0), empty), (empty, empty), (View({}, ()),) * 2):
        assert compare(*pair).parting is None
