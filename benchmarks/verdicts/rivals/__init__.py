"""Published sets of rules, re-stated on gradscope's records: the same runs, judged by others."""

from collections.abc import Callable

from benchmarks.verdicts.rivals import autotrainer, deepdiagnosis, sagemaker
from benchmarks.verdicts.scoring import Said
from gradscope.records import RunView

RIVALS: dict[str, Callable[[RunView], Said]] = {
    "AUTOTRAINER": autotrainer.judge,
    "DeepDiagnosis": deepdiagnosis.judge,
    "SageMaker Debugger": sagemaker.judge,
}
"""Name -> rules. They are judged at the end of a run, on all of its records."""
