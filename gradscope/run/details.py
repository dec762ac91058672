"""Reading the details of a run back, beside its records."""

import json
from bisect import bisect_left
from pathlib import Path

import numpy as np

from gradscope.detail import Details, Series, stretches
from gradscope.errors import RunError
from gradscope.tensorboard import metadata
from gradscope.tensorboard.protos import Value


class DetailReader:
    """Takes the values under the tags of details, in file order.

    notes: where one sentence goes for each thing that can't be read.
    """

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._columns: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, tuple[list[int], list[bytes]]] = {}
        self._watches: list[tuple[int, list[str]]] = []

    def take(self, step: int, value: Value, path: Path) -> None:
        """Takes one value of a step.

        Raises NewerSchemaError where a newer gradscope wrote it.
        """
        try:
            if value.tag == metadata.WATCH_TAG:
                layers = [str(layer) for layer in json.loads(value.tensor.string_val[0])]
                self._watches = [one for one in self._watches if one[0] <= step]
                self._watches.append((step, layers))
            else:
                self._take_row(step, value)
        except metadata.NewerSchemaError:
            raise
        except (RunError, ValueError, KeyError, TypeError, IndexError):
            self._notes.append(f"{path.name}: {value.tag!r} of step {step} can't be read.")

    def _take_row(self, step: int, value: Value) -> None:
        key = value.tag.removeprefix(metadata.DETAIL_PREFIX)
        if key not in self._columns:
            described = metadata.Content.from_bytes(value.metadata.plugin_data.content)
            self._columns[key], self._rows[key] = described.names, ([], [])
        content = value.tensor.tensor_content
        if len(content) != 4 * len(self._columns[key]):
            raise ValueError("of another width than the first one")
        steps, rows = self._rows[key]
        kept = bisect_left(steps, step)
        del steps[kept:], rows[kept:]
        steps.append(step)
        rows.append(content)

    def drop_from(self, step: int) -> None:
        """Forgets what an earlier session wrote from a step on."""
        self._watches = [one for one in self._watches if one[0] < step]
        for steps, rows in self._rows.values():
            kept = bisect_left(steps, step)
            del steps[kept:], rows[kept:]

    def details(self) -> Details:
        """All that was taken."""
        held: dict[str, Series] = {}
        for key, (steps, rows) in self._rows.items():
            if steps:
                flat = np.frombuffer(b"".join(rows), "<f4")
                held[key] = np.array(steps, np.int64), flat.reshape(len(rows), -1)
                held[key][0].flags.writeable = False
        columns = {key: self._columns[key] for key in held}
        return Details(stretches(self._watches), columns, held.__getitem__)
