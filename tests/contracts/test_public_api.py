"""The public surface: programs are written against it, so no name comes or goes by accident."""

import doctest
import inspect

import pytest

import gradscope

PUBLIC = [
    "Callback",
    "Check",
    "GradientTape",
    "GradscopeError",
    "GradscopeWarning",
    "Overhead",
    "Preflight",
    "Record",
    "Remedy",
    "Report",
    "Run",
    "Scope",
    "Verdict",
    "compare",
    "diagnose",
    "open_run",
    "preflight",
]


def test_the_public_names_are_these():
    assert gradscope.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_it_is_listed_and_resolves(name):
    assert name in dir(gradscope)
    assert getattr(gradscope, name).__name__ == name


@pytest.mark.parametrize("name", PUBLIC)
def test_it_says_what_it_is_and_shows_an_example(name):
    documentation = (
        vars(getattr(gradscope, name)).get("__doc__") or getattr(gradscope, name).__doc__
    )
    first_line = inspect.cleandoc(documentation).splitlines()[0]
    assert first_line.endswith("."), first_line
    assert doctest.DocTestParser().get_examples(documentation), "no example to run"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gradscope' has no attribute 'Scoop'"):
        gradscope.Scoop  # noqa: B018


def test_every_error_is_a_gradscope_error():
    from gradscope import errors

    raised = [
        error
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if not issubclass(error, Warning)
    ]
    assert len(raised) == 7
    assert all(issubclass(error, gradscope.GradscopeError) for error in raised)
