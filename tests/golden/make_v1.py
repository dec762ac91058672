"""Writes the run of schema version 1 that `test_old_runs.py` opens.

    python tests/golden/make_v1.py

Run once when version 1 was current; the file in v1/ is kept as it was then. A new schema version
gets a script and a directory of its own.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from gradscope.layout import Layout
from gradscope.records import Diagnosis, Record, Remedy, Start, Validation, Verdict
from gradscope.run.locate import event_files
from gradscope.sinks.tensorboard import TensorBoardSink

TARGET = Path(__file__).parent / "v1" / "gradscope"

LAYOUT = Layout(
    {
        "grad_norm": ("dense/kernel", "dense/bias", "dense_1/kernel"),
        "nonfinite_count": ("dense/kernel", "dense/bias", "dense_1/kernel"),
        "saturated_fraction": ("dense",),
        "loss": ("loss",),
    }
)
RESUMED = Layout({"grad_norm": ("dense/kernel", "dense_1/kernel"), "loss": ("loss",)})

VERDICT = Verdict(
    "vanishing-gradient",
    "critical",
    "dense/kernel",
    3,
    0.96875,
    "The gradient shrinks 40-fold from layer to layer.",
    {"fold_per_layer": 40.0, "p_value": float("nan")},
    (Verdict("learning-rate-low", "warning", None, 4, 0.5, "Weights hardly move."),),
    Remedy("Use ReLU.", "keras.layers.Dense(64, activation='relu')", "He et al. 2015"),
)


def session(directory: str, layout: Layout, steps: range) -> None:
    """Writes one session whose values are powers of two, with NaN and infinity among them."""
    sink = TensorBoardSink(directory)
    sink.write([Start(layout, steps[0], {"optimizer": {"name": "adam"}, "tensorflow": "2.21.0"})])
    for step in steps:
        values = 2.0 ** -np.arange(step, step + layout.slots, dtype=np.float32)
        values[:3] = [2.0**-step, np.nan, np.inf] if layout is LAYOUT else [2.0**-step, 0, 1]
        sink.write([Record(step, 1.7e9 + step, values.astype(np.float32), layout)])
    sink.write([Validation(steps[-1], 1.7e9, {"loss": 0.25 * steps[-1]})])
    sink.write([Diagnosis(steps[-1], 1.7e9, (VERDICT,))])
    sink.close()


def main() -> None:
    """Writes two sessions, the second resumed at step 4 with another layout."""
    with tempfile.TemporaryDirectory() as directory:
        session(directory, LAYOUT, range(6))
        session(directory, RESUMED, range(4, 7))
        TARGET.mkdir(parents=True, exist_ok=True)
        for index, path in enumerate(event_files(Path(directory) / "gradscope")):
            name = f"events.out.tfevents.{1700000000 + index}.golden.1.{index}.gradscope"
            shutil.copyfile(path, TARGET / name)


if __name__ == "__main__":
    main()
