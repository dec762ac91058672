"""The error of a run against guessing."""

import numpy as np
import pytest

from gradscope.diagnosis.progress import class_shares, progress

STEPS = 128


def test_the_error_of_classes_is_relative_to_their_entropy(make_run):
    shares, losses = np.array([0.75, 0.25]), np.array([0.2, 0.6])
    entropy = -(shares * np.log(shares)).sum()
    course = progress(make_run(class_share=shares, class_loss=losses, batch_size=32.0))
    assert course.chance == pytest.approx(entropy, rel=1e-5)
    assert course.left == pytest.approx((shares * losses).sum() / entropy, rel=1e-5)


def test_the_error_of_targets_is_relative_to_their_variance(make_run):
    course = progress(make_run(target_mean=5.0, target_std=2.0, residual_rms=1.0))
    assert (course.chance, course.left) == pytest.approx((4.0, 0.25))


@pytest.mark.parametrize(("batch", "left"), [(1.0, 4.0), (32.0, 0.0)])
def test_of_single_samples_it_is_the_mean_over_the_last_ones(make_run, batch, left):
    """Three of four are predicted, one is missed by far: the median alone would say solved."""
    missed = np.where(np.arange(STEPS)[:, None] % 4 == 0, 4.0, 0.0)
    given = {"target_mean": 0.0, "target_std": 1.0, "residual_rms": missed}
    course = progress(make_run(STEPS, batch_size=batch, **given))
    assert course.left == pytest.approx(left)


def test_batches_of_infinite_size_count_as_one_sample(make_run):
    """Of a damaged record; a product with the largest float would overflow."""
    size = np.full((STEPS, 1), 32.0)
    size[:64] = np.inf
    shares = np.where(np.arange(STEPS)[:, None] < 64, [[1.0, 0.0]], [[0.5, 0.5]])
    names, pooled = class_shares(make_run(STEPS, class_share=shares, batch_size=size))
    assert len(names) == 2
    assert pooled[1] == pytest.approx(0.5 * 32 / 33)
