"""Which runs there are and how far they are, asked so often that it must stay cheap.

Only a run's start, its verdicts and one tag of its records are listed: the Python loader goes
through all values of a tag to list it, and the data server sends all names of a tag each time.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradscope.catalog import BY_NAME
from gradscope.errors import RunError
from gradscope.layout import Layout
from gradscope.records import Verdict
from gradscope.tensorboard import metadata
from gradscope.tensorboard.metadata import PREFIX, RUN_TAG, VERDICTS_TAG, Content, NewerSchemaError
from gradscope.tensorboard.sessions import Sessions, read_sessions, text_of
from gradscope.tensorboard.source import Source, Stamp, Values
from gradscope.tensorboard.tracks import Datum

_USUAL_PULSE = metadata.statistic_tag("accuracy")
"""The pulse of most runs, so that a second listing is rarely needed."""


_HOLDS_SECONDS = 6.0
"""How long a run that was listed is taken for what it is now: a little longer than the tab waits
between two questions for all runs, each of which lists anew. A question to the data server takes
40 ms however small it is, and zooming must not wait for it."""


@dataclass(frozen=True)
class Judgement:
    """The latest diagnosis of a run.

    step: that of the diagnosis, None where there was none, or none that can be read.
    """

    verdicts: tuple[Verdict, ...] = ()
    step: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """One run as it is now.

    run: TensorBoard's name of it.
    revision: hex digits that change when the run does.
    last_step, wall_time: of the last record, None where there is none.
    """

    run: str
    revision: str
    last_step: int | None
    wall_time: float | None
    sessions: Sessions
    judgement: Judgement

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each thing that could not be read."""
        return (*self.sessions.notes, *self.judgement.notes)


class Listing:
    """The runs of a board; remembers what was read of each as long as that holds."""

    def __init__(self) -> None:
        # Immutable values under keys of one run each: threads may only do the same work twice.
        self._sessions: dict[tuple[str, str], tuple[Stamp, Sessions | str]] = {}
        self._judgements: dict[tuple[str, str], tuple[Stamp, Judgement]] = {}
        self._recent: dict[tuple[str, str], tuple[float, Listed]] = {}

    def all(self, source: Source) -> tuple[dict[str, Listed], dict[str, str]]:
        """(run -> how it is now, run -> why it can't be read), both sorted by run."""
        return self._look(source, None)

    def one(self, source: Source, run: str) -> Listed | str | None:
        """How a run is, or was when `all` was asked last if that is seconds ago.

        Why it can't be read, where it can't; None where there is no such run of ours.
        """
        since, known = self._recent.get((source.experiment, run), (0.0, None))
        if known is not None and time.monotonic() - since < _HOLDS_SECONDS:
            return known
        listed, complaints = self._look(source, run)
        return listed.get(run) or complaints.get(run)

    def _look(self, source: Source, run: str | None) -> tuple[dict[str, Listed], dict[str, str]]:
        runs = None if run is None else (run,)
        asked = {RUN_TAG, VERDICTS_TAG, _USUAL_PULSE, *self._known_pulses(source, run)}
        stamps = source.stamps(runs, asked)
        started = {name for name, tags in stamps.items() if RUN_TAG in tags}
        startless = set(source.runs() if run is None else (run,)) - started
        stamps.update(source.stamps(startless) if startless else {})
        sessions, complaints = self._read_sessions(source, stamps)
        late = {name: set(known.pulses) - asked for name, known in sessions.items()}
        if missing := {name for name, tags in late.items() if tags}:
            more = source.stamps(missing, set[str]().union(*late.values()))
            for name, tags in more.items():
                stamps[name] = {**stamps[name], **tags}
        judgements = self._read_judgements(source, {name: stamps[name] for name in sessions})
        if run is None:
            self._forget(source, stamps)
        listed = {
            name: _listed(name, stamps[name], sessions[name], judgements[name])
            for name in sorted(sessions)
        }
        now = time.monotonic()
        for name, one in listed.items():
            self._recent[source.experiment, name] = (now, one)
        return listed, dict(sorted(complaints.items()))

    def _known_pulses(self, source: Source, run: str | None) -> set[str]:
        return {
            tag
            for (experiment, name), (_, known) in list(self._sessions.items())
            if experiment == source.experiment
            and (run is None or name == run)
            and isinstance(known, Sessions)
            for tag in known.pulses
        }

    def _read_sessions(
        self, source: Source, stamps: Mapping[str, Mapping[str, Stamp]]
    ) -> tuple[dict[str, Sessions], dict[str, str]]:
        """(run -> its sessions, run -> complaint)."""
        changed: list[str] = []
        for name, tags in stamps.items():
            known = self._sessions.get((source.experiment, name))
            if RUN_TAG in tags and (known is None or known[0] != tags[RUN_TAG]):
                changed.append(name)
        values: Values = source.values(changed, {RUN_TAG}) if changed else {}
        for name in changed:
            found = _sessions_or_complaint(source, name, values.get(name, {}).get(RUN_TAG, ()))
            self._sessions[source.experiment, name] = (stamps[name][RUN_TAG], found)
        sessions: dict[str, Sessions] = {}
        complaints: dict[str, str] = {}
        for name, tags in stamps.items():
            if RUN_TAG in tags:
                found = self._sessions[source.experiment, name][1]
            elif any(tag.startswith(PREFIX) for tag in tags):
                found = _described(tags, "The start of the run can't be read.")
            else:
                continue
            if isinstance(found, Sessions):
                sessions[name] = found
            else:
                complaints[name] = found
        return sessions, complaints

    def _read_judgements(
        self, source: Source, stamps: Mapping[str, Mapping[str, Stamp]]
    ) -> dict[str, Judgement]:
        judged = {name: tags[VERDICTS_TAG] for name, tags in stamps.items() if VERDICTS_TAG in tags}
        changed: list[str] = []
        for name, stamp in judged.items():
            known = self._judgements.get((source.experiment, name))
            if known is None or known[0] != stamp:
                changed.append(name)
        values: Values = source.values(changed, {VERDICTS_TAG}, most=1) if changed else {}
        for name in changed:
            data = values.get(name, {}).get(VERDICTS_TAG, ())
            judgement = _judgement(data[-1]) if data else Judgement()
            self._judgements[source.experiment, name] = (judged[name], judgement)
        return {
            name: self._judgements[source.experiment, name][1] if name in judged else Judgement()
            for name in stamps
        }

    def _forget(self, source: Source, stamps: Mapping[str, object]) -> None:
        """Forgets the runs that are gone."""
        for known in (self._sessions, self._judgements, self._recent):
            for experiment, name in list(known):
                if experiment == source.experiment and name not in stamps:
                    known.pop((experiment, name), None)


def _sessions_or_complaint(source: Source, run: str, values: Sequence[Datum]) -> Sessions | str:
    """What a run's start says; where that can't be read, what its tags say of themselves."""
    try:
        sessions = read_sessions(values)
    except NewerSchemaError as error:
        return str(error)
    if sessions.layouts:
        return sessions
    return _described(source.stamps((run,)).get(run, {}), *sessions.notes)


def _described(tags: Mapping[str, Stamp], *notes: str) -> Sessions | str:
    """The sessions of a run as its tags describe themselves, or why there are none."""
    contents: dict[str, Content] = {}
    for tag, stamp in tags.items():
        try:
            if tag.startswith(PREFIX):
                contents[tag] = Content.from_bytes(stamp.content)
        except NewerSchemaError as error:
            return str(error)
        except RunError:
            notes = (*notes, f"The description of {tag!r} can't be read.")
    order = {name: place for place, name in enumerate(BY_NAME)}
    layouts = {
        suffix: Layout(
            {
                statistic: layout.columns[statistic]
                for statistic in sorted(layout.columns, key=lambda one: order.get(one, len(order)))
            }
        )
        for suffix, layout in metadata.layouts_of(contents).items()
    }
    if not layouts:
        said = " ".join(dict.fromkeys(notes))
        return f"Nothing of the run can be read. {said}".strip()
    return Sessions(layouts, next(reversed(layouts)), {}, tuple(notes))


def _judgement(value: Datum) -> Judgement:
    try:
        verdicts = tuple(map(Verdict.from_dict, json.loads(text_of(value))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Judgement(notes=(f"The verdicts of step {value.step} can't be read.",))
    return Judgement(verdicts, value.step)


def _listed(
    name: str, stamps: Mapping[str, Stamp], sessions: Sessions, judgement: Judgement
) -> Listed:
    watched = {
        tag: stamps[tag] for tag in (RUN_TAG, VERDICTS_TAG, *sessions.pulses) if tag in stamps
    }
    facts = [(tag, stamp.step, stamp.wall_time) for tag, stamp in sorted(watched.items())]
    # The last session's come first: earlier ones may have got further before it began anew.
    recorded = [stamps[tag] for tag in sessions.pulses if tag in stamps]
    recorded = [stamp for stamp in recorded if stamp.step is not None]
    return Listed(
        run=name,
        revision=hashlib.sha256(repr(facts).encode()).hexdigest()[:12],
        last_step=recorded[0].step if recorded else None,
        wall_time=recorded[0].wall_time if recorded else None,
        sessions=sessions,
        judgement=judgement,
    )
