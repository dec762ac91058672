import numpy as np

from gradscope.diagnosis.rules.nonfinite_input import find


def at(steps, bad=np.nan, good=1.0, total=100):
    """float64[total, 1] with a bad number at some steps."""
    values = np.full((total, 1), good)
    values[steps] = bad
    return values


def test_a_hole_after_which_nothing_is_finite_is_named(make_run):
    (finding,) = find(make_run(input_max_abs=at(30), loss=at(slice(30, None))))
    assert (finding.cause, finding.severity, finding.step) == ("nonfinite-input", "critical", 30)
    assert finding.confidence == 1.0
    assert finding.summary.startswith("The inputs of step 30 hold NaN or Inf")
    assert "filter" in finding.remedy.code


def test_a_hole_that_passes_is_a_warning(make_run):
    (finding,) = find(make_run(input_max_abs=at(30, np.inf), loss=at(30)))
    assert finding.severity == "warning"


def test_a_gradient_tells_of_the_harm_as_well(make_run):
    counts = np.zeros((100, 6))
    counts[30] = 7
    assert find(make_run(input_max_abs=at(30), nonfinite_count=counts))


def test_holes_that_the_model_fills_are_fine(make_run):
    assert not find(make_run(input_max_abs=at([30, 50, 70])))


def test_holes_long_before_the_harm_did_not_do_it(make_run):
    assert not find(make_run(input_max_abs=at(30), loss=at(slice(60, None))))


def test_a_run_that_breaks_on_finite_data_is_another_cause(make_run):
    assert not find(make_run(loss=at(slice(30, None))))


def test_a_bad_batch_that_was_not_recorded_is_known_by_others(make_run):
    """It broke at 30; of the bad batches only later ones were recorded."""
    (finding,) = find(make_run(input_max_abs=at([44, 80]), loss=at(slice(30, None))))
    assert finding.step == 30
    assert "The inputs of step 44" in finding.summary


def test_a_model_that_is_fed_its_own_output_is_not_blamed(make_run):
    bad = slice(31, None)
    assert not find(make_run(input_max_abs=at(bad), loss=at(slice(30, None))))


def test_inputs_without_figures_are_whole_numbers(make_run):
    assert not find(make_run(input_max_abs=np.nan, loss=at(slice(30, None))))


def test_inputs_that_were_never_finite_are_named(make_run):
    (finding,) = find(make_run(input_max_abs=np.nan, activation_mean=np.nan, loss=np.nan))
    assert finding.step == 0


def test_targets_are_told_from_inputs(make_run):
    info = {"objective": {"kind": "regression"}}
    run = make_run(info=info, target_mean=at(30), loss=at(slice(30, None)))
    (finding,) = find(run)
    assert finding.summary.startswith("The targets of step 30")
    assert "is_finite(y)" in finding.remedy.code


def test_classes_have_no_mean(make_run):
    info = {"objective": {"kind": "sparse"}}
    run = make_run(info=info, target_mean=np.nan, target_min=0.0, loss=at(slice(30, None)))
    assert not find(run)
