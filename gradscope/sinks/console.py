"""One line on the terminal when a verdict appears, one when it no longer holds."""

import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from gradscope.records import Diagnosis, Item, Verdict

_Key = tuple[str, str | None]


class ConsoleSink:
    """Says on a stream when a warning or critical verdict appears and when it is withdrawn.

    stream: where to; None is standard error.

    Symptoms are not announced, as the verdict that explains them is.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._announced: dict[_Key, Verdict] = {}

    def write(self, items: Sequence[Item]) -> None:
        """Takes the next items; all but diagnoses are passed over."""
        for item in items:
            if isinstance(item, Diagnosis):
                self._compare(item)

    def flush(self) -> None:
        """Flushes the stream."""
        self._stream.flush()

    def close(self) -> None:
        """Flushes the stream and leaves it open: it belongs to the caller."""
        self._stream.flush()

    def _compare(self, diagnosis: Diagnosis) -> None:
        held = {_key(verdict) for verdict in _with_symptoms(diagnosis.verdicts)}
        for verdict in diagnosis.verdicts:
            if verdict.severity != "info" and _key(verdict) not in self._announced:
                self._announced[_key(verdict)] = verdict
                self._say(
                    f"{verdict.severity}: {_name(verdict)}, since step {verdict.step}: "
                    f"{verdict.summary}"
                )
        for key in [key for key in self._announced if key not in held]:
            verdict = self._announced.pop(key)
            self._say(f"{_name(verdict)} no longer holds at step {diagnosis.step}.")

    def _say(self, text: str) -> None:
        print(f"gradscope: {' '.join(text.split())}", file=self._stream, flush=True)


def _with_symptoms(verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """All warnings and critical verdicts, the explained ones too."""
    for verdict in verdicts:
        if verdict.severity != "info":
            yield verdict
        yield from _with_symptoms(verdict.symptoms)


def _key(verdict: Verdict) -> _Key:
    return verdict.cause, verdict.layer


def _name(verdict: Verdict) -> str:
    return f"{verdict.cause} in {verdict.layer}" if verdict.layer else verdict.cause
