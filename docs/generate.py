"""Writes docs/statistics.md and docs/causes.md from their catalogues; `make docs` runs it."""

from pathlib import Path

from gradscope.catalog import STATISTICS, Per, Statistic
from gradscope.causes import CAUSES, Cause, Family

DOCS = Path(__file__).parent

HEAD = """\
<!-- Generated from gradscope/catalog.py by `make docs`; change it there. -->

# Statistics

What gradscope records. Norm means L2. A *unit* is one index of a layer output's last axis: a
channel, a neuron. NaN means that there is nothing to measure, never that something went wrong
in gradscope.
"""

SECTIONS: dict[Per, str] = {
    "variable": "Per trainable variable, named by `Variable.path`",
    "layer": "Per layer output, named by layer path",
    "class": "Per class of the labels, named by its number",
    "step": "Per step",
}

CAUSES_HEAD = """\
<!-- Generated from gradscope/causes.py by `make docs`; change it there. -->

# Causes

What a verdict can name. Each page says what it means, how it is decided, what it is confused with
and what to do; `gradscope explain CAUSE` prints it in the terminal. How often they are right is
[measured](accuracy.md).

A healthy run is said to have none of one cause fewer: `loss-plateau` is what remains to be said of
a run that has none of the others and yet does not learn.
"""

FAMILIES: dict[Family, str] = {
    "flow": "Flow: activations and gradients on their way through the net",
    "objective": "Objective: what is minimized",
    "data": "Data: inputs and labels",
    "step size": "Step size: learning rate, clipping, precision",
    "fit": "Fit: what becomes of the loss",
}


def causes_page() -> str:
    """The text of docs/causes.md: one table for each family."""
    parts = [CAUSES_HEAD]
    for family, title in FAMILIES.items():
        rows = [_cause_row(cause) for cause in CAUSES if cause.family == family]
        parts.append(
            "\n".join(
                [
                    f"## {title}\n",
                    "| cause | meaning | can bring about |",
                    "|---|---|---|",
                    *rows,
                    "",
                ]
            )
        )
    return "\n".join(parts)


def _cause_row(cause: Cause) -> str:
    """One line of a table; the name links to the page of the cause."""
    effects = ", ".join(f"`{slug}`" for slug in cause.explains)
    return f"| [{cause.slug}](causes/{cause.slug}.md) | {cause.meaning} | {effects} |"


def statistics_page() -> str:
    """The text of docs/statistics.md: one table for each kind of statistic."""
    parts = [HEAD]
    for per, title in SECTIONS.items():
        rows = [_row(statistic) for statistic in STATISTICS if statistic.per == per]
        parts.append(
            "\n".join([f"## {title}\n", "| name | formula | unit | source |", "|---|---|---|---|"])
            + "\n"
            + "\n".join(rows)
            + "\n"
        )
    return "\n".join(parts)


def _row(statistic: Statistic) -> str:
    """One line of a table; the name links to the code that computes it."""
    cells = [
        f"[`{statistic.name}`](../gradscope/probes/{statistic.probe}.py)",
        statistic.formula,
        statistic.unit,
        statistic.source,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    (DOCS / "statistics.md").write_text(statistics_page(), encoding="utf-8")
    (DOCS / "causes.md").write_text(causes_page(), encoding="utf-8")
