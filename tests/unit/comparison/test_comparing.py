"""The whole answer: its form, its symmetry, its sentences."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradscope
from gradscope.comparison import compare
from gradscope.errors import RunError, UsageError
from gradscope.records import Verdict
from tests.runs import write_session
from tests.unit.comparison.views import KERNELS, facts, training

API = Path(gradscope.__file__).parent / "tensorboard" / "http_api.md"
SICK = Verdict("unnormalized-input", "critical", None, 0, 1.0, "Unscaled.")


def unscaled(seed):
    b = training(seed)
    for name in ("input_mean", "input_std", "input_max_abs"):
        b = b.changed(name, name, lambda values: values * 255)
    return b.changed("activation_rms", "net/one", lambda values: values * 255)


def test_the_answer_has_the_form_that_the_routes_promise():
    section = API.read_text(encoding="utf-8").partition("## `compare")[2]
    promised = json.loads(section.split("```json")[1].split("```")[0])
    found = compare(
        training(0), unscaled(1).changed("learning_rate", "learning_rate", lambda x: x * 2),
        ("good", "bad"), ((), (SICK,)),
    ).to_dict()  # fmt: skip
    assert list(found) == list(promised)
    for key in ("settings", "data", "layers"):
        assert list(found[key][0]) == list(promised[key][0])
    assert set(found["parting"]) == set(promised["parting"])
    assert (found["a"], found["b"]) == ("good", "bad")
    assert found["verdicts"] == {"a": [], "b": ["unnormalized-input"]}
    json.dumps(found, allow_nan=False)


def test_the_most_telling_thing_comes_first():
    found = compare(training(0), unscaled(1), verdicts=((), (SICK,)))
    first, second, third, last = found.sentences
    assert first.startswith("The inputs' standard deviation is 0.37 in a and 94")
    assert second.startswith("They part at step 0: the root mean square of the output of net/one")
    assert third == "Verdicts: a has none; b has unnormalized-input."
    assert last.startswith("Over the last 10 steps that both recorded the median loss is ")


def test_other_seeds_are_said_to_be_alike():
    found = compare(training(0), training(1))
    assert found.sentences[0] == (
        "Settings, data and course differ no more than two runs of the same training "
        "with other seeds do."
    )


def test_what_another_difference_says_already_gets_no_sentence():
    b = training(1, info=facts(optimizers=[{"class": "Adam", "beta_1": 0.9}]))
    text = " ".join(compare(training(0), b).sentences)
    assert "The optimizer is SGD in a and Adam in b." in text
    assert "beta_1" not in text and "momentum" not in text


def test_many_settings_are_counted():
    b = training(1, info=facts(extra={f"setting {k}": k for k in range(30)}))
    assert "22 more settings differ." in compare(training(0), b).sentences


def test_models_without_a_common_name():
    b = training(1).renamed(lambda name: name.replace("net/", "other/sub/"))
    found = compare(training(0), b)
    assert found.only_a[: len(KERNELS)] == KERNELS and len(found.only_b) == len(found.only_a)
    assert any("6 only in a, 6 only in b" in sentence for sentence in found.sentences)


changes = st.lists(
    st.tuples(
        st.sampled_from(["grad_norm", "update_ratio", "weight_norm"]),
        st.sampled_from(KERNELS),
        st.sampled_from([0.0, 1e-6, 0.5, 3.0, 1e6, np.nan, np.inf]),
        st.integers(0, 79),
    ),
    max_size=3,
)


def build(seed, steps, edits):
    run = training(seed, steps)
    for statistic, name, factor, since in edits:
        with np.errstate(invalid="ignore"):  # zero times infinity
            run = run.changed(statistic, name, lambda x, f=factor: x * np.float32(f), since % steps)
    return run


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.integers(1, 80), changes)
def test_a_run_never_differs_from_itself(seed, steps, edits):
    run = build(seed, steps, edits)
    found = compare(run, run)
    assert found.parting is None and found.layers == () and found.settings == ()
    assert not any(datum.differs for datum in found.data)
    assert found.only_a == found.only_b == ()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 5), st.integers(1, 80), st.integers(1, 80), changes, st.integers(0, 5))
def test_the_order_of_the_two_does_not_matter(seed, steps, other_steps, edits, other):
    a, b = build(seed, steps, ()), build(other, other_steps, edits)
    there, back = compare(a, b), compare(b, a)
    assert there.exact == back.exact
    swapped = [(p.statistic, p.name, p.step, p.b, p.a) for p in back.layers]
    np.testing.assert_equal(
        [(p.statistic, p.name, p.step, p.a, p.b) for p in there.layers], swapped
    )
    assert {d.what: d.differs for d in there.data} == {d.what: d.differs for d in back.data}
    assert {s.what for s in there.settings} == {s.what for s in back.settings}
    assert len(there.sentences) == len(back.sentences)
    json.dumps(there.to_dict(), allow_nan=False)


def test_runs_on_disk_and_opened_ones(tmp_path):
    write_session(tmp_path / "a", range(25), verdicts=())
    write_session(tmp_path / "b", range(25), verdicts=(SICK,))
    found = gradscope.compare(tmp_path / "a", gradscope.open_run(tmp_path / "b"))
    assert (found.a, found.b) == (str(tmp_path / "a"), str(tmp_path / "b"))
    assert found.steps == 25 and found.parting is None
    assert found.verdicts_b == ("unnormalized-input",)
    with pytest.raises(RunError, match="compare: 2 runs below .* Name one:"):
        gradscope.compare(tmp_path, tmp_path / "a")
    with pytest.raises(UsageError, match="expected a log directory or a run of open_run, got int"):
        gradscope.compare(3, tmp_path / "a")
