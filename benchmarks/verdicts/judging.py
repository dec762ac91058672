"""Judges stored runs anew, with gradscope's rules as they are now and with the rivals'."""

import math
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import gradscope
from benchmarks.verdicts.cut import Cut, points
from benchmarks.verdicts.program import Program
from benchmarks.verdicts.rivals import RIVALS
from benchmarks.verdicts.scoring import NOTHING, Judged, Said, said
from benchmarks.verdicts.store import Outcome, Task
from gradscope.run import Run

OURS = "gradscope"


@dataclass(frozen=True)
class Case:
    """A stored run and what is known of it from outside.

    expected, good: of the program as it is now.
    early: whether to judge the run's beginnings, too.
    """

    task: Task
    directory: Path
    outcome: Outcome
    expected: frozenset[str]
    good: float
    early: bool

    @property
    def trained_well(self) -> bool:
        """What became of it."""
        return math.isfinite(self.outcome.score) and self.outcome.score >= self.good


def case(task: Task, outcome: Outcome, program: Program, store: Path, early: bool) -> Case:
    """The case of a stored run."""
    return Case(task, task.where(store), outcome, program.expected, program.good, early)


def judge(cases: Sequence[Case], jobs: int) -> dict[str, list[Judged]]:
    """Set of rules -> what it said of each case, gradscope's first."""
    if jobs == 1 or len(cases) < 2:
        rows = [judge_one(one) for one in cases]
    else:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
            rows = list(pool.map(judge_one, cases, chunksize=4))
    return {name: [row[name] for row in rows] for name in (OURS, *RIVALS)}


def judge_one(one: Case) -> dict[str, Judged]:
    """Set of rules -> what it said of one case."""
    run = gradscope.open_run(one.directory)
    share, earlier = _on_the_way(run, one) if one.early else (math.nan, "")
    answers = {OURS: said(gradscope.diagnose(run))}
    answers |= {name: rules(run) for name, rules in RIVALS.items()}
    if not len(run.steps):
        answers = dict.fromkeys(answers, Said(NOTHING.named, NOTHING.first, "nothing was recorded"))
    if one.early and math.isnan(share) and answers[OURS].named & one.expected:
        share = 1.0
    task = one.task
    return {
        name: Judged(
            task.set,
            task.program,
            task.seed,
            one.expected,
            one.trained_well,
            answer,
            share if name == OURS else math.nan,
            bool(earlier) if one.early and name == OURS else None,
            earlier if name == OURS else "",
        )
        for name, answer in answers.items()
    }


def _on_the_way(run: Run, one: Case) -> tuple[float, str]:
    """(share of the steps after which an expected cause was named, NaN for never; first alarm)."""
    steps, earlier = one.outcome.steps, ""
    for point in points(steps):
        answer = said(gradscope.diagnose(Cut(run, point)))
        if answer.alarm and not earlier:
            earlier = f"{answer.text} after {point} of {steps} steps"
        if answer.named & one.expected:
            return point / steps, earlier
    return math.nan, earlier
