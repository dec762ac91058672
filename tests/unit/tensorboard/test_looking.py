import pytest

from gradscope.catalog import BY_NAME
from gradscope.causes import CAUSES
from gradscope.records import Verdict
from gradscope.tensorboard.looking import row_of, where_to_look


class Names:
    """A run of which only the names are known."""

    def __init__(self, **names):
        self.statistics = tuple(names)
        self._names = names

    def names(self, statistic):
        return self._names.get(statistic, ())


VARIABLES = ("net/a/kernel", "net/a/bias", "net/b/kernel", "net/b/bias")
LAYERS = ("net/a", "net/b", "net/b/relu")
FULL = Names(
    grad_norm=VARIABLES,
    update_ratio=VARIABLES,
    dead_fraction=("net/a",),
    class_loss=("0", "1"),
    loss=("loss",),
)


def verdict(cause, layer):
    return Verdict(cause, "critical", layer, 3, 0.9, "")


@pytest.mark.parametrize(
    ("path", "names", "row"),
    [
        ("net/b/bias", VARIABLES, "net/b/bias"),
        ("net/b", VARIABLES, "net/b/kernel"),
        ("net/a/kernel", LAYERS, "net/a"),
        ("net/b", LAYERS, "net/b"),
        ("net/b@2", VARIABLES, "net/b/kernel"),
        ("net/b[1]", LAYERS, "net/b"),
        ("net/a/relu", LAYERS, "net/a"),
        ("net/aa", VARIABLES, None),
        ("ne", VARIABLES, None),
        ("other", VARIABLES, None),
        ("", VARIABLES, None),
        (None, VARIABLES, None),
        ("net/a", (), None),
    ],
)
def test_row_of(path, names, row):
    assert row_of(path, names) == row


@pytest.mark.parametrize(
    ("cause", "layer", "where"),
    [
        ("vanishing-gradient", "net/a/kernel", ("grad_norm", "net/a/kernel")),
        ("learning-rate-high", "net/b", ("update_ratio", "net/b/kernel")),
        ("dead-units", "net/a", ("dead_fraction", "net/a")),
        ("vanishing-gradient", None, ("grad_norm", None)),
        ("loss-spike", None, ("loss", None)),
        ("loss-spike", "net/a", ("loss", None)),
        ("class-imbalance", None, ("class_loss", None)),
        ("made-up", None, ("loss", None)),
        # its statistic lacks the layer, or is not recorded
        ("dead-units", "net/b", ("grad_norm", "net/b/kernel")),
        ("saturated-units", "net/b", ("grad_norm", "net/b/kernel")),
        ("saturated-units", None, ("loss", None)),
        ("saturated-units", "elsewhere", ("loss", None)),
        ("dead-units", "elsewhere", ("dead_fraction", None)),
    ],
)
def test_where_to_look(cause, layer, where):
    assert where_to_look(FULL, verdict(cause, layer)) == where


def test_a_run_that_recorded_nothing_shows_nothing():
    assert where_to_look(Names(), verdict("nonfinite", "net/a")) == (None, None)
    assert where_to_look(Names(weight_norm=VARIABLES), verdict("nonfinite", None)) == (None, None)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)
def test_every_cause_shows_in_a_statistic_of_the_catalogue(cause):
    assert cause.shows in BY_NAME
