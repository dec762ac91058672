"""gradscope.probes.objective against its float64 twins."""

import math

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gradscope.probes import objective
from tests import oracles
from tests.unit.probes.arrays import arrays, few, floats, same


@few
@given(st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=4), st.booleans())
def test_loss_is_the_unscaled_sum(losses: list[float], scaled: bool) -> None:
    scale = 4.0 if scaled else 1.0
    targets = [tf.constant(loss * scale) for loss in losses]
    got = objective.loss(targets, tf.constant(scale) if scaled else None)
    assert same(got, oracles.loss([loss * scale for loss in losses], scale))


@few
@given(arrays(1e3))
def test_a_loss_per_example_is_summed(loss: np.ndarray) -> None:
    got = float(objective.loss([tf.constant(loss)]))
    assert math.isclose(got, oracles.loss([loss]), abs_tol=1e-4 * (1 + np.abs(loss).sum()))


def test_no_target_is_nan() -> None:
    assert math.isnan(objective.loss([]))


@few
@given(st.lists(arrays(special=True), min_size=1, max_size=4))
def test_global_norm(gradients: list[np.ndarray]) -> None:
    norms = [tf.constant(oracles.grad_norm(g), tf.float32) for g in gradients]
    if all(np.isfinite(norm) for norm in norms):
        assert same(objective.global_grad_norm(norms), oracles.global_grad_norm(gradients))
    else:
        assert not np.isfinite(objective.global_grad_norm(norms))


def _pairs() -> st.SearchStrategy[tuple[np.ndarray, np.ndarray | None]]:
    small = npst.arrays(np.float32, (3, 2), elements=floats(1e3, special=False))
    return st.tuples(small, st.one_of(st.none(), small))


@few
@given(st.lists(_pairs(), min_size=1, max_size=4))
def test_share_of_the_regularizers(pairs: list[tuple[np.ndarray, np.ndarray | None]]) -> None:
    totals = [g for g, _ in pairs]
    penalties = [r for _, r in pairs]
    got = objective.regularization_grad_share(
        [tf.constant(g) for g in totals],
        [None if r is None else tf.constant(r) for r in penalties],
    )
    assert math.isclose(
        float(got), oracles.regularization_grad_share(totals, penalties), abs_tol=1e-4
    )


@few
@given(st.lists(st.booleans(), max_size=6))
def test_clip_fraction_is_the_share_of_true(clipped: list[bool]) -> None:
    want = np.mean(clipped) if clipped else 0.0
    assert same(objective.clip_fraction([tf.constant(flag) for flag in clipped]), want)
