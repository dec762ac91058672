"""Comparing runs on disk."""

import os
from typing import Any

from gradscope.comparison import Comparison
from gradscope.comparison import compare as compare_runs
from gradscope.errors import RunError, UsageError
from gradscope.records import RunView, Verdict
from gradscope.run.reading import open_run


def compare(a: str | os.PathLike[str] | RunView, b: str | os.PathLike[str] | RunView) -> Comparison:
    """What differs between two runs: settings, data, where they part, verdicts.

    a, b: log directories, as `open_run` takes them, or runs, as it returns them. Best the run that
        learned as `a`, the one that does not as `b`.

    Read without TensorFlow. The verdicts are those that were stored while the runs trained.

    Raises RunError where a directory doesn't hold exactly one run, UsageError for anything else.

    >>> import numpy as np
    >>> from gradscope.layout import Layout
    >>> from gradscope.records import Record, Start
    >>> from gradscope.run import RunWriter
    >>> layout = Layout({"loss": ("loss",), "input_std": ("input_std",)})
    >>> for name, scale in (("good", 1.0), ("bad", 255.0)):
    ...     writer = RunWriter(f"runs/{name}")
    ...     writer.start(Start(layout, step=0))
    ...     for step in range(20):
    ...         values = np.array([2.0, scale * (1 + step % 3 / 8)], np.float32)
    ...         writer.record(Record(step, 0.0, values, layout))
    ...     writer.close()
    >>> compare("runs/good", "runs/bad").sentences
    ("The inputs' standard deviation is 1.11 in a and 284 in b.",)
    """
    opened = _opened(a), _opened(b)
    names = [getattr(run, "logdir", letter) for run, letter in zip(opened, "ab", strict=True)]
    verdicts: list[tuple[Verdict, ...]] = [getattr(run, "verdicts", ()) for run in opened]
    return compare_runs(*opened, (names[0], names[1]), (verdicts[0], verdicts[1]))


def _opened(run: Any) -> RunView:
    if isinstance(run, str | os.PathLike):
        try:
            return open_run(run)  # pyright: ignore
        except RunError as error:
            raise RunError(str(error).replace("open_run: ", "compare: ", 1)) from error
    if all(hasattr(run, name) for name in ("statistics", "info", "names", "series")):
        return run
    raise UsageError(
        f"compare: expected a log directory or a run of open_run, got {type(run).__name__}. "
        'Write gradscope.compare("runs/good", "runs/bad").'
    )
