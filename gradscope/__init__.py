"""gradscope: which layer, since which step, why, and what to change.

Importing this package does not import TensorFlow; the names below load on first use (PEP 562).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradscope.capture.tape import GradientTape
    from gradscope.diagnosis.engine import diagnose
    from gradscope.errors import GradscopeError, GradscopeWarning
    from gradscope.keras import Callback
    from gradscope.overhead import Overhead
    from gradscope.preflight_checks.preflight import preflight
    from gradscope.preflight_checks.result import Check, Preflight
    from gradscope.records import Record
    from gradscope.report import Remedy, Report, Verdict
    from gradscope.run import Run, open_run
    from gradscope.run.comparing import compare
    from gradscope.scope import Scope

__version__ = "0.1.0"

_HOMES = {
    "Callback": "gradscope.keras",
    "Check": "gradscope.preflight_checks.result",
    "GradientTape": "gradscope.capture.tape",
    "GradscopeError": "gradscope.errors",
    "GradscopeWarning": "gradscope.errors",
    "Overhead": "gradscope.overhead",
    "Preflight": "gradscope.preflight_checks.result",
    "Record": "gradscope.records",
    "Remedy": "gradscope.report",
    "Report": "gradscope.report",
    "Run": "gradscope.run",
    "Scope": "gradscope.scope",
    "Verdict": "gradscope.report",
    "compare": "gradscope.run.comparing",
    "diagnose": "gradscope.diagnosis.engine",
    "open_run": "gradscope.run",
    "preflight": "gradscope.preflight_checks.preflight",
}

__all__ = [
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gradscope' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
