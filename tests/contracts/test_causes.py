"""Every cause of the catalogue has a rule, a docs page, a seeded fault and a healthy twin."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from gradscope.causes import BY_SLUG, CAUSES, Cause, explained_by

ROOT = Path(__file__).parents[2]
CONTRACT = frozenset(
    """
    vanishing-gradient exploding-gradient nonfinite dead-units saturated-units
    disconnected-variable poor-initialization learning-rate-low learning-rate-high over-clipped
    gradient-underflow noisy-gradient over-regularized output-mismatch unnormalized-input
    unscaled-target nonfinite-input class-imbalance unshuffled-data label-mismatch label-noise
    underfitting overfitting loss-plateau loss-spike
    """.split()
)
"""The stable slugs."""

SECTIONS = (
    "## What it means",
    "## How it is decided",
    "## What it is confused with",
    "## What to do",
    "## References",
)

each = pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)


def test_slugs_are_unique_and_stable():
    assert len(BY_SLUG) == len(CAUSES)
    assert set(BY_SLUG) <= CONTRACT


def test_the_causal_graph_has_no_cycle():
    assert [cause.slug for cause in CAUSES if cause.slug in explained_by(cause.slug)] == []


def test_a_cycle_would_be_seen():
    circle = {"a": Cause("a", "flow", "", ("b",), ""), "b": Cause("b", "flow", "", ("a",), "")}
    assert "a" in explained_by("a", circle)


@each
def test_it_explains_causes_of_the_catalogue_only(cause):
    assert set(cause.explains) <= set(BY_SLUG)


@each
def test_it_has_a_rule_that_says_what_it_finds(cause):
    rule = import_module(f"gradscope.diagnosis.rules.{cause.rule}")
    assert callable(rule.find)
    source = Path(str(rule.__file__)).read_text(encoding="utf-8")
    assert f'"{cause.slug}"' in source, f"no finding of {cause.slug} in {cause.rule}.py"


@each
def test_it_has_a_docs_page_with_every_section(cause):
    page = (ROOT / cause.page).read_text(encoding="utf-8")
    assert page.startswith(f"# {cause.slug}\n")
    places = [page.find(section) for section in SECTIONS]
    assert -1 not in places, f"missing in {cause.page}: {SECTIONS[places.index(-1)]}"
    assert places == sorted(places)


@each
def test_it_has_a_seeded_fault_with_a_healthy_twin(cause):
    from tests.faults.programs import PROGRAMS

    sick = [program for program in PROGRAMS.values() if program.cause == cause.slug]
    assert sick, f"no program of tests/faults suffers from {cause.slug}"
    for program in sick:
        assert PROGRAMS[program.twin].cause == "", f"the twin of {program.name} is not healthy"


@each
def test_its_rule_states_the_reason_of_each_constant(cause):
    """Each upper-case number of a rule is followed by a docstring that names unit and reason."""
    rule = import_module(f"gradscope.diagnosis.rules.{cause.rule}")
    lines = Path(str(rule.__file__)).read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        name = line.split("=")[0].split(",")[0].strip()
        if name.isupper() and not name.startswith("_") and line.rstrip()[-1].isdigit():
            assert lines[number + 1].startswith('"""'), f"{cause.rule}.py: {name} has no reason"


def test_no_rule_imports_tensorflow_before_it_needs_a_posterior():
    modules = ["gradscope.diagnosis.engine", "gradscope.diagnosis.history"]
    modules += [f"gradscope.diagnosis.rules.{cause.rule}" for cause in CAUSES]
    code = f"import sys, {', '.join(modules)}; print('tensorflow' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
