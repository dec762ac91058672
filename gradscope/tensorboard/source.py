"""What TensorBoard's data provider knows of our tags, for one request."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tensorboard.data import provider

from gradscope.tensorboard.metadata import PLUGIN_NAME
from gradscope.tensorboard.tracks import Datum

ALL = 10**9
"""Values a tag: `downsample=0` would mean none at all."""

_ATTEMPTS = 5
_PAUSE_SECONDS = 0.01
_PYTHON_LOADER = "tensorboard.backend.event_processing.data_provider"

T = TypeVar("T")
Values = Mapping[str, Mapping[str, Sequence[Datum]]]


@dataclass(frozen=True)
class Stamp:
    """What a tag's last value tells of whether anything was added.

    content: the metadata of the tag's first value.
    """

    step: int | None
    wall_time: float | None
    content: bytes


@dataclass(frozen=True)
class Source:
    """The data provider as one request may ask it.

    provider: TensorBoard's, of whichever of its loaders.
    context: TensorBoard's of the request.
    experiment: the experiment that the request is about, "" for the one there is.
    """

    provider: Any
    context: Any
    experiment: str

    @property
    def in_process(self) -> bool:
        """Whether values come without a message of limited size: the Python loader's do."""
        return type(self.provider).__module__ == _PYTHON_LOADER

    def runs(self) -> tuple[str, ...]:
        """The names of all runs, ours or not, sorted."""
        found = self.provider.list_runs(self.context, experiment_id=self.experiment)
        return tuple(sorted(run.run_name for run in found))

    def stamps(
        self, runs: Collection[str] | None = None, tags: Collection[str] | None = None
    ) -> dict[str, dict[str, Stamp]]:
        """run -> tag -> stamp, both sorted. runs, tags: those to list, None for all."""
        found: Mapping[str, Mapping[str, Any]] | None = self._ask(
            lambda: self.provider.list_tensors(
                self.context,
                experiment_id=self.experiment,
                plugin_name=PLUGIN_NAME,
                run_tag_filter=provider.RunTagFilter(runs=runs, tags=tags),
            )
        )
        return {
            run: {
                tag: Stamp(series.max_step, series.max_wall_time, series.plugin_content)
                for tag, series in sorted(listed.items())
            }
            for run, listed in sorted(found.items() if found else ())
        }

    def values(self, runs: Collection[str], tags: Collection[str], most: int = ALL) -> Values:
        """run -> tag -> values in the order of writing; the last `most`, at random but the last."""
        found: Values | None = self._ask(
            lambda: self.provider.read_tensors(
                self.context,
                experiment_id=self.experiment,
                plugin_name=PLUGIN_NAME,
                downsample=most,
                run_tag_filter=provider.RunTagFilter(runs=runs, tags=tags),
            )
        )
        return found if found is not None else {}

    @staticmethod
    def _ask(question: Callable[[], T]) -> T:
        """The answer; asked again where the loader was just about to make a tag."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return question()
            except KeyError:
                # The Python loader lists a tag a moment before it holds the tag's first value.
                time.sleep(_PAUSE_SECONDS)
        return question()
