"""Everything gradscope raises.

    GradscopeError
    ├── UsageError           a call that can't mean anything: an argument, an order of calls
    │   ├── ScopeClosedError     a scope used after close()
    │   └── ModelChangedError    the model's trainable variables differ between two traces
    ├── LogdirError          the log directory can't be written, or another scope writes to it
    ├── RunError             a run on disk can't be read
    └── UnhealthyRunError    Report.raise_if_unhealthy on an unhealthy run

Each message says what was got, what was expected, where, and what to do. Once a training runs,
gradscope itself raises nothing: it warns once with `GradscopeWarning` and steps aside.
"""


class GradscopeError(Exception):
    """Base of all errors that gradscope raises.

    >>> import gradscope
    >>> try:
    ...     gradscope.open_run("no/such/directory")
    ... except gradscope.GradscopeError as error:
    ...     print(type(error).__name__)
    RunError
    """


class UsageError(GradscopeError):
    """A call that can't mean anything: a wrong argument or a wrong order of calls."""

    # Not a ValueError as well: AutoGraph hands on the class of an error only where its __init__ is
    # that of Exception.


class ScopeClosedError(UsageError):
    """A scope was used after it closed."""


class ModelChangedError(UsageError):
    """The model's trainable variables differ from those that the run was started with."""


class LogdirError(GradscopeError, OSError):
    """The log directory can't be written, or another scope writes to it."""


class RunError(GradscopeError):
    """A run on disk can't be read."""


class UnhealthyRunError(GradscopeError):
    """Raised by `Report.raise_if_unhealthy`; the message is the report."""


class GradscopeWarning(UserWarning):
    """Something that gradscope had to give up while the training goes on.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", GradscopeWarning)
    ...     warnings.warn("the disk is full", GradscopeWarning)
    """
