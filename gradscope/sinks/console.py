"""One line on the terminal when a cause is found, when it no longer holds, on a closer look."""

import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from gradscope.records import SEVERITIES, Diagnosis, Item, Severity, Verdict, Watch


class ConsoleSink:
    """Says on a stream when a warning or critical cause appears and when it is withdrawn.

    Also which layers are watched closely, and when that ends.

    stream: where to; None is standard error.

    Symptoms are not announced, as the verdict that explains them is. A cause that moves to
    another layer is still the same cause; one that gets worse is announced again. Once the stream
    is closed or broken nothing is said any more: the run on disk has it all.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        # None also stands for standard error where a program runs without one.
        self._stream: TextIO | None = sys.stderr if stream is None else stream
        self._announced: dict[str, Severity] = {}

    def write(self, items: Sequence[Item]) -> None:
        """Takes the next items; all but diagnoses and closer looks are passed over."""
        for item in items:
            if isinstance(item, Diagnosis):
                self._compare(item)
            elif isinstance(item, Watch):
                told = f"watching {', '.join(item.layers)} closely from step {item.step} on."
                self._say(told if item.layers else f"no closer look from step {item.step} on.")

    def flush(self) -> None:
        """Flushes the stream."""
        self._put("")

    def close(self) -> None:
        """Flushes the stream and leaves it open: it belongs to the caller."""
        self._put("")

    def _compare(self, diagnosis: Diagnosis) -> None:
        for verdict in diagnosis.verdicts:
            if verdict.severity != "info" and self._is_news(verdict):
                self._announced[verdict.cause] = verdict.severity
                where = f" in {verdict.layer}" if verdict.layer else ""
                self._say(
                    f"{verdict.severity}: {verdict.cause}{where}, since step {verdict.step}: "
                    f"{verdict.summary} More: gradscope explain {verdict.cause}"
                )
        held = {verdict.cause for verdict in _with_symptoms(diagnosis.verdicts)}
        for cause in [cause for cause in self._announced if cause not in held]:
            del self._announced[cause]
            self._say(f"{cause} no longer holds at step {diagnosis.step}.")

    def _is_news(self, verdict: Verdict) -> bool:
        said = self._announced.get(verdict.cause, "info")
        return SEVERITIES.index(verdict.severity) > SEVERITIES.index(said)

    def _say(self, text: str) -> None:
        self._put(f"gradscope: {' '.join(text.split())}\n")

    def _put(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                self._stream.write(text.encode("ascii", "backslashreplace").decode())
            self._stream.flush()
        except (OSError, ValueError):
            # A pipe whose reader has left, or a file closed under us, stays so.
            self._stream = None


def _with_symptoms(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """All warnings and critical verdicts, the explained ones too."""
    for verdict in verdicts:
        if verdict.severity != "info":
            yield verdict
        yield from _with_symptoms(verdict.symptoms)
