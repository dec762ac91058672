"""A run as TensorBoard has loaded it."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradscope.catalog import BY_NAME
from gradscope.detail import BY_NAME as KINDS
from gradscope.detail import Details, Series, parts_of, stretches
from gradscope.errors import RunError, UsageError
from gradscope.records import Overhead, Verdict
from gradscope.tensorboard import metadata
from gradscope.tensorboard.answers import Extent, extent_of
from gradscope.tensorboard.cache import Cache
from gradscope.tensorboard.listing import Listed
from gradscope.tensorboard.sessions import text_of
from gradscope.tensorboard.source import ALL, Source, Stamp
from gradscope.tensorboard.tracks import Datum, Track, merged, track

Validations = Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]

MOST_BYTES = 240 << 20
"""Of one tag's values that the data server is asked for at once: its messages end at 256 MiB."""

_DATUM_BYTES = 48
"""More than the data server sends with each value: step, wall time, type and shape."""


@dataclass(frozen=True)
class Held:
    """One statistic, as it is kept: its values and their extent."""

    track: Track
    extent: Extent

    @property
    def nbytes(self) -> int:
        """Of all arrays."""
        return self.track.nbytes


class BoardRun:
    """A run read through TensorBoard's data provider; satisfies `answers.StoredRun`.

    listed: how it was when it was listed.
    source: where its numbers are asked for, when they are needed.
    cache: where they are kept.
    hint: the user's own limit of steps that TensorBoard keeps, 0 for none.
    """

    def __init__(self, listed: Listed, source: Source, cache: Cache[Held], hint: int = 0) -> None:
        self._listed = listed
        self._source = source
        self._cache = cache
        self._hint = hint
        self._layout = listed.sessions.layout
        held = [name for name, names in self._layout.columns.items() if names]
        self._statistics = tuple(name for name in BY_NAME if name in held)
        self._statistics += tuple(name for name in held if name not in BY_NAME)

    @property
    def name(self) -> str:
        """What TensorBoard calls it."""
        return self._listed.run

    @property
    def revision(self) -> str:
        """Hex digits that change when the run does."""
        return self._listed.revision

    @property
    def statistics(self) -> tuple[str, ...]:
        """The recorded statistics, in catalogue order."""
        return self._statistics

    @property
    def info(self) -> Mapping[str, Any]:
        """The facts of `Start.info`."""
        return self._listed.sessions.info

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Those of the latest diagnosis, root causes first."""
        return self._listed.judgement.verdicts

    @property
    def judged_at(self) -> int | None:
        """The step of that diagnosis; None where there was none yet."""
        return self._listed.judgement.step

    @property
    def overhead(self) -> Overhead | None:
        """What recording cost, as it was written last; None where it was not, or can't be read."""
        return self._overhead

    @cached_property
    def _overhead(self) -> Overhead | None:
        stamps = self._source.stamps((self.name,), (metadata.OVERHEAD_TAG,)).get(self.name, {})
        if metadata.OVERHEAD_TAG not in stamps:
            return None
        data = self._read((metadata.OVERHEAD_TAG,), 1).get(metadata.OVERHEAD_TAG, ())
        try:
            return Overhead.from_dict(json.loads(text_of(data[-1])))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return None

    @property
    def steps(self) -> NDArray[np.int64]:
        """int64[S], the recorded steps, ascending."""
        return self._beat.steps

    @property
    def wall_times(self) -> NDArray[np.float64]:
        """float64[S], seconds since the epoch."""
        return self._beat.wall_times

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each thing that could not be read."""
        notes = list(self._listed.notes)
        if self._hint:
            notes.append(
                f"TensorBoard was started with --samples_per_plugin=gradscope={self._hint}: no "
                "more steps than that are shown, chosen at random. Leave the flag out to see all."
            )
        notes += [
            f"{statistic}: {len(self.names(statistic))} rows at {len(self.steps)} steps are more "
            f"than TensorBoard hands over at once. {self._most(statistic)} steps of it are shown, "
            "chosen at random, so that a spike may be missing; `gradscope report` reads all."
            for statistic in self.statistics
            if self._most(statistic) < len(self.steps)
        ]
        if self._beat.misfits:
            notes.append("Some values don't fit the run's layout and are left out.")
        return tuple(notes)

    @property
    def validation(self) -> Validations:
        """metric -> (steps int64[V], values float64[V])."""
        return self._validation

    @cached_property
    def _validation(self) -> Validations:
        tags = [tag for tag in self._stamps if tag.startswith(metadata.VALIDATION_PREFIX)]
        data: Mapping[str, Sequence[Datum]] = self._read(tags, ALL) if tags else {}
        return {
            tag.removeprefix(metadata.VALIDATION_PREFIX): _figures(data[tag])
            for tag in tags
            if data.get(tag)
        }

    @property
    def details(self) -> Details:
        """Of the layers that were watched closely."""
        return self._details

    @cached_property
    def _details(self) -> Details:
        columns: dict[str, tuple[str, ...]] = {}
        for tag, stamp in self._stamps.items():
            if tag.startswith(metadata.DETAIL_PREFIX) and tag != metadata.WATCH_TAG:
                key = tag.removeprefix(metadata.DETAIL_PREFIX)
                with suppress(RunError):  # of a newer gradscope, or damaged
                    columns[key] = metadata.Content.from_bytes(stamp.content).names
        # Tags come sorted; a reader looks for gradients first, and a kernel before its bias.
        kinds, paths = tuple(KINDS), self.names("grad_norm")

        def rank(key: str) -> tuple[int, int]:
            kind, path = parts_of(key)
            where = kinds.index(kind) if kind in kinds else len(kinds)
            return where, paths.index(path) if path in paths else len(paths)

        ranked = sorted(columns, key=rank)
        watches = self._watches() if metadata.WATCH_TAG in self._stamps else []
        held = {key: columns[key] for key in ranked}
        return Details(stretches(watches), held, lambda key: self._detail(key, len(held[key])))

    def _watches(self) -> list[tuple[int, list[str]]]:
        found: list[tuple[int, list[str]]] = []
        for one in self._read([metadata.WATCH_TAG], ALL).get(metadata.WATCH_TAG, ()):
            with suppress(ValueError, TypeError, RecursionError):
                found.append((one.step, [str(layer) for layer in json.loads(text_of(one))]))
        return found

    def _detail(self, key: str, width: int) -> Series:
        tag = metadata.DETAIL_PREFIX + key
        found = _frozen(track(self._read([tag], ALL).get(tag, ()), width))
        return found.steps, found.values

    @cached_property
    def _stamps(self) -> Mapping[str, Stamp]:
        """All tags of the run."""
        return self._source.stamps((self.name,)).get(self.name, {})

    def names(self, statistic: str) -> tuple[str, ...]:
        """The L names of a statistic; empty where it isn't recorded."""
        return self._layout.names(statistic)

    def series(self, statistic: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(steps int64[S] ascending, values float32[S, L]), both read-only.

        NaN where an earlier session of the run didn't record a name.

        Raises UsageError for a statistic that the run doesn't record.
        """
        held = self._held(statistic)
        return held.track.steps, held.track.values

    def extent(self, statistic: str) -> Extent:
        """(lowest, highest) of all finite values of a statistic, as `answers.extent_of`.

        Raises UsageError for a statistic that the run doesn't record.
        """
        return self._held(statistic).extent

    @cached_property
    def _beat(self) -> Track:
        """The steps and times of all records, without values."""
        pulses = self._listed.sessions.pulses
        if not pulses:
            return track((), 0)
        widths = {
            metadata.statistic_tag(statistic, suffix): len(names)
            for suffix, layout in self._listed.sessions.layouts.items()
            for statistic, names in layout.columns.items()
        }

        def read() -> Held:
            data = self._read(pulses, ALL)
            parts = [track(data.get(tag, ()), widths[tag]) for tag in pulses]
            empty = [
                (Track(one.steps, one.wall_times, one.values[:, :0], one.misfits), ())
                for one in parts
            ]
            return Held(_frozen(merged(empty, ())), (None, None))

        return self._cache.get(self._key(""), self.revision, read).track

    def _held(self, statistic: str) -> Held:
        if statistic not in self._statistics:
            recorded = ", ".join(self._statistics) or "nothing yet"
            raise UsageError(f"{self.name!r} doesn't record {statistic!r}. It records {recorded}.")
        layouts = self._listed.sessions.layouts
        tags = {
            metadata.statistic_tag(statistic, suffix): layout.names(statistic)
            for suffix, layout in layouts.items()
            if layout.names(statistic)
        }
        others = self.steps if len(layouts) > 1 else None

        def read() -> Held:
            data = self._read(tags, self._most(statistic))
            parts = [(track(data.get(tag, ()), len(names)), names) for tag, names in tags.items()]
            parts = [part for part in parts if len(part[0].steps)]
            found = _frozen(merged(parts, self.names(statistic), others))
            return Held(found, extent_of(statistic, found.values))

        # Whatever was there at this revision is under all tags: see `sessions.pulse`.
        return self._cache.get(self._key(statistic), self.revision, read)

    def _most(self, statistic: str) -> int:
        """How many steps of a statistic TensorBoard can hand over at once."""
        if self._source.in_process:
            return ALL
        return MOST_BYTES // (4 * len(self.names(statistic)) + _DATUM_BYTES)

    def _read(
        self, tags: Sequence[str] | Mapping[str, object], most: int
    ) -> Mapping[str, Sequence[Datum]]:
        found = self._source.values((self.name,), tuple(tags), most)
        return found.get(self.name, {})

    def _key(self, statistic: str) -> tuple[str, str, str]:
        return self._source.experiment, self.name, statistic


def _frozen(found: Track) -> Track:
    """The same track, whose arrays many threads may read and none may write."""
    for array in (found.steps, found.wall_times, found.values):
        array.flags.writeable = False
    return found


def _figures(data: Sequence[Datum]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The figures of one metric in ascending steps; the last of one step counts."""
    by_step = {
        one.step: float(one.numpy)
        for one in data
        if one.numpy.shape == () and one.numpy.dtype.kind == "f"
    }
    steps = sorted(by_step)
    return np.array(steps, np.int64), np.array([by_step[step] for step in steps], np.float64)
