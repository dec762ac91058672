import numpy as np
import pytest

from gradscope.diagnosis.rules.label_noise import find
from tests.unit.diagnosis.conftest import KERNELS, LAYERS

STEPS, CLASSES = 120, 4
NOISE = np.random.default_rng(6).lognormal(0, 0.03, size=(STEPS, 1))
GUESSING = np.log(CLASSES) * NOISE
LEARNT = np.linspace(1.39, 0.05, STEPS)[:, None]
SHARES = np.random.default_rng(7).multinomial(64, np.full(CLASSES, 0.25), size=STEPS) / 64
LINEAR = {"layers": {layer: {"class": "Dense", "activation": None, "units": 9} for layer in LAYERS}}


@pytest.fixture(name="trained")
def _trained(make_run):
    def trained(loss=GUESSING, **more):
        given = {
            "loss": loss, "class_loss": loss * np.ones(CLASSES), "class_share": SHARES,
            "batch_size": 64.0, "accuracy": np.clip(1.0 - 0.55 * loss, 0, 1), "grad_norm": 0.1,
        }  # fmt: skip
        return make_run(STEPS, **{**given, **more})

    return trained


def test_nothing_learnt_though_everything_works_is_named(trained):
    (finding,) = find(trained())
    assert (finding.cause, finding.severity, finding.step) == ("label-noise", "warning", 0)
    assert finding.confidence >= 0.9
    assert "nothing to do with the inputs" in finding.summary
    assert "permutation" in finding.remedy.code


@pytest.mark.parametrize(
    "other",
    [
        {"update_ratio": 2e-5},
        {"update_ratio": 0.3},
        {"grad_norm": [1e-7, 1e-6, 1e-4, 1e-3, 1e-2, 0.1]},
        {"dead_fraction": 0.9},
        {"regularization_grad_share": 0.8},
        {"nonfinite_count": 1.0},
        {"input_std": 0.0},
        {"info": LINEAR},
        {"info": {"optimizers": [{"class": "Adam"}, {"class": "Adam"}]}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_else_explains_it_comes_first(trained, other):
    assert not find(trained(**other))


def test_a_gradient_that_agrees_with_itself_is_on_its_way(trained):
    info = {
        "optimizers": [{"class": "Adam"}],
        "variables": {kernel: {"shape": [10, 10]} for kernel in KERNELS},
    }
    # m/√v = ‖Δw‖ / (rate · √100)
    assert not find(trained(info=info, learning_rate=1e-3, update_norm=0.8e-2))
    assert find(trained(info=info, learning_rate=1e-3, update_norm=0.25e-2))


@pytest.mark.parametrize("end", [0.7, 2.5])
def test_an_error_that_falls_or_rises_is_another_story(trained, end):
    assert not find(trained(np.linspace(1.39, end * 1.39, STEPS)[:, None]))


def test_an_error_far_above_guessing_is_no_lack_of_information(trained):
    assert not find(trained(3 * GUESSING))


def test_what_is_learnt_by_heart_and_worth_nothing_is_named(trained):
    validation = {"loss": np.linspace(1.4, 3.0, 12), "accuracy": np.full(12, 0.26)}
    (finding,) = find(trained(LEARNT, validation=validation))
    assert "by heart" in finding.summary
    assert finding.evidence["validation_error_best"] == pytest.approx(1.0, abs=0.15)


LATE = np.log(CLASSES) * np.random.default_rng(8).lognormal(-0.07, 0.1, size=(STEPS, 1))
BEGUN = np.where(np.arange(STEPS)[:, None] < 70, np.log(CLASSES) * NOISE, LATE)


def test_learning_by_heart_is_seen_as_it_begins(trained):
    flat = {"loss": np.full(8, 1.41)}
    (finding,) = find(trained(BEGUN, validation=flat))
    assert "begin to be learnt by heart" in finding.summary
    assert not find(trained(BEGUN, validation={"loss": np.linspace(1.4, 1.15, 8)}))
    assert not find(trained(BEGUN, validation=flat, update_ratio=2e-5))
    assert not find(trained(BEGUN))


def test_scattered_batches_do_not_hide_that_validation_stands_at_guessing(trained):
    scattered = GUESSING.copy()
    scattered[30:40] *= 0.85
    assert not find(trained(scattered))
    assert find(trained(scattered, validation={"loss": np.full(8, 1.4)}))
    assert not find(trained(scattered, validation={"loss": np.full(8, 1.1)}))


def test_the_best_of_many_validations_is_low_by_luck(trained):
    loss = np.log(CLASSES) * np.r_[0.93, 0.91, 0.91, 0.93, np.full(12, 1.1)]
    assert find(trained(LEARNT, validation={"loss": loss}))
    assert not find(trained(LEARNT, validation={"loss": np.r_[loss[:4] * 0.9, loss[4:]]}))
    assert not find(trained(LEARNT, validation={"loss": np.r_[loss, np.full(6, 1.1)]}))


def test_kernels_beside_the_way_of_the_gradient_need_none(trained):
    assert find(trained(grad_norm=[0.1, 1e-6, 1e-6, 0.1, 1e-6, 0.1]))


def test_validation_that_was_better_than_guessing_once_is_overfitting(trained):
    loss = np.r_[np.linspace(1.4, 0.9, 4), np.linspace(1.0, 3.0, 8)]
    assert not find(trained(LEARNT, validation={"loss": loss}))
    assert not find(trained(LEARNT, validation={"loss": loss + 0.6, "accuracy": np.full(12, 0.6)}))


def test_sorted_batches_and_skewed_classes_explain_it_as_well(trained):
    validation = {"loss": np.full(12, 2.0)}
    one_sort = np.eye(CLASSES).repeat(STEPS // CLASSES, axis=0)
    assert not find(trained(LEARNT, class_share=one_sort, validation=validation))
    skewed = np.tile([0.97, 0.01, 0.01, 0.01], (STEPS, 1))
    assert not find(trained(LEARNT, class_share=skewed, validation=validation))


AHEAD = {"accuracy": np.r_[np.linspace(0.5, 0.9, 4), np.linspace(0.85, 0.5, 5), np.full(6, 0.5)]}


def test_validation_that_knew_better_until_wrong_labels_were_learnt_is_named(trained):
    (finding,) = find(trained(LEARNT, info={"dropout": {}}, validation=AHEAD))
    assert "wrong labels" in finding.summary


def test_dropout_explains_that_as_well(trained):
    for info in ({"dropout": {"drop": 0.5}}, {}):
        assert not find(trained(LEARNT, info=info, validation=AHEAD))


def test_a_sound_run_is_no_finding(trained):
    validation = {"loss": np.linspace(1.3, 0.1, 12), "accuracy": np.linspace(0.5, 0.96, 12)}
    assert not find(trained(LEARNT, info={"dropout": {}}, validation=validation))


@pytest.mark.parametrize("lacking", ["class_share", "class_loss", "update_ratio"])
def test_nothing_is_said_where_a_statistic_lacks(trained, lacking):
    assert not find(trained(**{lacking: None}))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "Bidirectional", "Dense"])
def test_what_may_be_lost_through_time_is_not_blamed_on_labels(trained, kind):
    known = {layer: {"class": "Dense", "activation": "relu", "units": 9} for layer in LAYERS}
    info = {"layers": {**known, LAYERS[0]: {"class": kind, "activation": "tanh", "units": 9}}}
    assert bool(find(trained(info=info))) == (kind == "Dense")


@pytest.mark.parametrize(("batch", "named"), [(32, True), (2, False)])
def test_few_samples_say_too_little_of_labels(trained, batch, named):
    """Twelve validations of a run: so many samples at most are between two of them."""
    validation = {"loss": np.linspace(1.4, 3.0, 12), "accuracy": np.full(12, 0.26)}
    assert bool(find(trained(LEARNT, validation=validation, batch_size=float(batch)))) == named
