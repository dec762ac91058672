import numpy as np
import pytest

from gradscope.diagnosis.rules.unshuffled_data import find

STEPS, BATCH, CLASSES = 120, 32, 4
RNG = np.random.default_rng(3)


def shares(labels):
    """float64[STEPS, CLASSES] of labels [STEPS, BATCH]."""
    return np.stack([(labels == c).mean(axis=1) for c in range(CLASSES)], axis=1)


LABELS = RNG.integers(0, CLASSES, size=STEPS * BATCH)
SHUFFLED = shares(LABELS.reshape(STEPS, BATCH))
SORTED = np.tile(shares(np.sort(LABELS[: STEPS // 3 * BATCH]).reshape(-1, BATCH)), (3, 1))
BALANCED = np.full((STEPS, CLASSES), 1 / CLASSES)
BORDERS = np.flatnonzero(np.diff(SORTED.argmax(axis=1))) + 1


def forgotten(level=3.0):
    """Losses of each class: small, but at each border as if it had never been seen."""
    each = np.full((STEPS, CLASSES), 0.1)
    each[BORDERS] = level
    return each


@pytest.fixture(name="ordered")
def _ordered(make_run):
    def ordered(class_share=SORTED, class_loss=0.1, **more):
        losses = np.broadcast_to(class_loss, (STEPS, CLASSES))
        given = {"class_share": class_share, "class_loss": losses, "batch_size": float(BATCH)}
        return make_run(STEPS, **{**given, **more})

    return ordered


def test_sorted_classes_that_are_forgotten_are_named(ordered):
    (finding,) = find(ordered(class_loss=forgotten()))
    assert (finding.cause, finding.severity, finding.step) == ("unshuffled-data", "warning", 0)
    assert finding.confidence >= 0.9
    assert finding.evidence["label_correlation"] > 0.8
    assert "of the new one" in finding.summary
    assert "shuffle(" in finding.remedy.code


def test_sorted_classes_that_are_all_learnt_are_a_remark(ordered):
    (finding,) = find(ordered())
    assert finding.severity == "info"
    assert "no harm" in finding.summary


def test_bad_validation_is_harm(ordered):
    run = ordered(accuracy=0.99, validation={"accuracy": np.full(12, 0.3)})
    (finding,) = find(run)
    assert finding.severity == "warning"
    assert finding.summary.endswith("accuracy is 0.99 in training and 0.30 in validation.")


def test_validation_that_swings_with_the_last_sort_is_harm(ordered):
    swinging = np.tile([0.4, 0.9, 0.3, 0.75], 3)[:10]
    (finding,) = find(ordered(accuracy=0.99, validation={"loss": 1 / swinging}))
    assert finding.severity == "warning"
    (finding,) = find(ordered(accuracy=0.99, validation={"loss": 0.1 + 0.3 * (swinging > 0.7)}))
    assert finding.severity == "info"


@pytest.mark.parametrize("mixed", [SHUFFLED, BALANCED], ids=["shuffled", "balanced"])
def test_mixed_samples_are_no_finding_however_bad_the_run(ordered, mixed):
    validation = {"accuracy": np.full(12, 0.3)}
    assert not find(ordered(mixed, class_loss=3.0, accuracy=0.99, validation=validation))


def test_a_shuffle_buffer_that_is_too_small_leaves_them_in_order(ordered):
    half = 0.7 * SORTED + 0.3 * SHUFFLED
    (finding,) = find(ordered(half, class_loss=3.0))
    assert 0.25 < finding.evidence["label_correlation"] < 0.7


def test_rare_classes_do_not_make_random_batches_seem_sorted(ordered):
    labels = RNG.choice(CLASSES, size=(STEPS, BATCH), p=[0.9, 0.09, 0.009, 0.001])
    assert not find(ordered(shares(labels), class_loss=3.0))


@pytest.mark.parametrize("batch", [1, 2])
def test_tiny_batches_are_joined(ordered, batch):
    drawn = RNG.integers(0, CLASSES, size=(STEPS, batch))
    random, in_order = shares(drawn), shares(np.sort(drawn.ravel()).reshape(STEPS, batch))
    assert not find(ordered(random, class_loss=3.0, batch_size=float(batch)))
    assert find(ordered(in_order, class_loss=3.0, batch_size=float(batch)))


def test_sorted_targets_that_are_forgotten_are_named(make_run):
    means = np.tile(np.linspace(-1.5, 1.5, 30), 4)[:, None]
    residual = np.full((STEPS, 1), 0.3)
    residual[np.arange(STEPS) % 30 < 4] = 2.0
    given = {"target_mean": means, "target_std": 0.1, "residual_rms": residual, "batch_size": 64.0}
    (finding,) = find(make_run(STEPS, **given))
    assert finding.severity == "warning"
    scattered = RNG.permutation(means[:, 0])[:, None] / np.sqrt(64)
    assert not find(make_run(STEPS, **{**given, "target_mean": scattered, "target_std": 1.0}))


@pytest.mark.parametrize("lacking", ["class_share", "batch_size"])
def test_nothing_is_said_where_a_statistic_lacks(ordered, lacking):
    assert not find(ordered(class_loss=forgotten(), **{lacking: None}))


def test_nor_of_one_batch_again_and_again(make_run):
    assert not find(make_run(STEPS, class_share=np.array([[1.0, 0.0]]).repeat(STEPS, 0)))
    run = make_run(STEPS, target_mean=1.0, target_std=0.5, batch_size=8.0, residual_rms=1.0)
    assert not find(run)
