"""`gradscope check LOGDIR`: a run's health as an exit code, for scripts and CI."""

import argparse

from gradscope.errors import RunError

HEALTHY = 0
UNHEALTHY = 1

NAME = "check"
HELP = "exit 0 if a run is healthy, 1 if not, 2 if it can't be read"
DESCRIPTION = (
    "Prints the verdicts on a run and exits with 0 if it is healthy, 1 if not, "
    "2 if it can't be read or nothing was recorded. With several runs below LOGDIR, all must "
    "be healthy. Needs no TensorFlow."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `check`."""
    parser.add_argument("logdir", metavar="LOGDIR", help="what the Scope was given as logdir")


def run(arguments: argparse.Namespace) -> int:
    """0 where every run is healthy, 1 where one is not.

    Raises RunError where there is no run, one can't be read, or one holds no step.
    """
    from gradscope.cli.runs import open_all, report_of

    reports = [report_of(each) for each in open_all(arguments.logdir)]
    for report in reports:
        if not report.steps:
            # silence is no health: a gate must not pass a run that was never seen
            raise RunError(
                f"no step was recorded in {report.logdir!r}, so there is nothing to check. "
                "Call the step that @scope.step returns, and leave `with scope:` before checking."
            )
    for report in reports:
        print(f"{report.logdir}: {report}" if len(reports) > 1 else report)
    return HEALTHY if all(report.healthy for report in reports) else UNHEALTHY
