import numpy as np
import pytest

from gradscope.diagnosis.rules.class_imbalance import find

STEPS = 100
RARE = np.array([0.98, 0.02])
EVEN = np.array([0.5, 0.5])


def losses(common, rare):
    """The classes' losses: the first batches know nothing, later ones these."""
    rows = np.tile([common, rare], (STEPS, 1)).astype(float)
    rows[:10] = 0.7
    return rows * np.random.default_rng(1).lognormal(0, 0.1, size=rows.shape)


@pytest.fixture(name="skewed")
def _skewed(make_run):
    def skewed(class_loss, shares=RARE, **more):
        shares = np.tile(shares, (STEPS, 1))
        given = {"class_share": shares, "class_loss": class_loss, "batch_size": 64.0, **more}
        return make_run(STEPS, **given)

    return skewed


def test_a_rare_class_that_is_ignored_is_named(skewed):
    (finding,) = find(skewed(losses(0.02, 3.9)))
    assert (finding.cause, finding.severity, finding.step) == ("class-imbalance", "warning", 0)
    assert finding.confidence >= 0.9
    assert finding.evidence["ignored_classes"] == 1
    assert finding.summary.startswith("Class 1 makes up 2.00% of the samples")


def test_the_remedy_weighs_each_class_by_one_over_its_share(skewed):
    (finding,) = find(skewed(losses(0.02, 3.9)))
    assert "class_weight={0: 0.51, 1: 25}" in finding.remedy.code


def test_a_rare_class_that_is_learnt_is_no_finding(skewed):
    assert not find(skewed(losses(0.02, 0.3)))


def test_nor_is_a_frequent_one_that_is_hard(skewed):
    assert not find(skewed(losses(0.02, 3.9), shares=EVEN))


def test_where_the_common_class_is_not_learnt_either_rareness_is_not_the_reason(skewed):
    assert not find(skewed(losses(0.6, 3.9)))


def test_it_counts_where_the_rare_class_is_seldom_seen(skewed):
    seldom = losses(0.02, 3.9)
    seldom[np.arange(STEPS) % 10 != 0, 1] = np.nan
    assert find(skewed(seldom))
    seldom[11:, 1] = np.nan
    assert not find(skewed(seldom))


def test_one_ignored_class_of_many_takes_little_off_the_mean_recall(skewed):
    shares = np.full(12, 0.0901)
    shares[5] = 1 - shares.sum() + shares[5]
    each = np.full((STEPS, 12), 0.05)
    each[:, 5] = 6.0
    assert not find(skewed(each, shares=shares))
    shares[6] = shares[5]
    each[:, 6] = 6.0
    assert find(skewed(each, shares=shares / shares.sum()))


def test_bad_validation_counts_against_skewed_classes(skewed):
    known = losses(0.01, 0.05)
    accuracy = np.full((STEPS, 1), 0.99)
    validation = {"loss": np.full(20, 1.5), "accuracy": np.full(20, 0.6)}
    (finding,) = find(skewed(known, accuracy=accuracy, validation=validation))
    assert finding.summary.endswith("accuracy is 0.99 in training and 0.60 in validation.")
    assert not find(skewed(known, EVEN, accuracy=accuracy, validation=validation))


def test_so_does_validation_that_is_no_better_than_the_shares_of_the_training(skewed):
    """The accuracy, that of the common class, is high."""
    known = losses(0.001, 0.005)
    run = skewed(
        known,
        loss=(np.tile(RARE, (STEPS, 1)) * known).sum(axis=1, keepdims=True),
        accuracy=1.0,
        validation={"loss": np.full(20, 0.2), "accuracy": np.full(20, 0.98)},
    )
    assert find(run)


@pytest.mark.parametrize("update", [1e-6, 0.5])
def test_weights_that_hardly_move_or_leap_are_another_cause(skewed, update):
    assert not find(skewed(losses(0.02, 3.9), update_ratio=update))


def test_so_are_regularizers_that_have_the_say(skewed):
    assert not find(skewed(losses(0.02, 3.9), regularization_grad_share=0.9))


@pytest.mark.parametrize("lacking", ["class_share", "class_loss", "batch_size", "update_ratio"])
def test_nothing_is_said_where_a_statistic_lacks(skewed, lacking):
    given = {"class_loss": losses(0.02, 3.9), lacking: None}
    assert not find(skewed(**given))


def test_nor_of_a_few_samples_that_are_rare_by_chance(make_run):
    run = make_run(20, class_share=RARE, class_loss=np.tile([0.02, 3.9], (20, 1)), batch_size=1.0)
    assert not find(run)
