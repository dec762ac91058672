"""Recording with some families of statistics silenced: what each of them costs alone.

A silenced probe is traced like any other and then gives zeros, so that nothing of it is left in the
compiled program.
"""

import importlib
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import tensorflow as tf

from gradscope.bench.plan import FAMILIES
from gradscope.errors import GradscopeError

PROBES: dict[str, tuple[str, ...]] = {
    "gradients": ("gradients.gradients", "gradients.underflow_share"),
    "updates": ("updates.updates",),
    "output gradients": ("units.activation_grad_norms",),
    "outputs": ("units.activations",),
    "units": ("units.silent", "units.saturated", "units.shares"),
    "data": (
        "data.inputs",
        "data.features",
        "data.label_entropy",
        "targets.target",
        "targets.predicted",
        "targets.residual_rms",
        "classes.accuracy",
        "classes.of_classes",
    ),
}
"""Family -> the functions of `gradscope.probes` that it consists of."""


class FamilyError(GradscopeError):
    """The table of families no longer fits the probes."""


@contextmanager
def silenced(families: Collection[str]) -> Iterator[None]:
    """Within it, a step that is traced records zeros for these families.

    Raises FamilyError where a probe of the table doesn't exist, or where no probe of a family was
    called although something was traced: then the figures would be another family's.
    """
    called: set[str] = set()
    with ExitStack() as stack:
        for family in families:
            for probe in PROBES[family]:
                module, name = _find(probe)
                quiet = _zeros(getattr(module, name), called, family)
                stack.enter_context(mock.patch.object(module, name, quiet))
        yield
    unused = set(families) - called
    if unused and (called or len(families) == 1):
        raise FamilyError(
            f"bench: no probe of {', '.join(sorted(unused))} was called while the step was traced, "
            "so it can't be told apart. gradscope/bench/families.py names the probes: correct it."
        )


def without(only: Collection[str] | None) -> tuple[str, ...]:
    """The families to silence so that only these are measured; none for None."""
    return () if only is None else tuple(family for family in FAMILIES if family not in only)


def _find(probe: str) -> tuple[Any, str]:
    module_name, name = probe.split(".")
    try:
        module = importlib.import_module(f"gradscope.probes.{module_name}")
        getattr(module, name)
    except (ImportError, AttributeError):
        raise FamilyError(
            f"bench: gradscope.probes has no {probe} any more. gradscope/bench/families.py names "
            "the probes of each family: correct it."
        ) from None
    return module, name


def _zeros(probe: Callable[..., Any], called: set[str], family: str) -> Callable[..., Any]:
    # Zeros in the shape of the true result: whatever the probe takes, this takes too, and what it
    # computed is read by nobody, so that the compiler drops it.
    def silent(*args: Any, **kwargs: Any) -> Any:
        called.add(family)
        result = probe(*args, **kwargs)
        return None if result is None else tf.nest.map_structure(tf.zeros_like, result)

    return silent
