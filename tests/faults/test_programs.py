"""Real trainings under a Scope: the sick ones are named, their healthy twins are not."""

import pytest

import gradscope
from gradscope.causes import BY_SLUG, CAUSES
from tests.faults.programs import PROGRAMS, Program

# Keras sees a part of two faults as well: that an optimizer was handed None, a softmax of one unit.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*softmax over axis:UserWarning"),
]

FIRST = {
    cause.slug: next(p for p in PROGRAMS.values() if p.cause == cause.slug) for cause in CAUSES
}
"""One program for each cause, and with it its twin: the others take minutes, and are slow."""

USUAL = {p.name for p in FIRST.values()} | {p.twin for p in FIRST.values()}
FAMILIES = {cause.family: FIRST[cause.slug].name for cause in reversed(CAUSES)}


def each(names: list[str], usual: set[str]) -> pytest.MarkDecorator:
    """Parametrizes by the names; those beyond the usual ones are slow."""
    marks = {True: [], False: [pytest.mark.slow]}
    return pytest.mark.parametrize(
        "name", [pytest.param(n, marks=marks[n in usual]) for n in names]
    )


SICK = [name for name, program in PROGRAMS.items() if program.cause in BY_SLUG]
HEALTHY = [name for name, program in PROGRAMS.items() if not program.cause]
# One of each cause as most people train: a compiler that reorders must not hide a fault.
COMPILED = [program.name for program in FIRST.values()]


def watch(program: Program, logdir: str, compiled: bool = False) -> gradscope.Report:
    """The report on the whole training."""
    training = program.start()
    scope = gradscope.Scope(training.model, logdir, every=1, console=False)
    step = scope.step(training.step, jit_compile=compiled)
    with scope:
        for done, (x, y) in enumerate(training.batches, start=1):
            step(x, y)
            if training.validate and done % training.epoch == 0:
                scope.validate(**training.validate())
        report = scope.report()
    # Without it a run of which nothing was recorded would pass for a healthy one.
    assert report.steps == len(training.batches)
    return report


def check_named(program: Program, report: gradscope.Report) -> None:
    assert report.judged
    assert not report.healthy, report
    primary = report.primary
    assert primary is not None
    assert primary.cause in (program.cause, *program.also), report
    assert primary.confidence >= 0.9
    assert primary.step <= program.step
    assert program.layer in (primary.layer or "")
    assert len(report.verdicts) == 1, "everything else must be a symptom of it"
    assert primary.summary
    assert primary.remedy.text
    # Where the sign of the loss is wrong, a gentler optimizer would be no help.
    assert bool(primary.remedy.code) != ("falls without bound" in primary.summary)


@each(SICK, USUAL)
def test_a_sick_program_is_named(name, tmp_path):
    program = PROGRAMS[name]
    check_named(program, watch(program, str(tmp_path)))


@each(COMPILED, set(FAMILIES.values()))
def test_a_sick_program_compiled_by_xla_is_named(name, tmp_path):
    program = PROGRAMS[name]
    check_named(program, watch(program, str(tmp_path), compiled=True))


@each(HEALTHY, USUAL)
def test_a_healthy_program_has_no_verdict(name, tmp_path):
    report = watch(PROGRAMS[name], str(tmp_path))
    assert report.verdicts == (), report


@pytest.mark.parametrize(
    "name", ["sgd-far-too-fast", "adam-far-too-fast", "convolution-far-too-fast"]
)
def test_what_one_update_killed_is_a_symptom_of_that_update(name, tmp_path):
    (verdict,) = watch(PROGRAMS[name], str(tmp_path)).verdicts
    below = {symptom.cause for symptom in verdict.symptoms}
    assert {"dead-units", "vanishing-gradient"} <= below, below


def test_the_log_directory_gives_the_same_verdicts(tmp_path):
    report = watch(PROGRAMS["hole-in-the-data"], str(tmp_path))
    again = gradscope.diagnose(tmp_path)
    # As dictionaries, in which a NaN of the evidence is None and equal to itself.
    assert [v.to_dict() for v in again.verdicts] == [v.to_dict() for v in report.verdicts]
    assert again.steps == report.steps
