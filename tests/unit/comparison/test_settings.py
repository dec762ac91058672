"""What was set differently, each kind with its twin that must stay silent."""

import pytest

from gradscope.comparison.matching import match
from gradscope.comparison.settings import compare_settings
from tests.unit.comparison.views import KERNELS, LAYERS, facts, training


def settings(**changes):
    """The settings that differ between a run and one with other facts."""
    found = compare_settings(match(training(0), training(0, info=facts(**changes))))
    return {setting.what: (setting.a, setting.b) for setting in found}


def variables(**changes):
    """The facts of variables; changes: of the first figures of each."""
    first = {"mean": 0.0, "std": 0.14, "max_abs": 0.25} | changes
    return {"variables": {k: {"shape": [64, 32], "dtype": "float32", "initial": first}
                          for k in KERNELS}}  # fmt: skip


def test_equal_runs_have_none():
    assert settings() == {}


@pytest.mark.parametrize(
    ("change", "what", "pair"),
    [
        ({"optimizers": [{"class": "SGD", "momentum": 0.9}]}, "optimizer.momentum", (0.0, 0.9)),
        ({"compute_dtype": "float16"}, "compute_dtype", ("float32", "float16")),
        ({"versions": {"gradscope": "0.1.0", "tensorflow": "2.22.0"}},
         "versions.tensorflow", ("2.21.0", "2.22.0")),
        ({"regularizers": {KERNELS[0]: {"class": "L2", "l1": 0.0, "l2": 0.1}}},
         f"regularizers.{KERNELS[0]}.l2", (None, 0.1)),
        ({"dropout": {"net/dropout": 0.5}}, "dropout.net/dropout", (None, 0.5)),
        ({"unconnected": [KERNELS[0]]}, "unconnected", ([], [KERNELS[0]])),
        ({"something new": {"deep": 3}}, "something new.deep", (None, 3)),
    ],
)  # fmt: skip
def test_a_fact_that_differs_is_named_in_dotted_words(change, what, pair):
    assert settings(**change)[what] == pair


def test_what_always_differs_is_no_setting():
    assert settings(model={"name": "net_1", "class": "Sequential"}) == {}


def test_a_number_that_float32_cannot_tell_apart_is_the_same():
    assert settings(optimizers=[{"class": "SGD", "momentum": 1e-9}]) != {}
    first = facts(optimizers=[{"class": "SGD", "momentum": 0.9}])
    second = facts(optimizers=[{"class": "SGD", "momentum": 0.90000001}])
    assert compare_settings(match(training(0, info=first), training(0, info=second))) == ()


def test_a_difference_of_all_layers_is_told_once():
    layers = {name: {"class": "Dense", "activation": "tanh", "units": 32} for name in LAYERS}
    assert settings(layers=layers) == {"layers.net/one.activation (and 2 more)": ("relu", "tanh")}


def test_the_learning_rate_is_read_from_the_steps():
    found = compare_settings(match(training(0), training(1, rate=0.5)))
    assert [(s.what, s.a, s.b) for s in found] == [("optimizer.learning_rate", 0.1, 0.5)]


def test_a_learning_rate_that_parts_later_says_since_when():
    late = training(0).changed("learning_rate", "learning_rate", lambda x: x / 10, since=40)
    (found,) = compare_settings(match(training(0), late))
    assert (found.what, found.b) == ("optimizer.learning_rate from step 40 on", 0.01)


def test_the_most_telling_setting_comes_first():
    info = facts(
        versions={"gradscope": "0.2.0", "tensorflow": "2.21.0"},
        optimizers=[{"class": "Adam"}],
        compute_dtype="float16",
        scope={"every": 10},
    )
    found = compare_settings(match(training(0), training(1, rate=0.5, info=info)))
    assert [setting.what for setting in found] == [
        "optimizer.learning_rate",
        "optimizer.class",
        "optimizer.momentum",
        "compute_dtype",
        "versions.gradscope",
        "scope.every",
    ]


@pytest.mark.parametrize("change", [{"std": 1.4}, {"std": 0.0}, {"std": 0.17}, {"mean": 0.2}])
def test_first_weights_of_another_distribution(change):
    (what, pair), *_ = settings(**variables(**change)).items()
    figure = next(iter(change))
    assert what == f"variables.{KERNELS[0]}.initial.{figure} (and 2 more)"
    assert pair[1] == change[figure]


@pytest.mark.parametrize("change", [{"std": 0.137}, {"mean": 0.01}, {"max_abs": 0.29}])
def test_first_weights_that_are_another_draw(change):
    assert settings(**variables(**change)) == {}


def test_a_bias_that_begins_at_one():
    zeros = {"b": {"shape": [10], "initial": {"mean": 0.0, "std": 0.0, "max_abs": 0.0}}}
    ones = {"b": {"shape": [10], "initial": {"mean": 1.0, "std": 0.0, "max_abs": 1.0}}}
    first, second = facts(variables=zeros), facts(variables=ones)
    (found,) = compare_settings(match(training(0, info=first), training(0, info=second)))
    assert (found.what, found.a, found.b) == ("variables.b.initial.mean", 0.0, 1.0)


def test_names_with_other_counters_are_no_difference():
    a = training(0, info=facts(dropout={"net/dropout": 0.1}, unconnected=[KERNELS[0]]))
    b = a.renamed(lambda name: name.replace("net/", "net_4/"))
    b.info["unconnected"] = [KERNELS[0].replace("net/", "net_4/")]
    assert compare_settings(match(a, b)) == ()


def test_another_model_is_told_by_its_size():
    b = training(0).renamed(lambda name: name.replace("net/out", "net/other"))
    b.info["variables"]["net/more"] = {"shape": [10], "dtype": "float32"}
    found = {s.what: (s.a, s.b) for s in compare_settings(match(training(0), b))}
    assert found == {"model.parameters": (6144, 6154)}


def test_two_optimizers_are_compared_as_they_are():
    both = [{"class": "Adam"}, {"class": "SGD"}]
    assert "optimizers" in settings(optimizers=both)


def test_facts_that_are_damaged_raise_nothing():
    assert settings(variables=3, layers=None, optimizers="x", objective=[], regularizers=7)
