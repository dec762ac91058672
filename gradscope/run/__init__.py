"""A run on disk: writing it (needs TensorFlow) and reading it back (does not).

    <logdir>/gradscope/events.out.tfevents.<time>.<host>.<pid>.<n>.gradscope

There is one file per session; a run that was resumed has several, and the later session wins.
They are ordinary TensorBoard event files; `gradscope/tensorboard/metadata.py` lists the tags.

    framing.py   TFRecord bytes -> payloads, also from damaged files
    locate.py    which directories are runs
    reading.py   open_run, Run
    writing.py   RunWriter
"""

from gradscope.run.locate import find_runs
from gradscope.run.reading import Run, open_run
from gradscope.run.writing import RunWriter

__all__ = ["Run", "RunWriter", "find_runs", "open_run"]
