"""Real trainings: other seeds are alike, whatever was changed is found."""

import itertools

import numpy as np
import pytest

import gradscope
from gradscope.comparison import compare
from gradscope.data import digits


def train(logdir, seed=0, rate=1e-3, scale=1.0, activation="relu", initializer="glorot_uniform",
          labels=None, shuffle=True, hidden=2):  # fmt: skip
    """A small net on the digits, 89 steps."""
    import keras

    keras.utils.set_random_seed(seed)
    x, y, *_ = digits()
    layers = [
        keras.layers.Dense(32, activation, kernel_initializer=initializer) for _ in range(hidden)
    ]
    model = keras.Sequential([keras.Input([64]), *layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    callback = gradscope.Callback(logdir, every=1, console=False)
    model.fit(x * scale, y if labels is None else labels(y), batch_size=32, epochs=2, verbose=0,
              shuffle=shuffle, callbacks=[callback])  # fmt: skip
    return gradscope.open_run(logdir)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Three trainings that differ in the seed, in one process, so that Keras counts on."""
    home = tmp_path_factory.mktemp("healthy")
    return [train(home / str(seed), seed) for seed in range(3)]


def differing(found):
    return [datum.what for datum in found.data if datum.differs]


def test_other_seeds_are_alike(healthy):
    for a, b in itertools.combinations(healthy, 2):
        found = compare(a, b)
        assert (found.settings, differing(found), found.layers) == ((), [], ())
        assert found.only_a == found.only_b == () and not found.exact


def test_the_same_seed_is_the_same_to_the_bit(healthy, tmp_path):
    found = compare(healthy[0], train(tmp_path, 0))
    assert found.exact and found.parting is None and found.steps == 90


def test_unscaled_inputs(healthy, tmp_path):
    found = compare(healthy[1], train(tmp_path, 0, scale=255.0))
    assert "input_std" in differing(found)
    assert found.sentences[0].startswith("The inputs' standard deviation is 0.375 in a and 95")
    assert (found.parting.statistic, found.parting.step) == ("activation_rms", 0)


def test_another_learning_rate_with_the_same_seed(healthy, tmp_path):
    found = compare(healthy[0], train(tmp_path, 0, rate=0.3))
    assert [s.what for s in found.settings] == ["optimizer.learning_rate"]
    assert found.exact and (found.parting.statistic, found.parting.step) == ("update_ratio", 0)


def test_labels_that_were_shuffled_with_the_same_seed(healthy, tmp_path):
    found = compare(healthy[0], train(tmp_path, 0, labels=np.random.default_rng(0).permutation))
    assert differing(found) == [] and found.settings == ()
    assert found.exact and (found.parting.statistic, found.parting.step) == ("loss", 0)
    assert "it is the labels or the loss that differ" in found.sentences[0]


def test_another_activation_and_initializer(healthy, tmp_path):
    found = compare(healthy[1], train(tmp_path, 0, activation="sigmoid", initializer="zeros"))
    whats = [setting.what.rpartition(".")[2].split(" ")[0] for setting in found.settings]
    assert whats == ["activation", "std"]
    assert (found.parting.statistic, found.parting.step) == ("weight_norm", 0)


def test_a_deeper_model(healthy, tmp_path):
    found = compare(healthy[1], train(tmp_path, 0, hidden=4))
    assert "model.layers" in [setting.what for setting in found.settings]


@pytest.mark.slow
def test_false_alarms_over_45_pairs(tmp_path):
    runs = [train(tmp_path / str(seed), seed) for seed in range(100, 110)]
    found = [compare(a, b) for a, b in itertools.combinations(runs, 2)]
    assert sum(comparison.parting is not None for comparison in found) == 0
    assert sum(bool(differing(comparison)) for comparison in found) == 0
    assert sum(bool(comparison.settings) for comparison in found) == 0
