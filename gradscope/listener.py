"""Whom a scope tells of verdicts: of each cause once, and again when it worsens."""

from collections.abc import Callable, Sequence

from gradscope.errors import UsageError
from gradscope.records import SEVERITIES, Severity, Verdict

OnVerdict = Callable[[Verdict], object]
"""What `Scope.on_verdict` takes. What it returns is ignored."""


class Listener:
    """Hands a callback the verdicts that are news to it.

    callback: called with each root cause of severity warning or worse when it first appears, and
        again each time it gets worse. One that is withdrawn and comes back is no news, nor is one
        that moves to another layer. Symptoms aren't told: the verdict that explains them is.

    >>> heard = []
    >>> listener = Listener(lambda verdict: heard.append(verdict.cause))
    >>> sick = (Verdict("nonfinite", "critical", None, 7, 1.0, "NaN in the loss."),)
    >>> listener.hear(sick), listener.hear(()), listener.hear(sick)
    (None, None, None)
    >>> heard
    ['nonfinite']
    """

    def __init__(self, callback: OnVerdict) -> None:
        self._callback = callback
        self._told: dict[str, Severity] = {}
        self._heard: tuple[Verdict, ...] = ()

    def hear(self, verdicts: Sequence[Verdict]) -> None:
        """Calls back for what is new in the verdicts that hold now; raises what the callback does.

        Where it raises, the verdict counts as told, and those after it are told the next time.
        """
        if verdicts is self._heard:
            return
        for verdict in verdicts:
            told = self._told.get(verdict.cause, "info")
            if SEVERITIES.index(verdict.severity) > SEVERITIES.index(told):
                self._told[verdict.cause] = verdict.severity
                self._callback(verdict)
        self._heard = tuple(verdicts)


def check_callback(where: str, callback: object) -> None:
    """Nothing for a callable.

    where: the call that was given it, for the message.

    Raises UsageError for anything else.
    """
    if not callable(callback):
        raise UsageError(
            f"{where}: expected a function of one verdict, got {type(callback).__name__}. Use it "
            "as a decorator, @scope.on_verdict, or pass a function: scope.on_verdict(print)."
        )
