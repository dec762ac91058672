import numpy as np
import pytest

from gradscope.diagnosis.rules.overfitting import find

STEPS = 200
EVEN = np.array([0.5, 0.5])
LOSS = np.linspace(0.69, 0.01, STEPS)[:, None]
SCORE = np.linspace(0.5, 1.0, STEPS)[:, None]
WORSE = np.r_[np.linspace(0.65, 0.4, 6), np.linspace(0.42, 0.9, 14)]


@pytest.fixture(name="classes")
def _classes(make_run):
    def classes(**more):
        given = {
            "class_share": EVEN, "class_loss": LOSS * [1, 1], "loss": LOSS, "accuracy": SCORE,
            "batch_size": 32.0,
        }  # fmt: skip
        return make_run(STEPS, **{**given, **more})

    return classes


@pytest.fixture(name="targets")
def _targets(make_run):
    """Targets of variance 1, so that losses are errors over guessing."""

    def targets(error=LOSS, **more):
        given = {
            "target_mean": 0.0,
            "target_std": 1.0,
            "residual_rms": np.sqrt(error),
            "loss": error,
        }
        return make_run(STEPS, **{**given, **more})

    return targets


def test_accuracy_far_below_that_in_training_is_named(classes):
    validation = {"loss": WORSE, "accuracy": np.full(20, 0.75)}
    (finding,) = find(classes(validation=validation))
    assert (finding.cause, finding.severity) == ("overfitting", "warning")
    assert finding.confidence >= 0.9
    assert finding.evidence["gap"] == pytest.approx(0.2, abs=0.02)


def test_it_is_dated_at_the_best_validation_which_is_where_to_stop(classes):
    accuracy = np.r_[np.linspace(0.6, 0.88, 6), np.linspace(0.87, 0.7, 14)]
    (finding,) = find(classes(validation={"loss": WORSE, "accuracy": accuracy}))
    assert finding.step == finding.evidence["best_step"] == int(np.linspace(0, 199, 20)[5])
    assert f"best at step {finding.step}" in finding.summary
    assert "EarlyStopping(patience=3, restore_best_weights=True)" in finding.remedy.code
    assert "AdamW(learning_rate=0.01, weight_decay=0.01)" in finding.remedy.code


def test_what_the_run_has_already_is_not_recommended(classes):
    info = {"dropout": {"drop": 0.2}, "regularizers": {"a/kernel": {"l2": 1e-4}}}
    validation = {"loss": np.full(20, 0.6), "accuracy": np.full(20, 0.75)}
    (finding,) = find(classes(info=info, validation=validation))
    assert "Dropout(0.5)" in finding.remedy.code
    assert "EarlyStopping" not in finding.remedy.code and "AdamW" not in finding.remedy.code


def test_a_small_gap_is_usual(classes):
    assert not find(classes(validation={"accuracy": np.full(20, 0.9)}))


def test_so_is_a_loss_that_rises_while_the_accuracy_stays(classes):
    assert not find(classes(validation={"loss": WORSE, "accuracy": np.full(20, 0.95)}))


def test_training_that_did_not_learn_does_not_overfit(classes):
    still = {"loss": 0.69, "class_loss": [0.69, 0.69], "accuracy": 0.75}
    assert not find(classes(**still, validation={"accuracy": np.full(20, 0.5)}))


def test_without_accuracy_validation_must_also_have_got_worse(targets):
    level = np.full(20, 0.45)
    assert not find(targets(validation={"loss": level}))
    (finding,) = find(targets(validation={"loss": WORSE}))
    assert finding.evidence["training_error"] == pytest.approx(0.03, abs=0.03)
    assert find(targets(validation={"loss": level + 0.35})), "or be worse by far"


def test_the_penalty_of_regularizers_is_no_validation_error(targets):
    """Keras' evaluate adds it."""
    penalty = np.linspace(3.0, 0.7, STEPS)[:, None]
    run = targets(
        loss=LOSS + penalty,
        regularization_loss=penalty,
        validation={"loss": np.full(19, 0.1) + np.linspace(3.0, 0.7, STEPS)[10:200:10].ravel()},
    )
    assert not find(run)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_two_validations_are_too_few(classes, count):
    assert not find(classes(validation={"accuracy": np.full(count, 0.5)}))


def test_other_metrics_and_holes_are_passed_over(classes):
    holes = np.full(20, 0.7)
    holes[[0, 7, 19]] = np.nan
    assert find(classes(validation={"accuracy": holes, "auc": np.full(20, 0.9)}))
    assert not find(classes(validation={"auc": np.full(20, 0.1)}))
    assert not find(classes(validation={"accuracy": np.full(20, np.nan)}))


def test_accuracy_that_is_lost_again_while_training_improves_is_named(classes):
    """Long before the training data are known by heart."""
    accuracy = np.r_[np.linspace(0.6, 0.9, 6), np.linspace(0.89, 0.74, 14)]
    score = np.minimum(SCORE, 0.8)
    (finding,) = find(classes(accuracy=score, validation={"accuracy": accuracy}))
    assert finding.evidence["probability_worse"] < 0.5 < finding.evidence["probability_lost"]
    away = {"accuracy": score, "loss": LOSS[::-1], "class_loss": LOSS[::-1] * [1, 1]}
    assert not find(classes(**away, validation={"accuracy": accuracy})), "training got worse, too"
