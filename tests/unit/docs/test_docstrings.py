"""The reference reads this project's docstrings as they are meant."""

import doctest
import runpy
from pathlib import Path

SITE = Path(__file__).parents[3] / "docs" / "site"
MODULE = runpy.run_path(str(SITE / "docstrings.py"))
rewritten = MODULE["rewritten"]


def test_its_example():
    test = doctest.DocTestFinder().find(rewritten, "rewritten", globs={"rewritten": rewritten})
    assert test[0].examples
    assert doctest.DocTestRunner(verbose=False).run(test[0]).failed == 0


def test_a_paragraph_that_only_looks_like_arguments_stays():
    text = "What comes back.\n\nNote: this is a sentence."
    assert rewritten(text, {"fn"}) == text


def test_paragraphs_of_arguments_are_joined():
    text = "All.\n\na: one,\n    of two.\n\nb: two.\n\nRaises Error where it must."
    assert rewritten(text, {"a", "b"}) == (
        "All.\n\nArgs:\n    a: one, of two.\n    b: two.\n\nRaises Error where it must."
    )


def test_an_example_ends_with_its_paragraph():
    assert rewritten("One.\n\n>>> 1\n1\n\nTwo.", set()) == "One.\n\n```pycon\n>>> 1\n1\n```\n\nTwo."
