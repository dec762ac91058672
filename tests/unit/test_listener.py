"""A listener hears of each cause once, and again when it gets worse."""

import pytest

from gradscope.errors import UsageError
from gradscope.listener import Listener, check_callback
from gradscope.records import Severity, Verdict


def verdict(cause: str, severity: Severity, layer: str | None = None) -> Verdict:
    return Verdict(cause, severity, layer, 3, 0.95, "Something is wrong.")


def told(*diagnoses: tuple[Verdict, ...]) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    listener = Listener(lambda one: heard.append((one.cause, one.severity)))
    for verdicts in diagnoses:
        listener.hear(verdicts)
    return heard


A_WARNING, A_CRITICAL = (("nonfinite", "warning"), ("nonfinite", "critical"))
WARNING, CRITICAL = verdict(*A_WARNING), verdict(*A_CRITICAL)


@pytest.mark.parametrize(
    ("diagnoses", "expected"),
    [
        ([(WARNING,)], [A_WARNING]),
        ([(WARNING,), (verdict("nonfinite", "warning", "dense/kernel"),)], [A_WARNING]),
        ([(WARNING,), (CRITICAL,)], [A_WARNING, A_CRITICAL]),
        ([(CRITICAL,), (WARNING,), (CRITICAL,)], [A_CRITICAL]),
        ([(WARNING,), (), (WARNING,)], [A_WARNING]),
        ([(verdict("nonfinite", "info"),), (WARNING,)], [A_WARNING]),
        ([(verdict("loss-plateau", "info"),)], []),
        ([(WARNING, verdict("over-clipped", "warning"))], [A_WARNING, ("over-clipped", "warning")]),
    ],
)
def test_what_is_news(
    diagnoses: list[tuple[Verdict, ...]], expected: list[tuple[str, str]]
) -> None:
    assert told(*diagnoses) == expected


def test_after_an_error_the_rest_is_told_the_next_time() -> None:
    heard: list[str] = []

    def callback(one: Verdict) -> None:
        heard.append(one.cause)
        if one.cause == "nonfinite":
            raise KeyError("mine")

    listener = Listener(callback)
    verdicts = (WARNING, verdict("over-clipped", "warning"))
    with pytest.raises(KeyError, match="mine"):
        listener.hear(verdicts)
    listener.hear(verdicts)
    assert heard == ["nonfinite", "over-clipped"]


def test_what_cant_be_called() -> None:
    message = (
        r"^Scope.on_verdict: expected a function of one verdict, got str. Use it as a decorator, "
        r"@scope.on_verdict, or pass a function: scope.on_verdict\(print\).$"
    )
    with pytest.raises(UsageError, match=message):
        check_callback("Scope.on_verdict", "print")
