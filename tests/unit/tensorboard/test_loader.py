from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest

from gradscope.tensorboard.loader import Loader
from tests.contracts.test_imports import heavy_after


def test_all_steps_are_kept():
    flags = SimpleNamespace(samples_per_plugin={"images": 5})
    Loader().fix_flags(flags)
    assert flags.samples_per_plugin == {"images": 5, "gradscope": 0}


def test_the_users_choice_stays():
    flags = SimpleNamespace(samples_per_plugin={"gradscope": 7})
    Loader().fix_flags(flags)
    assert flags.samples_per_plugin == {"gradscope": 7}


@pytest.mark.parametrize(
    "flags", [None, object(), SimpleNamespace(samples_per_plugin=None), SimpleNamespace()]
)
def test_flags_of_another_tensorboard_do_no_harm(flags):
    Loader().fix_flags(flags)


def test_no_tab_without_a_data_provider():
    assert Loader().load(SimpleNamespace(data_provider=None)) is None


def test_tensorboard_finds_it():
    (found,) = entry_points(group="tensorboard_plugins", name="gradscope")
    assert found.load() is Loader


def test_importing_it_imports_tensorboard_only():
    """An import that fails would end TensorBoard, so that there are none that could."""
    code = """
    import sys
    import tensorboard.plugins.base_plugin
    before = set(sys.modules)
    import gradscope.tensorboard.loader
    new = set(sys.modules) - before
    new = {name for name in new if name.split(".")[0] not in sys.stdlib_module_names}
    assert new == {"gradscope", "gradscope.tensorboard", "gradscope.tensorboard.loader"}, new
    """
    assert heavy_after(code) == []


def test_loading_the_plugin_imports_no_tensorflow():
    code = """
    from types import SimpleNamespace
    from gradscope.tensorboard.loader import Loader
    plugin = Loader().load(SimpleNamespace(data_provider=object(), sampling_hints=None))
    assert plugin.get_plugin_apps() and not plugin.is_active()
    """
    assert heavy_after(code) == []
