"""The entry point of TensorBoard's plugin.

TensorBoard imports this module at every start, whatever it is to show, and an exception here, or in
`fix_flags`, ends it: nothing is imported but tensorboard's own, and nothing raises.
"""

import contextlib
from typing import Any

from tensorboard.plugins import base_plugin


class Loader(base_plugin.TBLoader):
    """Makes the Gradscope tab.

    >>> from types import SimpleNamespace
    >>> flags = SimpleNamespace(samples_per_plugin={})
    >>> Loader().fix_flags(flags)
    >>> flags.samples_per_plugin
    {'gradscope': 0}
    """

    def fix_flags(self, flags: Any) -> None:
        """Has all steps of our tags kept, unless the user chose a number."""
        with contextlib.suppress(Exception):
            flags.samples_per_plugin.setdefault("gradscope", 0)

    def load(self, context: base_plugin.TBContext) -> Any:
        """The plugin, or None where TensorBoard runs without a data provider."""
        if context.data_provider is None:
            return None
        from gradscope.tensorboard.plugin import GradscopePlugin

        return GradscopePlugin(context)
