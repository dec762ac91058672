"""The table of the injected programs, as the package's docstring has it."""

from benchmarks.verdicts import injected

COLUMNS = 6
"""Of the table of sick programs: name, accepted causes, net, task, two pairs of scores."""


def injected_causes() -> dict[str, str]:
    """Program -> the cause that was injected, the first of those that are accepted."""
    rows = [line.split("|") for line in (injected.__doc__ or "").splitlines()]
    cells = [[cell.strip() for cell in row] for row in rows if len(row) == COLUMNS]
    return {cell[0]: cell[1].split()[0] for cell in cells if cell[0] != "program"}
