"""`gradscope check LOGDIR`: a run's health as an exit code, for scripts and CI."""

import argparse

HEALTHY = 0
UNHEALTHY = 1
UNJUDGED = 2

NAME = "check"
HELP = "exit 0 if a run is healthy, 1 if not, 2 if it can't be judged"
DESCRIPTION = (
    "Prints the verdicts on a run and exits with 0 if it is healthy, 1 if not, 2 if it can't be "
    "read or too little was recorded to judge. Of several runs below LOGDIR each is printed; "
    "2 if one can't be judged, 0 only if all are healthy. Needs no TensorFlow, unless a run "
    "was cut off before its first verdicts: then it is judged now."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `check`."""
    parser.add_argument("logdir", metavar="LOGDIR", help="what the Scope was given as logdir")


def run(arguments: argparse.Namespace) -> int:
    """0 where every run is healthy, 1 where one is not, 2 where one can't be judged.

    Raises RunError where there is no run, or, once the others are printed, where one can't be
    read.
    """
    from gradscope.cli.runs import complain, open_all, report_of

    runs, complaints = open_all(arguments.logdir)
    reports = [report_of(run) for run in runs]
    several = len(runs) + len(complaints) > 1
    for report in reports:
        print(f"{report.logdir}: {report}" if several else report)
    complain(complaints)
    # silence is no health: a gate must not pass a run of which too little was seen
    if not all(report.judged for report in reports):
        return UNJUDGED
    return HEALTHY if all(report.healthy for report in reports) else UNHEALTHY
