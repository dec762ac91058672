from typing import Any

import numpy as np
import pytest

from gradscope.diagnosis.rules.label_mismatch import find


def facts(kind: str = "sparse", units: int = 4, layer: str | None = "net/out") -> dict[str, Any]:
    output = {"layer": layer, "activation": "linear", "units": units, "before": None}
    classes = 2 if kind == "binary" else units
    return {"objective": {"kind": kind, "classes": classes, "output": output}}


@pytest.fixture
def labelled(make_run):
    def run(low, high, steps=100, info=None, accuracy=0.25, **values: Any):
        noise = np.random.default_rng(2).normal(0, 0.01, (steps, 1))
        given = {
            "target_min": low,
            "target_max": high,
            "class_share": np.full((steps, 4), 0.25),
            "accuracy": accuracy + noise,
        }
        return make_run(steps, info=info or facts(), **{**given, **values})

    return run


def test_labels_counted_from_one_are_named(labelled):
    loss = np.full((100, 1), np.nan)
    (finding,) = find(labelled(1.0, 4.0, loss=loss))
    assert (finding.cause, finding.severity, finding.step) == ("label-mismatch", "critical", 0)
    assert (finding.layer, finding.confidence) == ("net/out", 1.0)
    assert finding.summary.startswith("Labels go from 1 to 4, but net/out knows the classes 0 to 3")
    assert finding.remedy.code == "y = y - 1"


def test_labels_in_range_are_fine(labelled):
    assert not find(labelled(0.0, 3.0, loss=np.nan))


def test_more_labels_than_outputs_ask_for_more_outputs(labelled):
    (finding,) = find(labelled(0.0, 9.0, loss=np.nan))
    assert "Dense(10)" in finding.remedy.code


def test_labels_that_are_left_out_on_purpose_are_fine(labelled):
    assert not find(labelled(-1.0, 3.0, accuracy=0.95))


def test_but_not_where_nothing_is_learnt(labelled):
    (finding,) = find(labelled(-1.0, 3.0, accuracy=0.25))
    assert "ignore_class=-1" in finding.remedy.code


@pytest.mark.parametrize(("loss", "named"), [
    (0.3, False),  # of distances between embeddings, say
    (2.0, True),  # the mean over the samples that have a class
    (1.6, True),  # over all of them, as with tf.one_hot
])  # fmt: skip
def test_integers_beside_an_embedding_are_no_classes(labelled, loss, named):
    shares, own = np.full((100, 4), 0.2), np.full((100, 4), 2.0)
    run = labelled(0.0, 4.0, loss=loss, class_share=shares, class_loss=own)
    assert bool(find(run)) == named


def test_but_a_loss_that_has_a_name_says_what_labels_are(labelled):
    info = facts()
    info["objective"]["loss"] = "sparse_categorical_crossentropy"
    own = np.full((100, 4), 2.0)
    assert find(labelled(0.0, 4.0, loss=0.3, class_loss=own, info=info))


def test_a_loss_that_breaks_where_such_a_label_is_says_so_itself(labelled):
    own = np.full((100, 4), 2.0)
    loss = np.full((100, 1), 0.3)
    loss[0] = np.nan
    assert find(labelled(0.0, 4.0, loss=loss, class_loss=own))


def test_the_labels_of_another_model_are_its_own(labelled):
    assert not find(labelled(1.0, 4.0, loss=np.nan, info=facts(layer=None)))


def test_one_and_two_are_no_binary_labels(labelled):
    (finding,) = find(labelled(1.0, 2.0, info=facts("binary", 1)))
    assert "all of them pull the same way" in finding.summary
    assert finding.remedy.code == "y = (y - 1) / 1"


def test_ten_classes_in_a_binary_loss_are_another_cause(labelled):
    assert not find(labelled(0.0, 9.0, info=facts("binary", 1)))


def only(steps: int = 100) -> np.ndarray:
    shares = np.zeros((steps, 4))
    shares[:, 2] = 1.0
    return shares


def test_one_class_is_named(labelled):
    (finding,) = find(labelled(2.0, 2.0, class_share=only()))
    assert "are of class 2" in finding.summary
    assert finding.confidence == 1.0


def test_two_classes_are_fine_however_sorted(labelled):
    shares = only()
    shares[60:] = [1, 0, 0, 0]
    assert not find(labelled(0.0, 2.0, class_share=shares))


def test_a_loss_that_knows_other_labels_too_is_that_of_a_discriminator(labelled):
    own = np.full((100, 4), np.nan)
    own[:, 2] = 0.4
    assert not find(labelled(2.0, 2.0, class_share=only(), class_loss=own, loss=1.1))
    assert find(labelled(2.0, 2.0, class_share=only(), class_loss=own, loss=0.4))


@pytest.mark.parametrize("steps", [0, 1, 19])
def test_one_class_in_few_batches_may_be_chance(labelled, steps):
    assert not find(labelled(2.0, 2.0, steps=steps, class_share=only(steps)))


def test_more_classes_than_are_recorded_are_judged_by_their_range(labelled):
    info = facts(units=1000)
    assert find(labelled(7.0, 7.0, class_share=None, info=info))
    assert not find(labelled(7.0, 8.0, class_share=None, info=info))


def test_without_labels_nothing_is_found(make_run):
    assert not find(make_run())
    assert not find(make_run(info=facts()))


@pytest.mark.parametrize(("kind", "accuracy", "named"), [
    ("onehot", 0.4, True),
    ("onehot", 0.95, False),
    ("sparse", 0.4, False),
])  # fmt: skip
def test_one_hot_rows_of_zeros(labelled, kind, accuracy, named):
    shares = np.full((100, 4), 0.15)
    findings = find(labelled(0.0, 1.0, info=facts(kind), accuracy=accuracy, class_share=shares))
    assert bool(findings) == named
    if named:
        assert findings[0].summary.startswith("40% of the one-hot labels are rows of zeros")


def test_one_hot_rows_with_a_class_each_are_fine(labelled):
    assert not find(labelled(0.0, 1.0, info=facts("onehot"), accuracy=0.4))
