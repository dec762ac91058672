"""The accuracy bench.

python -m benchmarks.verdicts run [--set published] [--seeds 0 1 2] [--only NAME] [--jobs 2]
python -m benchmarks.verdicts judge [--set published]
python -m benchmarks.verdicts plain [--set set-aside] [--seeds 0 1] [--only NAME]

`run` trains each program once per seed and keeps the runs below runs/verdicts; what is there
already is left as it is, unless --again says so. `judge` judges the stored runs with the rules as
they are now and counts what was said right and wrong, beside three published sets of rules. `plain`
trains without gradscope and prints the scores.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.verdicts.sets import SETS, programs
from benchmarks.verdicts.store import STORE, Task, stored

COMMANDS = (
    ("run", "train and keep"),
    ("judge", "judge what is kept"),
    ("plain", "train without gradscope"),
)


def main() -> int:
    """The exit status: 1 where a program could not be trained."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.verdicts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, says in COMMANDS:
        command = commands.add_parser(name, help=says)
        command.add_argument("--set", nargs="+", choices=SETS, default=[*SETS], metavar="SET")
        command.add_argument("--only", nargs="+", default=[], metavar="NAME")
        command.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
        command.add_argument("--jobs", type=int, default=2, help="processes at a time")
        command.add_argument("--store", type=Path, default=STORE, help=f"default: {STORE}")
        if name == "run":
            command.add_argument("--again", action="store_true", help="also what is kept already")
        elif name == "judge":
            command.add_argument(
                "--early", action="store_true", help="judge the runs' beginnings, too: slow"
            )
            command.add_argument(
                "--markdown", type=Path, metavar="PAGE", help="put the tables into this page"
            )
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return {"run": _run, "judge": _judge, "plain": _plain}[options.command](options)


def _run(options: argparse.Namespace) -> int:
    from benchmarks.verdicts import running

    tasks = [
        Task(name, program, seed)
        for name in options.set
        for program in programs(name)
        for seed in options.seeds
        if not options.only or program in options.only
    ]
    if not tasks:
        print("no program is named like that", file=sys.stderr)
        return 2
    failed = running.run(tasks, options.store, jobs=options.jobs, again=options.again)
    return 1 if failed else 0


def _plain(options: argparse.Namespace) -> int:
    from benchmarks.verdicts import plainly

    chosen = [program for name in options.set for program in programs(name).values()]
    plainly.run([p for p in chosen if not options.only or p.name in options.only], options.seeds)
    return 0


def _judge(options: argparse.Namespace) -> int:
    from benchmarks.verdicts import judging, tables

    cases: list[judging.Case] = []
    for name in options.set:
        kept = list(stored(name, options.store))
        known = programs(name) if kept else {}
        cases += [
            judging.case(task, outcome, known[task.program], options.store, options.early)
            for task, outcome in kept
            if task.program in known
            and task.seed in options.seeds
            and (not options.only or task.program in options.only)
        ]
    if not cases:
        print(f"no run of these is kept in {options.store}: train first", file=sys.stderr)
        return 2
    results = judging.judge(cases, options.jobs)
    text = tables.tables(results)
    print(tables.details(results[judging.OURS]), text, sep="\n\n")
    if options.markdown:
        tables.write(text, options.markdown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
