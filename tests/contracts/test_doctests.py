"""Every example in a docstring runs and prints what it says.

Not pytest's own collection: here the examples run under the fixtures of this suite, in a
directory of their own, so that one may write `logdir="runs/digits"`.
"""

import doctest
import pkgutil
from importlib import import_module

import pytest

import gradscope

MODULES = [
    module.name
    for module in pkgutil.walk_packages(gradscope.__path__, "gradscope.")
    if not module.name.endswith("__main__")
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("module", MODULES)
def test_examples(module, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(module), optionflags=FLAGS)
    assert result.failed == 0, capsys.readouterr().out


def test_a_wrong_example_fails():
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    assert runner.run(test, out=lambda text: None).failed == 1
